// A picture from outside: the encoder finds its nearest face. It is read here and sent nowhere.

import { byId } from "./dom.js";
import { faceOfLatent } from "./face.js";
import { loadEncoder } from "./model.js";
import { inWords, Sentence } from "./sentence.js";
import { say } from "./status.js";

const PROMISE = "To find a picture’s nearest face, drop it here or choose it. It never leaves your browser.";
const WITHOUT = "This generator came without an encoder, so it cannot look for the face of a picture.";

/** `found(face, picture)` is called with the nearest face and the picture as the encoder saw it. */
export function wireDrop(about, found) {
  const has = Boolean(about.files.encoder);
  byId("find").hidden = !has;
  byId("find-note").textContent = has ? PROMISE : WITHOUT;
  const look = (file) => lookFor(file, about, found);
  byId("find").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files.length) look(target.files[0]);
    target.value = ""; // so that the same file can be chosen again
  });
  addEventListener("dragover", (event) => {
    event.preventDefault(); // or the browser would leave the page for the picture
    byId("dropping").hidden = !has || !event.dataTransfer.types.includes("Files");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("dropping").hidden = true;
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    byId("dropping").hidden = true;
    const [file] = event.dataTransfer.files;
    if (file && has) look(file);
    else if (file) say(WITHOUT);
  });
}

let encoder;

async function lookFor(file, about, found) {
  try {
    say("Looking for the nearest face …");
    const picture = await pictureOf(file, about.picture.size);
    encoder ??= loadEncoder(about);
    const z = await (await encoder)(picture);
    found(faceOfLatent(z), picture);
    say("This is the nearest face that the generator can draw. Your picture stayed in this browser.");
  } catch (error) {
    say(inWords(error, "No face could be found for this picture."));
  }
}

/** The middle of a picture file, square, at the generator's size. Throws a Sentence if it is none. */
async function pictureOf(file, size) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Sentence(`“${file.name}” is not a picture that this browser can read.`);
  }
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, size, size);
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, size, size);
  bitmap.close();
  return context.getImageData(0, 0, size, size);
}
