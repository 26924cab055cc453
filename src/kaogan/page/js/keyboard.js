// Keys that work everywhere, and the help that lists them.

import { byId } from "./dom.js";
import { toggleKept } from "./favourites.js";
import { remember, remembered } from "./preferences.js";

export function wireKeyboard({ store, wall, portrait, mixer }) {
  const help = byId("help");
  const single = byId("keys");
  single.checked = remembered("keys", "on") === "on";
  single.addEventListener("change", () => remember("keys", single.checked ? "on" : "off"));
  byId("help-open").addEventListener("click", () => help.showModal());
  byId("undo").addEventListener("click", () => store.undo());
  byId("redo").addEventListener("click", () => store.redo());
  store.watch(() => {
    byId("undo").disabled = !store.canUndo;
    byId("redo").disabled = !store.canRedo;
  });

  const keys = {
    z: () => store.undo(),
    y: () => store.redo(),
    k: () => keepWhatIsShown({ store, wall, mixer }),
    r: () => (store.state.view === "mix" ? byId("mix-random").click() : portrait.another()),
    d: () => isAtFaces(store) && portrait.download(),
    "?": () => help.showModal(),
  };

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || event.altKey || isText(event.target)) return;
    if (event.ctrlKey || event.metaKey) control(event, store);
    else if (event.key === "Escape" && store.state.view !== "wall") leave(store, wall);
    else if (isAtFaces(store) && !isRange(event.target) && event.key in ARROWS) portrait.neighbour(ARROWS[event.key]);
    else if (single.checked && event.key in keys) keys[event.key]();
    else return;
    if (!event.ctrlKey && !event.metaKey) event.preventDefault();
  });
}

/** Back to the wall, to the face that was opened there. */
function leave(store, wall) {
  const { view, face } = store.state;
  store.preview({ view: "wall" });
  if (view === "face" && face.seed) wall.focus(face.seed);
}

const isAtFaces = ({ state }) => state.view === "face" || state.view === "wall";

const ARROWS = { ArrowLeft: -1, ArrowRight: 1 };

function control(event, store) {
  const key = event.key.toLowerCase();
  if (key === "z") event.shiftKey ? store.redo() : store.undo();
  else if (key === "y") store.redo();
  else return;
  event.preventDefault();
}

function keepWhatIsShown({ store, wall, mixer }) {
  const { view, face } = store.state;
  const shown = { face, wall: face, mix: mixer.mixture() }[view];
  if (shown) toggleKept(wall.focused() ?? shown, store);
}

const isText = (target) => target.matches?.("input:not([type=range], [type=checkbox]), textarea, select");
const isRange = (target) => target.matches?.("input[type=range]");
