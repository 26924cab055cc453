// Frames to a video, with what the browser has for it.

const KINDS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const BITS_A_SECOND = 6_000_000;

const kind = () => KINDS.find((one) => globalThis.MediaRecorder?.isTypeSupported(one));

export const canRecord = () => Boolean(kind());

/**
 * Record functions that make square canvases, `rate` a second, in real time.
 * Resolves to {blob, suffix: "webm" or "mp4"}; an aborted `signal` ends it early.
 */
export async function record(frames, size, rate, signal) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(rate), { mimeType: kind(), videoBitsPerSecond: BITS_A_SECOND });
  const chunks = [];
  recorder.addEventListener("dataavailable", (event) => chunks.push(event.data));
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", (event) => reject(event.error));
  });
  recorder.start();
  const begun = performance.now();
  for (const [i, frame] of frames.entries()) {
    if (signal.aborted) break;
    context.drawImage(frame(), 0, 0);
    await new Promise((resolve) => setTimeout(resolve, begun + ((i + 1) * 1000) / rate - performance.now()));
  }
  recorder.stop();
  await stopped;
  return { blob: new Blob(chunks, { type: kind().split(";")[0] }), suffix: kind().includes("mp4") ? "mp4" : "webm" };
}
