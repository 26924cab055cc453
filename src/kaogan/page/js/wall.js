// The wall: one face a seed, for as long as somebody scrolls. Faces are drawn when they come near the
// window and given up when they are far away, so that a long wall costs no more than a short one.

import { byId, el, paint } from "./dom.js";
import { faceOfSeed, inputOf, LARGEST_SEED, TRUNCATION } from "./face.js";

const PAGE = 48;
const NEAR = "900px 0px";
const FAR = "4000px 0px";
const END = "1200px 0px";

export class Wall {
  #page;
  #root = byId("tiles");
  #drawing = new Map(); // tile -> AbortController, of tiles that are near
  #near = new IntersectionObserver((entries) => this.#arrive(entries), { rootMargin: NEAR });
  #end = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && this.#grow(), { rootMargin: END });
  #far = new IntersectionObserver((entries) => this.#leave(entries), { rootMargin: FAR });

  /** `page` is what all parts share: store, artist, about, open. */
  constructor(page) {
    this.#page = page;
    this.#wireTruncation();
    byId("shuffle").addEventListener("click", () => this.shuffle());
    this.#root.addEventListener("click", (event) => this.#open(event.target.closest(".tile")));
    this.#root.addEventListener("keydown", (event) => this.#move(event));
    page.store.watch((state, before) => {
      if (state.wall !== before.wall) this.#restart(state.wall.from !== before.wall.from);
      if (state.kept !== before.kept) this.#markKept();
    });
    this.#restart(true);
  }

  /** A wall of faces nobody has seen: it begins at a random seed. */
  shuffle() {
    const [from] = crypto.getRandomValues(new Uint32Array(1));
    this.#page.store.preview({ view: "wall", wall: { ...this.#page.store.state.wall, from: String(from) } });
  }

  /** The face under the keyboard's focus, if it is on the wall. */
  focused() {
    const tile = document.activeElement?.closest?.("#tiles .tile");
    return tile ? this.#faceOf(tile) : null;
  }

  focus(seed) {
    const tile = this.#root.querySelector(`[data-seed="${seed}"]`) ?? this.#root.firstElementChild;
    this.#rove(tile);
  }

  #wireTruncation() {
    const range = byId("wall-truncation");
    Object.assign(range, { ...TRUNCATION, value: this.#page.store.state.wall.truncation });
    range.addEventListener("change", () => this.#setTruncation(Number(range.value)));
    range.addEventListener("input", () => this.#showTruncation(Number(range.value)));
    range.addEventListener("dblclick", () => this.#setTruncation(1));
  }

  #setTruncation(truncation) {
    this.#page.store.preview({ view: "wall", wall: { ...this.#page.store.state.wall, truncation } });
  }

  #showTruncation(truncation) {
    byId("wall-truncation").value = truncation;
    document.querySelector("output[for=wall-truncation]").value = truncation.toFixed(2);
  }

  #restart(anew) {
    this.#showTruncation(this.#page.store.state.wall.truncation);
    if (anew) {
      for (const tile of this.#root.children) this.#forget(tile);
      this.#root.replaceChildren();
      this.#grow();
    }
    for (const tile of this.#drawing.keys()) this.#draw(tile);
  }

  #grow() {
    const from = BigInt(this.#page.store.state.wall.from) + BigInt(this.#root.childElementCount);
    const tiles = Array.from({ length: PAGE }, (_, i) => from + BigInt(i)).filter((seed) => seed <= LARGEST_SEED).map(toTile);
    this.#root.append(...tiles);
    this.#root.firstElementChild.tabIndex = 0;
    for (const tile of tiles) {
      this.#near.observe(tile);
      this.#far.observe(tile);
    }
    this.#markKept();
    // Observed anew, the end reports again, should it still be near.
    this.#end.unobserve(byId("more"));
    this.#end.observe(byId("more"));
  }

  #faceOf(tile) {
    const { truncation, wishes } = this.#page.store.state.wall;
    return faceOfSeed(tile.dataset.seed, truncation, wishes);
  }

  #arrive(entries) {
    for (const { target, isIntersecting } of entries) {
      const begun = this.#drawing.has(target);
      if (isIntersecting && !begun) this.#draw(target);
      else if (!isIntersecting && begun && !target.firstElementChild.classList.contains("painted")) this.#giveUp(target);
    }
  }

  async #draw(tile) {
    this.#drawing.get(tile)?.abort();
    const controller = new AbortController();
    this.#drawing.set(tile, controller);
    const input = inputOf(this.#faceOf(tile), this.#page.about);
    const picture = await this.#page.artist.later(input, controller.signal, () => distance(tile)).catch(this.#page.broken);
    if (picture && !controller.signal.aborted) paint(tile.firstElementChild, picture);
  }

  #leave(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting || !this.#drawing.has(target)) continue;
      this.#giveUp(target);
      target.firstElementChild.width = target.firstElementChild.height = 1;
      target.firstElementChild.classList.remove("painted");
    }
  }

  #forget(tile) {
    this.#near.unobserve(tile);
    this.#far.unobserve(tile);
    this.#giveUp(tile);
  }

  #giveUp(tile) {
    this.#drawing.get(tile)?.abort();
    this.#drawing.delete(tile);
  }

  #open(tile) {
    if (tile) this.#page.open(this.#faceOf(tile));
  }

  #markKept() {
    const seeds = new Set(this.#page.store.state.kept.map((face) => face.seed));
    for (const tile of this.#root.children) tile.classList.toggle("kept", seeds.has(tile.dataset.seed));
  }

  #move(event) {
    const tiles = [...this.#root.children];
    const here = tiles.indexOf(document.activeElement);
    const columns = getComputedStyle(this.#root).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -here };
    if (here < 0 || !(event.key in steps)) return;
    event.preventDefault();
    this.#rove(tiles[here + steps[event.key]]);
  }

  #rove(tile) {
    if (!tile) return;
    this.#root.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    tile.tabIndex = 0;
    tile.focus();
  }
}

/** How far a tile is from the middle of the window: what is seen is drawn first. */
function distance(tile) {
  const { top, bottom } = tile.getBoundingClientRect();
  return Math.abs(top + bottom - innerHeight);
}

function toTile(seed) {
  const canvas = el("canvas", { width: 1, height: 1 });
  return el("button", { class: "tile", tabindex: -1, "data-seed": seed, "aria-label": `Face of seed ${seed}` }, canvas);
}
