// The page's state, and undo. A state is a frozen object:
//     view      "face" | "wall" | "mix" | "kept" | "explain"; the first two are one place, in which the
//               address names the face or the wall
//     wall      {from: seed of the first face (digits), truncation, wishes}
//     face      the face that is shown large
//     corners   four faces or nulls: top left, top right, bottom left, bottom right
//     at        [x, y] in [0, 1]: the dot in the square
//     kept      faces
// Undo takes back changes of the last four; where a person went is the browser's history.

const UNDONE = ["face", "corners", "at", "kept"];
const STEPS = 200;

export class Store {
  #state;
  #settled; // the state that undo knows as the newest
  #past = [];
  #future = [];
  #listeners = [];

  constructor(state) {
    this.#state = this.#settled = Object.freeze(state);
  }

  get state() {
    return this.#state;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Be called with (state, before) after every change. */
  watch(listener) {
    this.#listeners.push(listener);
  }

  /** Change something for now: while a slider is dragged. Undo goes back to before the first such. */
  preview(patch) {
    const before = this.#state;
    this.#state = Object.freeze({ ...before, ...patch });
    for (const listener of this.#listeners) listener(this.#state, before);
  }

  /** Change something for good: one step of undo. */
  change(patch) {
    const next = { ...this.#state, ...patch };
    if (differs(next, this.#settled)) {
      this.#past = [...this.#past, this.#settled].slice(-STEPS);
      this.#future = [];
    }
    this.#settled = Object.freeze(next);
    this.preview(patch);
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.#settled);
    this.#restore(this.#past.pop());
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.#settled);
    this.#restore(this.#future.pop());
  }

  #restore(state) {
    const before = this.#settled;
    const patch = Object.fromEntries(UNDONE.map((key) => [key, state[key]]));
    // Go where it can be seen.
    if (state.face !== before.face) patch.view = "face";
    if (state.corners !== before.corners || state.at !== before.at) patch.view = "mix";
    this.#settled = state;
    this.preview(patch);
  }
}

const differs = (one, other) => UNDONE.some((key) => one[key] !== other[key]);
