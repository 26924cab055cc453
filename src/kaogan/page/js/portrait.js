// One face, large, with what can be done to it.

import { byId, el, paint } from "./dom.js";
import { canShare, png, save, share } from "./download.js";
import { enlarged, LARGE } from "./enlarge.js";
import { called, faceOfSeed, inputOf, LARGEST_SEED, randomFace, unmoved } from "./face.js";
import { showKept, toggleKept } from "./favourites.js";
import { copyLink } from "./link.js";
import { remember, remembered } from "./preferences.js";
import { dressedAs, wirePresets } from "./presets.js";
import { Sliders } from "./sliders.js";
import { say } from "./status.js";
import { wireWishes } from "./wishes.js";

const SIZES = [1, 4, 8];

export class Portrait {
  #page;
  #sliders;
  #picture = null;
  #original = null; // {face, picture}: what somebody dropped, and the face found for it

  constructor(page) {
    this.#page = page;
    wireWishes(page);
    wirePresets(page);
    this.#sliders = new Sliders(byId("sliders"), page);
    this.#wireButtons();
    this.#wireSaving();
    page.store.watch((state, before) => {
      if (state.face !== before.face) this.#show(state);
      if (state.kept !== before.kept) showKept(byId("keep"), state.face, state.kept);
    });
    this.#show(page.store.state);
  }

  /** Show a picture beside the face that was found for it, until another face is opened. */
  accompany(face, picture) {
    this.#original = { face, picture };
    this.#showOriginal(this.#page.store.state.face);
  }

  /** Another face, with the attributes and wishes that were chosen. */
  another() {
    const { face } = this.#page.store.state;
    this.#page.open(dressedAs(face, { ...randomFace(face.wishes), truncation: face.truncation }, this.#page.about));
  }

  /** The face of the seed `step` further; a face without a seed has no neighbours. */
  neighbour(step) {
    const { face } = this.#page.store.state;
    if (!face.seed) return;
    const seed = BigInt(face.seed) + BigInt(step);
    if (seed >= 0n && seed <= LARGEST_SEED) this.#page.open(faceOfSeed(seed, face.truncation, face.wishes));
  }

  async download() {
    await this.#withFile(save);
    say("The picture is saved.");
  }

  async #withFile(then) {
    if (!this.#picture) return;
    const size = Number(byId("size").value);
    const { seed } = this.#page.store.state.face;
    await then(await png(this.#picture, size), `face-${seed ?? "latent"}-${size}.png`);
  }

  #wireButtons() {
    const { about, store, addToMix } = this.#page;
    byId("another").addEventListener("click", () => this.another());
    byId("keep").addEventListener("click", () => toggleKept(store.state.face, store));
    byId("reset").addEventListener("click", () => store.change({ face: unmoved(store.state.face), view: "face" }));
    byId("link").addEventListener("click", () => copyLink(store.state.face));
    byId("to-mix").addEventListener("click", () => addToMix(store.state.face));
    byId("download").addEventListener("click", () => this.download());
    byId("share").addEventListener("click", () => this.#withFile(share));
    byId("share").hidden = !canShare();
    byId("save-group").open = matchMedia("(min-width: 761px)").matches; // a phone shows the wall instead
  }

  #wireSaving() {
    const { size } = this.#page.about.picture;
    byId("size").append(...SIZES.map((times) => el("option", { value: times * size, selected: times === 8 }, `${times}× (${times * size} px)`)));
    const crisp = byId("crisp");
    crisp.checked = remembered("crisp", "no") === "yes";
    const apply = () => document.documentElement.classList.toggle("crisp", crisp.checked);
    crisp.addEventListener("change", () => {
      remember("crisp", crisp.checked ? "yes" : "no");
      apply();
      this.#paint();
    });
    apply();
  }

  async #show({ face, kept }) {
    this.#sliders.show(face);
    const name = called(face);
    byId("face-name").textContent = name[0].toUpperCase() + name.slice(1);
    byId("portrait").setAttribute("aria-label", `The face of ${name}`);
    showKept(byId("keep"), face, kept);
    this.#showOriginal(face);
    const picture = await this.#page.artist.now("face", inputOf(face, this.#page.about)).catch(this.#page.broken);
    if (!picture) return;
    this.#picture = picture;
    this.#paint();
  }

  #paint() {
    if (this.#picture) paint(byId("portrait"), enlarged(this.#picture, LARGE * this.#picture.width));
  }

  #showOriginal(face) {
    const shown = this.#original !== null && face.z === this.#original.face.z;
    byId("original").hidden = !shown;
    if (shown) paint(byId("original").querySelector("canvas"), this.#original.picture);
  }
}
