// The kept faces.

import { byId, el, icon, paint } from "./dom.js";
import { save, sheet } from "./download.js";
import { called, inputOf, textOf } from "./face.js";
import { store as keep, toggleKept } from "./favourites.js";
import { say } from "./status.js";

const SHEET_TILE = 128; // pixels of a face on the contact sheet, at least

export class Shelf {
  #page;
  #warned = false;

  constructor(page) {
    this.#page = page;
    page.store.watch((state, before) => {
      if (state.kept !== before.kept) this.#changed(state.kept);
    });
    byId("sheet").addEventListener("click", () => this.#saveSheet());
    this.#show(page.store.state.kept);
  }

  #changed(kept) {
    if (!keep(kept, this.#page.about) && !this.#warned) {
      this.#warned = true;
      say("This browser stores nothing for this page: kept faces last until it is closed.");
    }
    this.#show(kept);
  }

  #show(kept) {
    byId("kept-count").hidden = !kept.length;
    byId("kept-count").textContent = kept.length;
    byId("kept-count").setAttribute("aria-label", `${kept.length} faces`);
    byId("kept-tools").hidden = !kept.length;
    byId("kept-note").textContent = noteOn(kept.length);
    const old = new Map([...byId("shelf").children].map((item) => [item.dataset.face, item]));
    byId("shelf").replaceChildren(...kept.map((face) => old.get(textOf(face)) ?? this.#item(face)));
  }

  #item(face) {
    const canvas = el("canvas", { width: 1, height: 1 });
    this.#draw(face).then((picture) => picture && paint(canvas, picture));
    const open = el("button", { class: "tile", "aria-label": `Open ${called(face)}`, onclick: () => this.#page.open(face) }, canvas);
    const remove = el("button", { class: "icon remove", "aria-label": `Let ${called(face)} go`, title: "Let it go", onclick: () => this.#remove(face) }, icon("close"));
    return el("div", { class: "kept-face", "data-face": textOf(face) }, open, remove);
  }

  #remove(face) {
    toggleKept(face, this.#page.store);
    (byId("shelf").querySelector(".tile") ?? document.querySelector('[data-view="kept"]')).focus();
  }

  #draw(face) {
    return this.#page.artist.later(inputOf(face, this.#page.about)).catch(this.#page.broken);
  }

  async #saveSheet() {
    const pictures = await Promise.all(this.#page.store.state.kept.map((face) => this.#draw(face)));
    if (!pictures.every(Boolean)) return;
    const { size } = this.#page.about.picture;
    const tile = Math.ceil(SHEET_TILE / size) * size;
    save(await sheet(pictures, tile).convertToBlob(), "faces.png");
    say("The contact sheet is saved.");
  }
}

function noteOn(count) {
  if (!count) return "Nothing yet. The heart beside a face keeps it here, in this browser.";
  if (count === 1) return "One face. With two or more you can walk from one to the next.";
  return "They stay in this browser. Undo brings back what you let go.";
}
