// Variety and the directions, as sliders in groups.

import { el } from "./dom.js";
import { MOVE, moved, truncated, TRUNCATION } from "./face.js";

const GROUPS = [
  { kind: "named", title: "Measured", note: "Each changes one thing that was measured on thousands of faces." },
  { kind: "sefa", title: "From the weights", note: "What the generator’s first layer amplifies most (SeFa). Each changes several things; the words at its ends name what changes most." },
  { kind: "pca", title: "From the activations", note: "Where the first layer’s activations vary most (GANSpace). The words name what changes most here, too." },
];
const SHOWN = 10; // of each group

/** What a person reads for a direction: "Hair lightness", or "Mixed 2" where several things change. */
export function labelOf({ name, kind }, { directions }) {
  if (kind === "named") return capital(name.replaceAll("-", " "));
  const mixed = directions.filter((one) => one.kind !== "named");
  return `Mixed ${1 + mixed.findIndex((one) => one.name === name)}`;
}

export class Sliders {
  #page;
  #rows = [];

  constructor(root, page) {
    this.#page = page;
    const variety = { name: "truncation", label: "Variety", low: "all alike", high: "extremes" };
    root.append(this.#slider(variety, TRUNCATION, 1, (face) => face.truncation, truncated));
    for (const group of GROUPS) root.append(...this.#group(group));
  }

  show(face) {
    for (const row of this.#rows) row(face);
  }

  #group({ kind, title, note }) {
    const directions = this.#page.about.directions.filter((one) => one.kind === kind).slice(0, SHOWN);
    if (!directions.length) return [];
    const rows = directions.map((direction) => this.#direction(direction));
    return [el("details", { class: "group", open: kind === "named" }, el("summary", {}, title), el("p", { class: "note" }, note), rows)];
  }

  #direction(direction) {
    const { name, low, high, kind, r2 } = direction;
    const hint = kind === "named" && r2 != null ? `Explains ${Math.round(100 * r2)} % of this on fresh faces` : null;
    const label = labelOf(direction, this.#page.about);
    return this.#slider({ name, label, low, high, hint }, MOVE, 0, (face) => face.moves[name] ?? 0, (face, amount) => moved(face, name, amount));
  }

  /** A row; `read` takes the value from a face, `write` makes the face with another. */
  #slider({ name, label, low, high, hint }, limits, neutral, read, write) {
    const { store } = this.#page;
    const id = `slider-${name.replace(/\W+/g, "-")}`;
    const input = el("input", { type: "range", id, ...limits, "data-name": name, title: hint });
    const output = el("output", { for: id });
    const value = () => write(store.state.face, Number(input.value));
    input.addEventListener("input", () => store.preview({ face: value(), view: "face" }));
    input.addEventListener("change", () => store.change({ face: value(), view: "face" }));
    input.addEventListener("dblclick", () => store.change({ face: write(store.state.face, neutral), view: "face" }));
    this.#rows.push((face) => {
      const now = read(face);
      input.value = now;
      output.value = limits === MOVE ? signed(now) : now.toFixed(2);
      const share = (now - limits.min) / (limits.max - limits.min);
      const middle = (neutral - limits.min) / (limits.max - limits.min);
      input.style.setProperty("--from", `${100 * Math.min(share, middle)}%`);
      input.style.setProperty("--to", `${100 * Math.max(share, middle)}%`);
      input.setAttribute("aria-valuetext", `${output.value}, ${low || "less"} to ${high || "more"}`);
    });
    const end = (text) => el("span", { class: "end", "aria-hidden": "true" }, text);
    const title = el("span", {}, el("label", { for: id }, label), output);
    return el("div", { class: "slider" }, end(low || "−"), title, end(high || "+"), input);
  }
}

const capital = (name) => name[0].toUpperCase() + name.slice(1);

const signed = (value) => (value > 0 ? `+${value.toFixed(2)}` : value.toFixed(2).replace("-", "−"));
