// Films of one face: along a direction, or from the seed's face to what was made of it, and back.

import { byId, el } from "./dom.js";
import { inputOf, moved, unmoved } from "./face.js";
import { wireFilms } from "./film.js";
import { blended, combined } from "./latent.js";
import { RATE } from "./recorder.js";
import { labelOf } from "./sliders.js";

const SECONDS = 4;
const END = 3; // how far along a direction
const CHANGES = "";

export function wireSweeps(page) {
  const { about, store } = page;
  const choice = byId("film-of");
  choice.append(
    el("option", { value: CHANGES }, "all changes"),
    ...about.directions.map((direction) => el("option", { value: direction.name }, labelOf(direction, about))),
  );

  let chosen = false; // by a person
  choice.addEventListener("change", () => {
    chosen = true;
  });

  function ends() {
    const { face } = store.state;
    const faces = choice.value === CHANGES ? [unmoved(face), face] : [-END, END].map((amount) => moved(face, choice.value, amount));
    return faces.map((one) => inputOf(one, about));
  }

  function frames() {
    const [from, to] = ends();
    const there = (i) => (1 - Math.cos((2 * Math.PI * i) / (SECONDS * RATE))) / 2;
    return Array.from({ length: SECONDS * RATE }, (_, i) => {
      const weights = [1 - there(i), there(i)];
      return blended([from, to], (latents) => combined(latents, weights), weights);
    });
  }

  wireFilms(["film-video", "film-gif"], page, frames, () => `face-${store.state.face.seed ?? "latent"}`);

  function show({ face }) {
    const [changes, first = changes] = choice.options;
    changes.disabled = !Object.keys(face.moves).length && face.truncation === 1; // nothing would be seen
    if (!chosen || (changes.disabled && choice.value === CHANGES)) choice.value = (changes.disabled ? first : changes).value;
  }
  store.watch((state, before) => state.face !== before.face && show(state));
  show(store.state);
}
