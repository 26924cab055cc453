// Latents as text: base64 (of the kind that addresses can hold) of little-endian float16 or float32.

import { Sentence } from "./sentence.js";

/** The float16 that is nearest, as 16 bits (IEEE 754; ties to even). */
export function halfBits(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // A mantissa that rounds up to 2048 carries into the exponent, as it should.
  return sign | (steps < 1024 ? steps : ((exponent + 15) << 10) + (steps - 1024));
}

/** The number that 16 bits stand for. */
export function halfValue(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** The latent rounded to float16, so that its address gives it back exactly. */
export const rounded = (z) => z.map((value) => halfValue(halfBits(value)));

/** A latent that `rounded` made, as text. */
export function encoded(z) {
  const view = new DataView(new ArrayBuffer(2 * z.length));
  z.forEach((value, i) => view.setUint16(2 * i, halfBits(value), true));
  const characters = String.fromCharCode(...new Uint8Array(view.buffer));
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The latent of `dim` entries that a text holds. Throws a Sentence if it holds none. */
export function decoded(text, dim) {
  let characters;
  try {
    characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw new Sentence("This is neither a seed nor a latent: a latent is base64 text, or numbers.");
  }
  const view = new DataView(Uint8Array.from(characters, (one) => one.charCodeAt(0)).buffer);
  const width = view.byteLength / dim;
  if (width !== 2 && width !== 4) {
    throw new Sentence(`This latent does not belong to this generator, whose latents have ${dim} numbers.`);
  }
  const read = (i) => (width === 2 ? halfValue(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true));
  return checked(Float32Array.from({ length: dim }, (_, i) => read(i)));
}

/** The latent itself. Throws a Sentence where an entry is no number a generator can draw. */
export function checked(z) {
  if (z.every((value) => Math.abs(value) <= 100)) return z;
  throw new Sentence("This latent holds something that is no number between −100 and 100.");
}

function roundToEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}
