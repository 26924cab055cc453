// Frames to a film: MP4 where the browser can make one, else WebM; and GIF, which every browser can.

import { gif } from "./gif.js";

const KINDS = ["video/mp4;codecs=avc1.42E01F", "video/mp4", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
const BITS_A_SECOND = 6_000_000;
export const RATE = 25; // frames a second
const SKIPPED = 2; // a GIF shows every second frame: it has no compression over time

const kind = () => KINDS.find((one) => globalThis.MediaRecorder?.isTypeSupported(one));

/** "mp4" or "webm", or undefined where the browser records no video. */
export const videoSuffix = () => kind()?.slice("video/".length).split(";")[0];

/** Record square pictures (ImageData) in real time, as a Blob; an aborted `signal` ends it early. */
export async function video(pictures, signal) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = pictures[0].width;
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(RATE), { mimeType: kind(), videoBitsPerSecond: BITS_A_SECOND });
  const chunks = [];
  recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", (event) => reject(event.error));
  });
  recorder.start();
  const begun = performance.now();
  for (const [i, picture] of pictures.entries()) {
    if (signal.aborted) break;
    context.putImageData(picture, 0, 0);
    await new Promise((resolve) => setTimeout(resolve, begun + ((i + 1) * 1000) / RATE - performance.now()));
  }
  recorder.stop();
  await stopped;
  return new Blob(chunks, { type: kind().split(";")[0] });
}

/** The same as an animated GIF that loops. */
export async function animation(pictures, signal) {
  const shown = pictures.filter((_, i) => i % SKIPPED === 0);
  return new Blob([await gif(shown, (100 * SKIPPED) / RATE, signal)], { type: "image/gif" });
}
