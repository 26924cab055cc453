// Seeds to latents, equal to those of kaogan/rng.py:
//     torch.randn(dim, generator=generator(seed))
// The bits come from MT19937 (Matsumoto and Nishimura, "Mersenne Twister", TOMACS 1998); normal
// numbers come from them as in PyTorch's aten/src/ATen/native/cpu/DistributionTemplates.h (Box and
// Muller 1958).

const N = 624;
const M = 397;
const TWO_PI = 2 * Math.PI;
const { fround } = Math;

const mixed = (word) => word ^ (word >>> 30);

/** The state for a seed below 2^32: what PyTorch makes of it. */
function seeded(seed) {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, mixed(state[i - 1])) + i;
  return state;
}

/** The state for a larger seed, of two words: init_by_array (Matsumoto and Nishimura, 2002). */
function seededByWords(words) {
  const state = seeded(19650218);
  let i = 0;
  const next = () => {
    if (++i === N) {
      state[0] = state[N - 1];
      i = 1;
    }
    return i;
  };
  for (let k = 0; k < N; k++) {
    const j = k % words.length;
    next();
    state[i] = (state[i] ^ Math.imul(1664525, mixed(state[i - 1]))) + words[j] + j;
  }
  for (let k = 1; k < N; k++) {
    next();
    state[i] = (state[i] ^ Math.imul(1566083941, mixed(state[i - 1]))) - i;
  }
  state[0] = 0x80000000;
  return state;
}

/** A function that returns the next 32 random bits as a whole number. */
function mersenneTwister(state) {
  let position = N;

  function twist() {
    for (let i = 0; i < N; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    position = 0;
  }

  return () => {
    if (position === N) twist();
    let bits = state[position++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}

/** z ~ N(0, I) for a seed (a whole number as BigInt, Number or digits), as a Float32Array. */
export function latentOfSeed(seed, dim) {
  const words = [Number(BigInt(seed) & 0xffffffffn), Number(BigInt(seed) >> 32n)];
  const next = mersenneTwister(words[1] ? seededByWords(words) : seeded(words[0]));
  return dim < 16 ? inPairs(next, dim) : inBlocks(next, dim);
}

/** Sixteen at a time, from 24-bit uniforms; the last block is drawn anew where 16 do not fit. */
function inBlocks(next, dim) {
  const uniform = () => (next() & 0xffffff) / 2 ** 24;
  const z = new Float32Array(dim).map(uniform);
  for (let start = 0; start + 16 <= dim; start += 16) boxMuller(z.subarray(start, start + 16));
  if (dim % 16) boxMuller(z.subarray(dim - 16).map(uniform), z.subarray(dim - 16));
  return z;
}

/** Uniforms u1, u2 to two normal numbers, in float32 as PyTorch has it. */
function boxMuller(uniforms, out = uniforms) {
  for (let i = 0; i < 8; i++) {
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(fround(1 - uniforms[i]))))));
    const angle = fround(fround(TWO_PI) * uniforms[i + 8]);
    out[i] = radius * fround(Math.cos(angle));
    out[i + 8] = radius * fround(Math.sin(angle));
  }
}

/** Fewer than sixteen: one pair after the other, from 53-bit uniforms. */
function inPairs(next, dim) {
  const uniform = () => {
    const high = next() & 0x1fffff;
    return (high * 2 ** 32 + next()) / 2 ** 53;
  };
  const z = new Float32Array(dim);
  for (let i = 0; i < dim; i += 2) {
    const angle = TWO_PI * uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-uniform()));
    z[i] = radius * Math.cos(angle);
    if (i + 1 < dim) z[i + 1] = radius * Math.sin(angle);
  }
  return z;
}
