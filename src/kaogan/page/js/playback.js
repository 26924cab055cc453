// Walking from kept face to kept face, round and round.

import { byId, paint } from "./dom.js";
import { enlarged, LARGE } from "./enlarge.js";
import { latentOf } from "./face.js";
import { wireFilms } from "./film.js";
import { slerp } from "./latent.js";
import { RATE } from "./recorder.js";

/** The latent at t in [0, 1] of a closed way through latents: at 0 and 1 the first of them. */
export function along(latents, t) {
  const place = (t * latents.length) % latents.length;
  const leg = Math.floor(place);
  return slerp(latents[leg], latents[(leg + 1) % latents.length], place - leg);
}

export class Player {
  #page;
  #latents = [];
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
    this.#latents = kept.map((face) => latentOf(face, this.#page.about));
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
    return this.#latents.length * Number(byId("pace").value);
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
    if (this.#latents.length < 2) return;
    const z = along(this.#latents, Number(byId("position").value));
    const picture = await this.#page.artist.now("player", z).catch(this.#page.broken);
    if (picture) paint(byId("screen"), enlarged(picture, LARGE * picture.width));
  }

  #frames() {
    const count = Math.round(this.#seconds * RATE);
    return Array.from({ length: count }, (_, i) => along(this.#latents, i / count));
  }
}
