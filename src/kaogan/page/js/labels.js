// What can be wished for. about.labels names the entries of the label vector: [{attribute, kind, entries}].
// All entries of an attribute are 0 where nothing is wished for.

import { Sentence } from "./sentence.js";

/** The label vector of wishes ({"hair-colour": "pink"}). */
export function labelsOf(wishes, { labels }) {
  const numbers = labels.flatMap(({ attribute, kind, entries }) => {
    const value = wishes[attribute];
    if (value === undefined) return entries.map(() => 0);
    return kind === "number" ? [1 - Number(value), Number(value)] : entries.map((entry) => Number(entry === value));
  });
  return Float32Array.from(numbers);
}

/** What all of these wish for. */
export function common([first, ...others]) {
  const shared = Object.entries(first).filter(([name, value]) => others.every((one) => one[name] === value));
  return Object.fromEntries(shared);
}

/** The value, if it can be wished for. Throws a Sentence if not. */
export function checkedWish(name, value, { labels }) {
  const label = labels.find((one) => one.attribute === name);
  if (!label) throw new Sentence(`This generator knows nothing of “${name}”.`);
  const { kind, entries } = label;
  const fits = kind === "number" ? value.trim() !== "" && Number(value) >= 0 && Number(value) <= 1 : entries.includes(value);
  if (!fits) throw new Sentence(`“${name}” cannot be “${value}”.`);
  return value;
}
