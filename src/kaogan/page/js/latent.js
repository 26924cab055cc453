// Arithmetic on latents: Float32Arrays of equal length, never changed in place.

export function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

export const norm = (z) => Math.sqrt(dot(z, z));

export const scaled = (z, factor) => z.map((value) => value * factor);

/** Sum of weights[i] * latents[i]. */
export function combined(latents, weights) {
  return latents[0].map((_, k) => latents.reduce((sum, z, i) => sum + weights[i] * z[k], 0));
}

/**
 * The weighted mean, as long as the latents are on average. A plain mean of independent latents is
 * shorter than any of them, and near 0 all faces look alike.
 */
export function mixed(latents, weights) {
  const mean = combined(latents, weights);
  const length = latents.reduce((sum, z, i) => sum + weights[i] * norm(z), 0);
  const short = norm(mean);
  return short > 1e-6 ? scaled(mean, length / short) : mean;
}

/** Of inputs {z, labels}: latents are blended by `ofLatents`, labels by their weighted mean. */
export function blended(inputs, ofLatents, weights) {
  return { z: ofLatents(inputs.map(({ z }) => z)), labels: combined(inputs.map(({ labels }) => labels), weights) };
}

/**
 * Spherical interpolation, as `slerp` in kaogan/latent/walks.py: t = 0 gives a, t = 1 gives b.
 *   sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b,  w the angle between a and b
 * (Shoemake 1985; White, "Sampling Generative Networks", 2016). Where there is no arc, the chord.
 */
export function slerp(a, b, t) {
  const cosine = Math.min(1, Math.max(-1, dot(a, b) / (norm(a) * norm(b) || 1)));
  const angle = Math.acos(cosine);
  const sine = Math.sin(angle);
  if (sine < 1e-4) return combined([a, b], [1 - t, t]);
  return combined([a, b], [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine]);
}

/**
 * Weights of the corners of a square (top left, top right, bottom left, bottom right) at x, y in
 * [0, 1]: bilinear. What an empty corner would weigh goes to its neighbours in equal parts.
 */
export function cornerWeights(x, y, present) {
  const weights = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const neighbours = [[1, 2], [0, 3], [0, 3], [1, 2]];
  const shared = weights.map((weight, corner) => (present[corner] ? weight : 0));
  for (const corner of [0, 1, 2, 3].filter((one) => !present[one])) {
    let heirs = neighbours[corner].filter((one) => present[one]);
    if (!heirs.length) heirs = [3 - corner];
    for (const heir of heirs) shared[heir] += weights[corner] / heirs.length;
  }
  return shared;
}
