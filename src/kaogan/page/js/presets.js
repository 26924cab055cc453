// Chips: one press gives the face an attribute, such as red hair.

import { byId, el } from "./dom.js";
import { latentOf, MOVE, moved, unmoved } from "./face.js";
import { dot } from "./latent.js";

const REACH = 2.5; // how far along a direction, in standard deviations of z: one face in a hundred goes there
const SIDES = [-1, 1];
const WHOLE = "picture"; // the group of what is about no part of it

/** How far to move a face so that it stands at the end of a direction, wherever it was before. */
function amountFor(face, { vector }, side, about) {
  const amount = side * REACH - dot(latentOf(unmoved(face), about), vector);
  const rounded = Math.round(amount / MOVE.step) * MOVE.step;
  return Number(Math.min(MOVE.max, Math.max(MOVE.min, rounded)).toFixed(2));
}

const has = (face, direction, side, about) => (face.moves[direction.name] ?? 0) === amountFor(face, direction, side, about);

const named = (about) => about.directions.filter(({ kind }) => kind === "named");

/** `face` with the attributes that were given to `other`. */
export function dressedAs(other, face, about) {
  const given = named(about).flatMap((direction) => SIDES.filter((side) => has(other, direction, side, about)).map((side) => [direction, side]));
  return given.reduce((dressed, [direction, side]) => moved(dressed, direction.name, amountFor(face, direction, side, about)), face);
}

/**
 * Chips in groups by the part of the picture that they are about. What is about all of it has chips only
 * where nothing else has; it has sliders. None where no direction has a name.
 */
export function wirePresets({ about, store }) {
  const all = named(about).flatMap((direction) => SIDES.map((side) => chip(direction, side)));
  const ofParts = all.filter(({ group }) => group !== WHOLE);
  const chips = ofParts.length ? ofParts : all;
  const groups = [...new Set(chips.map(({ group }) => group))];
  byId("chips").append(...groups.map((group) => {
    const inIt = chips.filter((one) => one.group === group).map(({ button }) => button);
    return el("div", { role: "group", "aria-label": group, class: "chip-group" }, el("span", { "aria-hidden": "true" }, group), el("div", {}, inIt));
  }));

  function chip(direction, side) {
    const { group, word, full } = wording(direction, side < 0 ? direction.low : direction.high);
    const colour = word.split(" ").find((one) => CSS.supports("color", one));
    const swatch = colour ? [el("span", { class: "swatch", "aria-hidden": "true" })] : [];
    const button = el("button", { class: "chip", "aria-pressed": "false", "aria-label": full, onclick: () => press(direction, side) }, swatch, word);
    if (colour) swatch[0].style.setProperty("--swatch", colour);
    return { group, button, show: (face) => button.setAttribute("aria-pressed", has(face, direction, side, about)) };
  }

  function press(direction, side) {
    const { face } = store.state;
    const amount = has(face, direction, side, about) ? 0 : amountFor(face, direction, side, about);
    store.change({ face: moved(face, direction.name, amount), view: "face" });
  }

  const show = ({ face }) => chips.forEach((one) => one.show(face));
  store.watch((state, before) => state.face !== before.face && show(state));
  show(store.state);
}

/** "dark hair" of hair-lightness is "dark" in the group "Hair"; of contrast, all is about the picture. */
function wording({ name, low, high }, text) {
  const [noun, ...rest] = name.split(/[- ]/);
  const isNoun = rest.length && [low, high].every((words) => words.split(" ").includes(noun));
  const group = isNoun ? noun : WHOLE;
  const word = text.split(" ").filter((one) => one !== group).join(" ");
  return { group, word, full: text };
}
