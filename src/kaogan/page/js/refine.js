// A better face than the encoder's guess: least squares on the pixels (Levenberg 1944, Marquardt
// 1963). The runtime has no gradients, so the pixels' change with each entry of z is measured by
// drawing a picture for it: as many as z has entries for one step, which is a second or so.

import { combined, dot, norm, scaled } from "./latent.js";

const STEPS = 6;
const BATCH = 8;
const SHIFT = 0.5; // of an entry of z, to measure what it changes
const DAMPING = [3, 1, 0.3, 0.1]; // as shares of the mean diagonal; the best of them is taken

/**
 * Improve z so that its picture comes near `wanted`. Pictures are C x H x W from -1 to 1, in one array,
 * and `draw(latents)` resolves to them. `tell(z, difference)` is called for z itself and after every
 * step that helped, with the mean difference in steps of 255. Ends when `signal` aborts.
 */
export async function refine(z, wanted, draw, tell, signal) {
  const length = Math.sqrt(z.length); // of latents in training
  const usual = (latent) => scaled(latent, length / norm(latent));
  let best = usual(z);
  let [picture] = await draw([best]);
  tell(best, difference(picture, wanted));
  for (let step = 0; step < STEPS && !signal.aborted; step++) {
    const changes = await measured(best, picture, draw, signal);
    if (signal.aborted) return;
    const rest = wanted.map((value, i) => value - picture[i]);
    const matrix = changes.map((one, i) => changes.slice(0, i + 1).map((other) => dot(one, other)));
    const slope = changes.map((one) => dot(one, rest));
    const mean = matrix.reduce((sum, row, i) => sum + row[i], 0) / z.length;
    const tried = DAMPING.map((share) => usual(combined([best, solved(matrix, slope, share * mean)], [1, 1])));
    const pictures = await draw(tried);
    const errors = pictures.map((one) => squared(one, wanted));
    const place = errors.indexOf(Math.min(...errors));
    if (signal.aborted || errors[place] >= squared(picture, wanted)) return;
    [best, picture] = [tried[place], pictures[place]];
    tell(best, difference(picture, wanted));
  }
}

/** For each entry of z, how every pixel changes with it. */
async function measured(z, picture, draw, signal) {
  const changes = [];
  while (changes.length < z.length) {
    const entries = Array.from({ length: Math.min(BATCH, z.length - changes.length) }, (_, i) => changes.length + i);
    const pictures = await draw(entries.map((entry) => z.map((value, i) => value + (i === entry ? SHIFT : 0))));
    if (signal.aborted) break;
    changes.push(...pictures.map((one) => one.map((value, i) => (value - picture[i]) / SHIFT)));
  }
  return changes;
}

/** x with (A + damping I) x = b, for a symmetric positive A given by its lower half (Cholesky). */
function solved(A, b, damping) {
  const L = [];
  for (let i = 0; i < b.length; i++) {
    L.push(new Float64Array(b.length));
    for (let j = 0; j <= i; j++) {
      let sum = A[i][j] + (i === j ? damping : 0);
      for (let k = 0; k < j; k++) sum -= L[i][k] * L[j][k];
      L[i][j] = i === j ? Math.sqrt(sum) : sum / L[j][j];
    }
  }
  const x = Float32Array.from(b);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= L[i][k] * x[k];
    x[i] /= L[i][i];
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= L[k][i] * x[k];
    x[i] /= L[i][i];
  }
  return x;
}

const squared = (one, other) => one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0);

const difference = (one, other) => (127.5 * one.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0)) / one.length;
