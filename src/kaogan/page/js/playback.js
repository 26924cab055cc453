// Walking from kept face to kept face, round and round.

import { byId, paint } from "./dom.js";
import { enlarged, save } from "./download.js";
import { latentOf } from "./face.js";
import { slerp } from "./latent.js";
import { canRecord, record } from "./recorder.js";
import { inWords } from "./sentence.js";
import { say } from "./status.js";

const FRAMES_A_SECOND = 24;
const VIDEO_SIZE = 512;

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
  #recording = null; // an AbortController, while a video is made

  constructor(page) {
    this.#page = page;
    byId("play").addEventListener("click", () => this.toggle());
    byId("position").addEventListener("input", () => this.#showPosition());
    byId("video").addEventListener("click", () => this.#saveVideo());
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
    if (picture) paint(byId("screen"), picture);
  }

  async #saveVideo() {
    if (this.#recording) {
      this.#recording.abort();
      return;
    }
    if (!canRecord()) {
      say("This browser cannot record a video; the contact sheet works.");
      return;
    }
    this.#recording = new AbortController();
    byId("video").querySelector("span").textContent = "Cancel";
    try {
      await this.#makeVideo(this.#recording.signal);
    } catch (error) {
      say(inWords(error, "The video could not be recorded."));
    }
    this.#recording = null;
    byId("video").querySelector("span").textContent = "Save as video";
  }

  /** Draw every picture first, and record then: a slow machine makes no slow video. */
  async #makeVideo(signal) {
    const latents = this.#latents;
    const count = Math.round(this.#seconds * FRAMES_A_SECOND);
    say(`Drawing ${count} pictures for the video …`);
    const jobs = Array.from({ length: count }, (_, i) => this.#page.artist.later(along(latents, i / count), signal));
    const pictures = await Promise.all(jobs);
    if (signal.aborted) return;
    say(`Recording for ${Math.round(count / FRAMES_A_SECOND)} seconds …`);
    const frames = pictures.map((picture) => () => enlarged(picture, VIDEO_SIZE, byId("crisp").checked));
    const { blob, suffix } = await record(frames, VIDEO_SIZE, FRAMES_A_SECOND, signal);
    if (signal.aborted) return;
    save(blob, `faces.${suffix}`);
    say("The video is saved.");
  }
}
