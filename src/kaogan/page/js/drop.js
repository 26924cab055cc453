// A picture from outside: the encoder guesses a face for it, and the guess is improved. The picture is
// read here and sent nowhere.

import { cropped, drawSquare } from "./crop.js";
import { byId } from "./dom.js";
import { faceOfLatent } from "./face.js";
import { labelsOf } from "./labels.js";
import { loadEncoder, toNumbers } from "./model.js";
import { refine } from "./refine.js";
import { inWords, Sentence } from "./sentence.js";
import { say } from "./status.js";

const PROMISE = "Drop a picture of a face on this page, or choose one, to find a face like it. It never leaves your browser.";
const WITHOUT = "This generator came without an encoder, so it cannot look for the face of a picture.";

/** `accompany(face, picture)` shows the picture, as the encoder saw it, beside the face. */
export function wireDrop(page, accompany) {
  const has = Boolean(page.about.files.encoder);
  byId("find").hidden = !has;
  byId("find-note").textContent = has ? PROMISE : WITHOUT;
  const look = (file) => lookFor(file, page, accompany);
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

async function lookFor(file, page, accompany) {
  try {
    const picture = await pictureOf(file, page.about.picture.size);
    if (!picture) return;
    say("Looking for a face like it …");
    encoder ??= loadEncoder(page.about);
    const z = await (await encoder)(picture);
    await improve(z, picture, page, accompany);
  } catch (error) {
    say(inWords(error, "No face could be found for this picture."));
  }
}

/** Show the encoder's guess, and each better face, until somebody opens another. */
async function improve(z, picture, { about, artist, store, open }, accompany) {
  const numbers = (drawn) => toNumbers(drawn, about.picture.channels);
  const leaving = new AbortController();
  let shown = null;
  let guess = null;
  store.watch(({ face }) => shown && face !== shown && leaving.abort());
  const tell = (latent, difference) => {
    guess ??= difference;
    const face = faceOfLatent(latent);
    accompany(face, picture);
    if (shown) store.preview({ face: (shown = face) });
    else open((shown = face));
    say(difference === guess ? "This is the encoder’s guess. It is being improved …" : `Improving: it differs by ${difference.toFixed(1)} of 255, the guess by ${guess.toFixed(1)} …`);
  };
  const draw = async (latents) => {
    const drawn = await Promise.all(latents.map((latent) => artist.later({ z: latent, labels: labelsOf({}, about) }, leaving.signal)));
    return drawn.map((one) => one && numbers(one));
  };
  await refine(z, numbers(picture), draw, tell, leaving.signal);
  if (leaving.signal.aborted) return;
  const face = shown;
  store.change({ face });
  say("This is the best face that was found. There may be a better one.");
}

/** The chosen square of a picture file at the generator's size, or null. Throws a Sentence if it is none. */
async function pictureOf(file, size) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Sentence(`“${file.name}” is not a picture that this browser can read.`);
  }
  const square = await cropped(bitmap);
  if (!square) return null;
  const context = drawSquare(new OffscreenCanvas(size, size), bitmap, square);
  bitmap.close();
  return context.getImageData(0, 0, size, size);
}
