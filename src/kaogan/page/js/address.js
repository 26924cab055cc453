// The state in the address, after the #: "wall?from=0&truncation=0.8", "face?seed=42&lightness=1.5".

import { addWishes, faceOfText, seedOf, textOf, TRUNCATION, wishesOf } from "./face.js";
import { Sentence, inWords } from "./sentence.js";

const VIEWS = ["wall", "face", "mix", "kept", "explain"];
const QUIET = 300; // browsers refuse addresses that change too often

export function hashOf({ view, wall, face }) {
  if (view === "face") return `#face?${textOf(face)}`;
  if (view !== "wall") return `#${view}`;
  const text = new URLSearchParams();
  if (wall.from !== "0") text.set("from", wall.from);
  if (wall.truncation !== 1) text.set("truncation", wall.truncation);
  addWishes(text, wall.wishes);
  return text.size ? `#wall?${text}` : "#wall";
}

/** What of the state a hash stands for. Throws a Sentence if it stands for nothing. */
export function stateOf(hash, about) {
  const [, view, text] = /^#?([^?]*)\??(.*)$/s.exec(hash);
  if (view === "") return { view: "wall" };
  if (!VIEWS.includes(view)) throw new Sentence(`This address names no part of the page: “${view}”.`);
  if (view === "face") return { view, face: faceOfText(text, about) };
  if (view !== "wall" || !text) return { view };
  const { from = "0", truncation = "1" } = Object.fromEntries(new URLSearchParams(text));
  const psi = Number(truncation);
  if (!(psi >= TRUNCATION.min && psi <= TRUNCATION.max)) {
    throw new Sentence(`The truncation in this address is not a number from ${TRUNCATION.min} to ${TRUNCATION.max}.`);
  }
  return { view, wall: { from: seedOf(from), truncation: psi, wishes: wishesOf(text, about) } };
}

/** Keep the address and the state the same, both ways. */
export function follow(store, about, say) {
  let timer = 0;

  function read() {
    clearTimeout(timer);
    if (location.hash === hashOf(store.state)) return;
    try {
      store.change(stateOf(location.hash, about));
    } catch (error) {
      say(inWords(error, "This address cannot be read."));
      store.preview({ view: "wall" });
      history.replaceState(null, "", hashOf(store.state));
    }
  }

  store.watch((state, before) => {
    clearTimeout(timer);
    const hash = hashOf(state);
    if (hash === location.hash) return;
    if (state.view !== before.view) history.pushState(null, "", hash);
    else timer = setTimeout(() => history.replaceState(null, "", hash), QUIET);
  });
  addEventListener("hashchange", read);
  addEventListener("popstate", read);
  if (location.hash) read();
}
