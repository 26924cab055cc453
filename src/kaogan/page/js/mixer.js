// Two to four faces at the corners of a square, and every blend between them.

import { byId, el, icon, paint } from "./dom.js";
import { enlarged, LARGE } from "./enlarge.js";
import { called, faceOfLatent, inputOf, latentOf, randomFace } from "./face.js";
import { showKept, toggleKept } from "./favourites.js";
import { common, labelsOf } from "./labels.js";
import { cornerWeights, mixed } from "./latent.js";
import { say } from "./status.js";

const PLACES = ["top left", "top right", "bottom left", "bottom right"];
const MESH = 5; // pictures along one side of the square
const clamped = (value) => Math.min(1, Math.max(0, value));

export class Mixer {
  #page;
  #pad = byId("pad");
  #next = 0; // the corner of the next face that is added
  #stale = true; // whether the square shows other corners than there are

  constructor(page) {
    this.#page = page;
    this.#build();
    this.#wirePad();
    this.#wireButtons();
    page.store.watch((state, before) => {
      if (state.corners !== before.corners) this.#stale = true;
      if (state.view === "mix") this.#show(state, before);
    });
    if (page.store.state.view === "mix") this.#show(page.store.state, {});
  }

  /** Put a face into an empty corner, or one corner after the other. */
  add(face) {
    const empty = this.#page.store.state.corners.indexOf(null);
    const corner = empty < 0 ? this.#next : empty;
    this.#next = (corner + 1) % PLACES.length;
    this.#setCorner(corner, face);
    say(`Added to the mix, ${PLACES[corner]}.`);
  }

  /** The face under the dot, or null while there are fewer than two corners. */
  mixture({ corners, at } = this.#page.store.state) {
    const faces = corners.filter(Boolean);
    return faces.length < 2 ? null : faceOfLatent(this.#latentAt(corners, ...at), wishesOf(corners));
  }

  #latentAt(corners, x, y) {
    const weights = cornerWeights(x, y, corners.map(Boolean));
    const present = [0, 1, 2, 3].filter((corner) => corners[corner]);
    return mixed(present.map((corner) => latentOf(corners[corner], this.#page.about)), present.map((corner) => weights[corner]));
  }

  #build() {
    byId("corners").append(...PLACES.map((place, corner) => this.#corner(place, corner)));
  }

  #corner(place, corner) {
    const buttons = [
      el("button", { class: "icon", title: "Another face", "aria-label": `Another face, ${place}`, onclick: () => this.#setCorner(corner, randomFace()) }, icon("dice")),
      el("button", { class: "icon", title: "A kept face", "aria-label": `A kept face, ${place}`, onclick: () => this.#fromKept(corner) }, icon("heart")),
      el("button", { class: "icon clear", title: "Empty", "aria-label": `Empty the corner, ${place}`, onclick: () => this.#clear(corner) }, icon("close")),
    ];
    return el("div", { class: "corner", "data-corner": corner }, el("canvas", { role: "img" }), el("div", { class: "corner-tools" }, buttons));
  }

  #setCorner(corner, face) {
    const corners = this.#page.store.state.corners.map((one, i) => (i === corner ? face : one));
    this.#page.store.change({ corners });
  }

  #clear(corner) {
    if (this.#page.store.state.corners.filter(Boolean).length > 2) this.#setCorner(corner, null);
    else say("A mix needs two faces.");
  }

  /** The kept face after the one that is there. */
  #fromKept(corner) {
    const { kept, corners } = this.#page.store.state;
    if (!kept.length) say("Nothing is kept yet: keep a face with the heart, then put it here.");
    else this.#setCorner(corner, kept[(kept.indexOf(corners[corner]) + 1) % kept.length]);
  }

  #wirePad() {
    const { store } = this.#page;
    const point = (event) => {
      const box = this.#pad.getBoundingClientRect();
      return [clamped((event.clientX - box.left) / box.width), clamped((event.clientY - box.top) / box.height)];
    };
    this.#pad.addEventListener("pointerdown", (event) => {
      this.#pad.setPointerCapture(event.pointerId);
      store.preview({ at: point(event) });
    });
    this.#pad.addEventListener("pointermove", (event) => {
      if (this.#pad.hasPointerCapture(event.pointerId)) store.preview({ at: point(event) });
    });
    for (const end of ["pointerup", "pointercancel"]) this.#pad.addEventListener(end, () => store.change({ at: store.state.at }));
    for (const [id, axis] of [["mix-x", 0], ["mix-y", 1]]) {
      const at = () => store.state.at.map((value, i) => (i === axis ? Number(byId(id).value) : value));
      byId(id).addEventListener("input", () => store.preview({ at: at() }));
      byId(id).addEventListener("change", () => store.change({ at: at() }));
    }
  }

  #wireButtons() {
    const { store, open } = this.#page;
    byId("mix-open").addEventListener("click", () => open(this.mixture()));
    byId("mix-keep").addEventListener("click", () => toggleKept(this.mixture(), store));
    byId("mix-random").addEventListener("click", () => store.change({ corners: [0, 1, 2, 3].map(randomFace) }));
  }

  #show(state, before) {
    const [x, y] = state.at;
    const dot = this.#pad.querySelector(".dot");
    dot.style.left = `${100 * x}%`;
    dot.style.top = `${100 * y}%`;
    byId("mix-x").value = x;
    byId("mix-y").value = y;
    if (this.#stale) this.#showCorners(state.corners);
    if (state.at !== before.at || this.#stale || before.view !== "mix") this.#showMixture(state);
    else if (state.kept !== before.kept) showKept(byId("mix-keep"), this.mixture(state), state.kept);
    this.#stale = false;
  }

  async #showMixture(state) {
    const face = this.mixture(state);
    if (!face) return;
    showKept(byId("mix-keep"), face, state.kept);
    const picture = await this.#page.artist.now("mix", inputOf(face, this.#page.about)).catch(this.#page.broken);
    if (picture) paint(byId("mixture"), enlarged(picture, LARGE * picture.width));
  }

  #showCorners(corners) {
    corners.forEach((face, corner) => {
      const place = document.querySelector(`[data-corner="${corner}"]`);
      const canvas = place.querySelector("canvas");
      place.classList.toggle("empty", !face);
      place.querySelector(".clear").hidden = !face;
      canvas.setAttribute("aria-label", face ? `${PLACES[corner]}: ${called(face)}` : `${PLACES[corner]}: empty`);
      if (face) this.#draw(inputOf(face, this.#page.about), (picture) => paint(canvas, picture));
      else canvas.width = canvas.height = 1;
    });
    this.#drawMesh(corners);
  }

  /** The square itself: a coarse mesh of blends, so that one sees where the dot could go. */
  #drawMesh(corners) {
    const canvas = this.#pad.querySelector("canvas");
    const { size } = this.#page.about.picture;
    const labels = labelsOf(wishesOf(corners), this.#page.about);
    canvas.width = canvas.height = MESH * size;
    const context = canvas.getContext("2d");
    for (let i = 0; i < MESH * MESH; i++) {
      const [column, row] = [i % MESH, Math.floor(i / MESH)];
      const z = this.#latentAt(corners, column / (MESH - 1), row / (MESH - 1));
      const current = () => this.#page.store.state.corners === corners;
      this.#draw({ z, labels }, (picture) => current() && context.putImageData(picture, column * size, row * size));
    }
  }

  async #draw(input, then) {
    const picture = await this.#page.artist.later(input).catch(this.#page.broken);
    if (picture) then(picture);
  }
}

/** What is wished for between the corners: what all of them have in common. */
function wishesOf(corners) {
  const wishes = corners.filter(Boolean).map((face) => face.wishes);
  return wishes.length ? common(wishes) : {};
}
