// Films, made from what faces are drawn from: two buttons for the kinds, and a dialog to save or share what was made.

import { byId, el } from "./dom.js";
import { canShare, save, share } from "./download.js";
import { enlarged } from "./enlarge.js";
import { pause } from "./gif.js";
import { animation, video, videoSuffix } from "./recorder.js";
import { inWords, Sentence } from "./sentence.js";
import { say } from "./status.js";

const VIDEO_SIZE = 512;
const GIF_SIZE = 256;

/**
 * `frames()` gives the inputs ({z, labels}) of a film, RATE a second, and `name()` the name of its file.
 * A second click on a button cancels.
 */
export function wireFilms(ids, { artist }, frames, name) {
  const suffixes = [videoSuffix() ?? "video", "gif"];
  ids.forEach((id, i) => {
    const label = byId(id).querySelector("span");
    label.textContent = `Make ${DISPLAYED[suffixes[i]]}`;
    let making = null; // an AbortController
    byId(id).addEventListener("click", async () => {
      if (making) {
        making.abort();
        return;
      }
      making = new AbortController();
      label.textContent = "Cancel";
      await make(artist, frames(), suffixes[i], name(), making.signal);
      if (making.signal.aborted) say("");
      making = null;
      label.textContent = `Make ${DISPLAYED[suffixes[i]]}`;
    });
  });
}

const DISPLAYED = { mp4: "MP4", webm: "WebM", gif: "GIF", video: "video" };

/** Draw every picture first, and record then: a slow machine makes no slow film. */
async function make(artist, inputs, suffix, name, signal) {
  try {
    if (suffix === "video") throw new Sentence("This browser cannot record a video. It can make a GIF.");
    say(`Drawing ${inputs.length} pictures for the film …`);
    const drawn = await Promise.all(inputs.map((input) => artist.later(input, signal)));
    if (signal.aborted) return;
    say("Making the film …");
    const [size, film] = suffix === "gif" ? [GIF_SIZE, animation] : [VIDEO_SIZE, video];
    const pictures = [];
    for (const picture of drawn) {
      pictures.push(enlarged(picture, size));
      await pause();
    }
    const blob = await film(pictures, signal);
    if (!signal.aborted) offer(blob, `${name}.${suffix}`);
  } catch (error) {
    say(inWords(error, "The film could not be made."));
  }
}

/** A dialog with the film. Sharing needs a click of its own, right before it. */
function offer(blob, name) {
  const source = URL.createObjectURL(blob);
  const shown = blob.type === "image/gif" ? el("img", { src: source, alt: "The film" }) : el("video", { src: source, autoplay: true, loop: true, muted: true, playsinline: true, controls: true, "aria-label": "The film" });
  byId("ready-preview").replaceChildren(shown);
  byId("ready-note").textContent = `${name}, ${(blob.size / 1e6).toFixed(1)} MB`;
  byId("ready-save").onclick = () => save(blob, name);
  byId("ready-share").onclick = () => share(blob, name);
  byId("ready-share").hidden = !canShare(blob.type);
  byId("ready").addEventListener("close", () => {
    URL.revokeObjectURL(source);
    byId("ready-preview").replaceChildren();
  }, { once: true });
  byId("ready").showModal();
  say("");
}
