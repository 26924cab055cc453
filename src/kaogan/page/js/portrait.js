// One face, large, with what can be done to it.

import { encoded } from "./base64.js";
import { byId, el, paint } from "./dom.js";
import { enlarged, savePng } from "./download.js";
import { called, faceOfSeed, latentOf, LARGEST_SEED, unmoved } from "./face.js";
import { isKept, toggled } from "./favourites.js";
import { remember, remembered } from "./preferences.js";
import { Sliders } from "./sliders.js";
import { say } from "./status.js";
import { wireTyping } from "./typing.js";

const SIZES = [1, 4, 8, 16];

export class Portrait {
  #page;
  #sliders;
  #picture = null;
  #original = null; // {face, picture}: what somebody dropped, and the face found for it

  constructor(page) {
    this.#page = page;
    this.#sliders = new Sliders(byId("sliders"), page);
    wireTyping("face-typing", "face-typed", page);
    this.#wireButtons();
    this.#wireDownload();
    page.store.watch((state, before) => {
      if (state.face !== before.face || state.view !== before.view) this.#show(state);
      if (state.kept !== before.kept) this.#showKept(state);
    });
    this.#show(page.store.state);
  }

  /** Show the picture that a face was found for beside it, until another face is opened. */
  accompany(face, picture) {
    this.#original = { face, picture };
    this.#showOriginal(this.#page.store.state.face);
  }

  /** The face of the seed `step` further; a face without a seed has no neighbours. */
  neighbour(step) {
    const { face } = this.#page.store.state;
    if (!face?.seed) return;
    const seed = BigInt(face.seed) + BigInt(step);
    if (seed >= 0n && seed <= LARGEST_SEED) this.#page.open(faceOfSeed(seed, face.truncation));
  }

  async download() {
    const { face } = this.#page.store.state;
    if (!this.#picture) return;
    const size = Number(byId("size").value);
    await savePng(enlarged(this.#picture, size, byId("crisp").checked), `face-${face.seed ?? "latent"}-${size}`);
    say("The picture is saved.");
  }

  #wireButtons() {
    const { store } = this.#page;
    byId("previous").addEventListener("click", () => this.neighbour(-1));
    byId("next").addEventListener("click", () => this.neighbour(1));
    byId("keep").addEventListener("click", () => store.change({ kept: toggled(store.state.face, store.state.kept) }));
    byId("reset").addEventListener("click", () => store.change({ face: unmoved(store.state.face) }));
    byId("link").addEventListener("click", () => copyLink());
    byId("to-mix").addEventListener("click", () => this.#page.addToMix(store.state.face));
    byId("download").addEventListener("click", () => this.download());
  }

  #wireDownload() {
    const { size } = this.#page.about.picture;
    byId("size").append(...SIZES.map((times) => el("option", { value: times * size, selected: times === 8 }, `${times * size} px`)));
    const crisp = byId("crisp");
    crisp.checked = remembered("crisp", "no") === "yes";
    const apply = () => document.documentElement.classList.toggle("crisp", crisp.checked);
    crisp.addEventListener("change", () => {
      remember("crisp", crisp.checked ? "yes" : "no");
      apply();
    });
    apply();
  }

  async #show({ face, view, kept }) {
    if (!face || view !== "face") return;
    this.#sliders.show(face);
    this.#describe(face);
    this.#showKept({ face, kept });
    this.#showOriginal(face);
    const picture = await this.#page.artist.now("face", latentOf(face, this.#page.about)).catch(this.#page.broken);
    if (!picture) return;
    this.#picture = picture;
    paint(byId("portrait"), picture);
  }

  #describe(face) {
    const name = called(face);
    byId("face-name").textContent = name[0].toUpperCase() + name.slice(1);
    byId("portrait").setAttribute("aria-label", `The face of ${name}`);
    if (document.activeElement !== byId("face-typed")) byId("face-typed").value = face.seed ?? encoded(face.z);
    byId("previous").disabled = !face.seed || face.seed === "0";
    byId("next").disabled = !face.seed || face.seed === String(LARGEST_SEED);
  }

  #showKept({ face, kept }) {
    if (!face) return;
    const pressed = isKept(face, kept);
    byId("keep").setAttribute("aria-pressed", pressed);
    byId("keep").querySelector("span").textContent = pressed ? "Kept" : "Keep";
  }

  #showOriginal(face) {
    const shown = this.#original !== null && face?.z === this.#original.face.z;
    byId("original").hidden = !shown;
    if (shown) paint(byId("original").querySelector("canvas"), this.#original.picture);
  }
}

async function copyLink() {
  // The address follows a moment later while a slider moves; give it that moment.
  await new Promise((resolve) => setTimeout(resolve, 350));
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied: it gives this very face.");
  } catch {
    say("This browser does not let the page copy; the address above is the link.");
  }
}
