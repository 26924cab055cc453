// Files: saved, or handed to another app through the device's share sheet.

import { enlarged } from "./enlarge.js";
import { inWords } from "./sentence.js";
import { say } from "./status.js";

/** Pictures of one size side by side on white, as square as their number allows. */
export function sheet(pictures, size, gap = 8) {
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const canvas = new OffscreenCanvas(columns * (size + gap) + gap, rows * (size + gap) + gap);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  pictures.forEach((picture, i) => {
    const x = gap + (i % columns) * (size + gap);
    const y = gap + Math.floor(i / columns) * (size + gap);
    context.putImageData(enlarged(picture, size), x, y);
  });
  return canvas;
}

/** A picture (ImageData) as a PNG file of `size` pixels. */
export function png(picture, size) {
  const canvas = new OffscreenCanvas(size, size);
  canvas.getContext("2d").putImageData(enlarged(picture, size), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Have the browser save a blob under a name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const fileOf = (blob, name) => new File([blob], name, { type: blob.type });

/** Whether this device can hand such a file to another app; phones can, over https. */
export const canShare = (type = "image/png") => Boolean(navigator.canShare?.({ files: [fileOf(new Blob([], { type }), "face")] }));

/** Open the share sheet with a file. A browser allows this only right after a click. */
export async function share(blob, name) {
  try {
    await navigator.share({ files: [fileOf(blob, name)] });
  } catch (error) {
    if (error.name !== "AbortError") say(inWords(error, "This could not be shared; saving it works."));
  }
}
