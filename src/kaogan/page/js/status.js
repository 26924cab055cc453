// What the page says: `say` in passing, `complain` until somebody puts it right.

import { byId, el, icon } from "./dom.js";

const READING = 5000;
let timer = 0;

const hide = () => byId("status").classList.remove("shown");
addEventListener("wheel", hide, { passive: true });
addEventListener("touchmove", hide, { passive: true });

/** A sentence that goes away by itself, or when somebody scrolls; read aloud by screen readers. */
export function say(sentence) {
  const status = byId("status");
  status.textContent = sentence;
  status.classList.toggle("shown", Boolean(sentence));
  clearTimeout(timer);
  timer = setTimeout(hide, READING);
}

/** A sentence that stays until it is closed. */
export function complain(sentence) {
  const problem = byId("problem");
  const close = () => {
    problem.hidden = true;
  };
  problem.replaceChildren(el("p", {}, sentence), el("button", { class: "icon", "aria-label": "Close", onclick: close }, icon("close")));
  problem.hidden = false;
}
