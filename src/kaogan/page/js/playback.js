// Walking from kept face to kept face, round and round.

import { byId, paint } from "./dom.js";
import { enlarged, LARGE } from "./enlarge.js";
import { inputOf } from "./face.js";
import { wireFilms } from "./film.js";
import { blended, slerp } from "./latent.js";
import { RATE } from "./recorder.js";

/** The input at t in [0, 1] of a closed way through inputs ({z, labels}): at 0 and 1 the first of them. */
export function along(inputs, t) {
  const place = (t * inputs.length) % inputs.length;
  const leg = Math.floor(place);
  const share = place - leg;
  return blended([inputs[leg], inputs[(leg + 1) % inputs.length]], ([a, b]) => slerp(a, b, share), [1 - share, share]);
}

export class Player {
  #page;
  #inputs = [];
  #playing = false;

  constructor(page) {
    this.#page = page;
    byId("play").addEventListener("click", () => this.toggle());
    byId("position").addEventListener("input", () => this.#showPosition());
    wireFilms(["walk-video", "walk-gif"], page, () => this.#frames(), () => "faces");
    page.store.watch((state, before) => {
      if (state.kept !== before.kept) this.#take(state.kept);
      if (state.view !== before.view) this.#enter(state.view);
    });
    this.#take(page.store.state.kept);
  }

  toggle() {
    this.#setPlaying(!this.#playing);
    if (this.#playing) this.#play();
  }

  #take(kept) {
    this.#inputs = kept.map((face) => inputOf(face, this.#page.about));
    byId("player").hidden = kept.length < 2;
    if (kept.length < 2) this.#setPlaying(false);
    if (this.#page.store.state.view === "kept") this.#showPosition();
  }

  #enter(view) {
    if (view === "kept") this.#showPosition();
    else this.#setPlaying(false);
  }

  #setPlaying(playing) {
    this.#playing = playing;
    byId("play").setAttribute("aria-pressed", playing);
    byId("play").querySelector("span").textContent = playing ? "Pause" : "Play";
  }

  get #seconds() {
    return this.#inputs.length * Number(byId("pace").value);
  }

  async #play() {
    let before = performance.now();
    while (this.#playing) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      const t = Number(byId("position").value) + (now - before) / 1000 / this.#seconds;
      before = now;
      byId("position").value = t % 1;
      await this.#showPosition();
    }
  }

  async #showPosition() {
    if (this.#inputs.length < 2) return;
    const input = along(this.#inputs, Number(byId("position").value));
    const picture = await this.#page.artist.now("player", input).catch(this.#page.broken);
    if (picture) paint(byId("screen"), enlarged(picture, LARGE * picture.width));
  }

  #frames() {
    const count = Math.round(this.#seconds * RATE);
    return Array.from({ length: count }, (_, i) => along(this.#inputs, i / count));
  }
}
