// The field that takes a seed, a latent or a whole link.

import { encoded } from "./base64.js";
import { byId } from "./dom.js";
import { faceOfTyping } from "./face.js";
import { inWords } from "./sentence.js";

const text = (face) => face.seed ?? encoded(face.z);

export function wireTyping({ about, store, open }) {
  const input = byId("typed");
  byId("typing").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    try {
      open(faceOfTyping(input.value, about));
      input.value = text(store.state.face);
      objectTo(false, "");
    } catch (error) {
      objectTo(true, inWords(error, "This is neither a seed nor a latent."));
    }
  });
  input.addEventListener("input", () => objectTo(false, ""));

  function objectTo(wrong, sentence) {
    input.setAttribute("aria-invalid", wrong);
    byId("typed-note").textContent = sentence;
  }
  const show = ({ face }) => {
    if (document.activeElement !== input) input.value = text(face);
  };
  store.watch((state, before) => state.face !== before.face && show(state));
  show(store.state);
}
