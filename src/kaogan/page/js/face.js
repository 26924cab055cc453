// What a face is: a seed (digits) or a latent z of its own, a truncation, how far it is moved along
// directions, and what is wished for. Frozen; a change makes a new one.

import { checked, decoded, encoded, rounded } from "./base64.js";
import { checkedWish, labelsOf } from "./labels.js";
import { combined, scaled } from "./latent.js";
import { latentOfSeed } from "./random.js";
import { Sentence } from "./sentence.js";

export const LARGEST_SEED = 2n ** 63n - 1n;
export const TRUNCATION = { min: 0, max: 1.5, step: 0.05 };
export const MOVE = { min: -4, max: 4, step: 0.05 };

const WISH = "is-"; // before an attribute's name in an address, where a direction may have the same

export const faceOfSeed = (seed, truncation = 1, wishes = {}) => Object.freeze({ seed: String(seed), truncation, moves: {}, wishes });

/** A face of a short random seed. */
export const randomFace = (wishes = {}) => faceOfSeed(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000, 1, wishes);

export const faceOfLatent = (z, wishes = {}) => Object.freeze({ z: rounded(z), truncation: 1, moves: {}, wishes });

/** With this value of the attribute `name`; undefined: any. */
export function wished(face, name, value) {
  const { [name]: _, ...wishes } = face.wishes;
  if (value !== undefined) wishes[name] = value;
  return Object.freeze({ ...face, wishes });
}

/** Moved by `amount` along the direction `name`, from where it was before any such move. */
export function moved(face, name, amount) {
  const { [name]: _, ...moves } = face.moves;
  if (amount) moves[name] = amount;
  return Object.freeze({ ...face, moves });
}

export const truncated = (face, truncation) => Object.freeze({ ...face, truncation });

export const unmoved = (face) => Object.freeze({ ...face, truncation: 1, moves: {} });

/** psi * z + sum of amount * direction. `about` is the page's about.json. */
export function latentOf(face, about) {
  const base = face.seed ? latentOfSeed(face.seed, about.latent_dim) : face.z;
  const vectors = Object.keys(face.moves).map((name) => directionOf(name, about).vector);
  const amounts = Object.values(face.moves);
  return combined([scaled(base, face.truncation), ...vectors], [1, ...amounts]);
}

/** What the generator draws the face from: {z, labels}. */
export const inputOf = (face, about) => ({ z: latentOf(face, about), labels: labelsOf(face.wishes, about) });

/** A name that a person can read: "seed 42", "a face of its own, moved". */
export function called(face) {
  const base = face.seed ? `seed ${face.seed}` : "a latent of its own";
  const changed = Object.keys(face.moves).length || face.truncation !== 1;
  const wishes = Object.entries(face.wishes).map(([name, value]) => `${name.replaceAll("-", " ")} ${value}`);
  return [changed ? `${base}, changed` : base, ...wishes].join(", ");
}

/** The face as the text that addresses hold: "seed=42&truncation=0.8&lightness=1.5". */
export function textOf(face) {
  const text = new URLSearchParams(face.seed ? { seed: face.seed } : { z: encoded(face.z) });
  if (face.truncation !== 1) text.set("truncation", face.truncation);
  for (const [name, amount] of Object.entries(face.moves)) text.set(name, amount);
  addWishes(text, face.wishes);
  return text.toString();
}

/** The face that such a text stands for. Throws a Sentence if it stands for none. */
export function faceOfText(text, about) {
  const { seed, z, truncation, ...moves } = Object.fromEntries(new URLSearchParams(text));
  if ((seed === undefined) === (z === undefined)) {
    throw new Sentence("This address names no face: it needs a seed or a latent.");
  }
  let face = seed === undefined ? faceOfLatent(decoded(z, about.latent_dim)) : faceOfSeed(seedOf(seed));
  if (truncation !== undefined) face = truncated(face, within(TRUNCATION, truncation, "truncation"));
  for (const [name, amount] of Object.entries(moves)) {
    if (name.startsWith(WISH)) continue;
    directionOf(name, about);
    face = moved(face, name, within(MOVE, amount, name));
  }
  return Object.freeze({ ...face, wishes: wishesOf(text, about) });
}

/** Put wishes into a text of an address. */
export function addWishes(text, wishes) {
  for (const [name, value] of Object.entries(wishes)) text.set(`${WISH}${name}`, value);
}

/** The wishes in a text of an address. Throws a Sentence if there is one that cannot be. */
export function wishesOf(text, about) {
  const asked = [...new URLSearchParams(text)].filter(([name]) => name.startsWith(WISH)).map(([name, value]) => [name.slice(WISH.length), value]);
  return Object.fromEntries(asked.map(([name, value]) => [name, checkedWish(name, value, about)]));
}

/** The face that somebody typed or pasted: a seed, a latent (base64 or numbers), or a whole link. */
export function faceOfTyping(typed, about) {
  const text = typed.trim();
  if (text.includes("?")) return faceOfText(text.slice(text.lastIndexOf("?") + 1), about);
  const [, digits] = /^(?:seed\W*)?([+-]?\d+)$/i.exec(text) ?? [];
  if (digits) return faceOfSeed(seedOf(digits));
  const words = text.replace(/^[\[(]|[\])]$/g, "").split(/[\s,;]+/).filter(Boolean);
  if (words.length > 1 && words.every((word) => !Number.isNaN(Number(word)))) return faceOfNumbers(words.map(Number), about.latent_dim);
  if (words.length > 1 || text.length < about.latent_dim) {
    throw new Sentence(`“${text}” is no seed. Type a whole number, such as 7, or paste a link or a latent.`);
  }
  return faceOfLatent(decoded(text, about.latent_dim));
}

function faceOfNumbers(numbers, dim) {
  if (numbers.length !== dim) {
    throw new Sentence(`A latent of this generator has ${dim} numbers, not ${numbers.length}.`);
  }
  return faceOfLatent(checked(Float32Array.from(numbers)));
}

/** Digits without leading zeros. Throws a Sentence if it is no seed. */
export function seedOf(text) {
  const seed = /^\d+$/.test(text.trim()) ? BigInt(text.trim()) : -1n;
  if (seed >= 0n && seed <= LARGEST_SEED) return String(seed);
  throw new Sentence(`A seed is a whole number from 0 to ${LARGEST_SEED}.`);
}

function directionOf(name, about) {
  const direction = about.directions.find((one) => one.name === name);
  if (direction) return direction;
  throw new Sentence(`This generator has no direction called “${name}”.`);
}

function within({ min, max }, text, what) {
  const value = Number(text);
  if (text.trim() !== "" && value >= min && value <= max) return value;
  throw new Sentence(`The ${what} in this address is not a number from ${min} to ${max}.`);
}
