// Kept faces, in this browser's storage, as the texts that addresses hold.

import { faceOfText, textOf } from "./face.js";

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

export const isKept = (face, faces) => faces.some((one) => textOf(one) === textOf(face));

/** With the face if it was not among them, and without if it was. */
export function toggled(face, faces) {
  return isKept(face, faces) ? faces.filter((one) => textOf(one) !== textOf(face)) : [...faces, face];
}

function readable(text, about) {
  try {
    return [faceOfText(text, about)];
  } catch {
    return [];
  }
}
