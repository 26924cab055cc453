// Truncation and the directions, as sliders in groups.

import { el } from "./dom.js";
import { MOVE, moved, truncated, TRUNCATION } from "./face.js";

const GROUPS = [
  { kind: "named", title: "Directions", open: true, note: "" },
  { kind: "sefa", title: "Found in the weights", note: "What the generator’s first layer amplifies most (SeFa). Nobody named these: see what they do." },
  { kind: "pca", title: "Found in the activations", note: "Where the first layer’s activations vary most (GANSpace). Nobody named these either." },
];
const SHOWN = 10; // of each group

export class Sliders {
  #page;
  #rows = [];

  constructor(root, page) {
    this.#page = page;
    const variety = { name: "truncation", label: "Variety", low: "the average", high: "extremes" };
    root.append(this.#slider(variety, TRUNCATION, 1, (face) => face.truncation, truncated));
    for (const group of GROUPS) root.append(...this.#group(group));
  }

  show(face) {
    for (const row of this.#rows) row(face);
  }

  #group({ kind, title, note, open }) {
    const directions = this.#page.about.directions.filter((one) => one.kind === kind).slice(0, SHOWN);
    if (!directions.length) return [];
    const rows = directions.map((direction) => this.#direction(direction));
    const hint = note ? [el("p", { class: "note" }, note)] : [];
    return [el("details", { class: "group", open: Boolean(open) }, el("summary", {}, title), hint, rows)];
  }

  #direction({ name, low, high, kind, r2 }) {
    const label = kind === "named" ? capital(name.replaceAll("-", " ")) : name;
    const hint = kind === "named" && r2 != null ? `Explains ${Math.round(100 * r2)} % of this on fresh faces` : null;
    return this.#slider({ name, label, low, high, hint }, MOVE, 0, (face) => face.moves[name] ?? 0, (face, amount) => moved(face, name, amount));
  }

  /** A row; `read` takes the value from a face, `write` makes the face with another. */
  #slider({ name, label, low, high, hint }, limits, neutral, read, write) {
    const { store } = this.#page;
    const id = `slider-${name.replace(/\W+/g, "-")}`;
    const input = el("input", { type: "range", id, ...limits, "data-name": name, title: hint });
    const output = el("output", { for: id });
    const value = () => write(store.state.face, Number(input.value));
    input.addEventListener("input", () => store.preview({ face: value() }));
    input.addEventListener("change", () => store.change({ face: value() }));
    input.addEventListener("dblclick", () => store.change({ face: write(store.state.face, neutral) }));
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
