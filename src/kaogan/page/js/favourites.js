// Kept faces, in this browser's storage, as the texts that addresses hold.

import { faceOfText, textOf } from "./face.js";
import { say } from "./status.js";

const keyOf = (about) => `kaogan: kept faces of ${about.title}, ${about.latent_dim}`;

/** The faces kept on an earlier visit; none where there is no storage or it holds something else. */
export function kept(about) {
  try {
    const texts = JSON.parse(localStorage.getItem(keyOf(about)) ?? "[]");
    return texts.flatMap((text) => readable(text, about));
  } catch {
    return [];
  }
}

/** Whether they could be stored. */
export function store(faces, about) {
  try {
    localStorage.setItem(keyOf(about), JSON.stringify(faces.map(textOf)));
    return true;
  } catch {
    return false;
  }
}

const isKept = (face, faces) => faces.some((one) => textOf(one) === textOf(face));

/** Keep the face, or let it go if it was kept; it is said which. */
export function toggleKept(face, store) {
  const { kept } = store.state;
  const was = isKept(face, kept);
  say(was ? "Let go. Undo (z) brings it back." : "Kept: it is now under “Kept”, in this browser.");
  store.change({ kept: was ? kept.filter((one) => textOf(one) !== textOf(face)) : [...kept, face] });
}

/** A heart that is full while the face is kept. */
export function showKept(button, face, kept) {
  const is = isKept(face, kept);
  button.setAttribute("aria-pressed", is);
  button.querySelector("span").textContent = is ? "Kept" : "Keep";
}

function readable(text, about) {
  try {
    return [faceOfText(text, about)];
  } catch {
    return [];
  }
}
