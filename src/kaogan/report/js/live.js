// The generator, alive in the report: new faces at a button, and one of them moved by sliders.

import { byId, el, paint } from "./dom.js";
import { faceOfSeed, inputOf, MOVE, moved } from "./face.js";
import { loadGenerator } from "./model.js";
import { json } from "./resources.js";
import { Sentence } from "./sentence.js";

const FACES = 8;
const SLIDERS = 6;

const about = await json("model/about.json");
const root = byId("live");
const button = byId("draw");
const faces = byId("live-faces");
let draw, face;

const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;

async function drawAnew() {
  button.disabled = true;
  const drawn = Array.from({ length: FACES }, () => faceOfSeed(randomSeed()));
  const pictures = await draw(drawn.map((one) => inputOf(one, about)));
  faces.replaceChildren(...drawn.map((one, place) => chosen(one, pictures[place])));
  button.disabled = false;
  choose(faces.firstElementChild, drawn[0]);
}

function chosen(one, picture) {
  const canvas = el("canvas", { "data-seed": one.seed });
  const choice = el("button", { type: "button", "aria-pressed": "false", "aria-label": `The face of seed ${one.seed}`, onclick: () => choose(choice, one) }, canvas);
  paint(canvas, picture);
  return choice;
}

function choose(choice, one) {
  for (const each of faces.children) each.setAttribute("aria-pressed", each === choice);
  face = one;
  for (const input of root.querySelectorAll(".slider input")) set(input, 0);
  byId("live-name").textContent = `Seed ${one.seed}`;
  show();
}

// Only the newest state is drawn: while one picture is made, others may have been asked for.
let busy = false;
let wanted = null;
async function show() {
  wanted = face;
  if (busy) return;
  busy = true;
  while (wanted) {
    const now = wanted;
    wanted = null;
    const [picture] = await draw([inputOf(now, about)]);
    paint(byId("live-face"), picture);
  }
  busy = false;
}

function slider({ name, low, high }, place) {
  const id = `move-${place}`;
  const input = el("input", { type: "range", id, ...MOVE, "data-name": name });
  input.addEventListener("input", () => {
    set(input, Number(input.value));
    face = moved(face, name, Number(input.value));
    show();
  });
  const ends = low && high ? `${name}: ${low} to ${high}` : name;
  return el("div", { class: "slider" }, el("label", { for: id }, ends), el("output", { for: id }), input);
}

function set(input, amount) {
  input.value = amount;
  input.previousElementSibling.value = amount.toFixed(2).replace("-", "−");
}

root.hidden = false;
byId("sliders").append(...about.directions.slice(0, SLIDERS).map(slider));
try {
  draw = await loadGenerator(about);
  button.addEventListener("click", drawAnew);
  await drawAnew();
} catch (error) {
  if (!(error instanceof Sentence)) throw error;
  root.replaceChildren(el("p", {}, error.message));
}
