// The networks, and pictures in and out of them.

import { bytes } from "./resources.js";
import { session } from "./runtime.js";
import { inWords, Sentence } from "./sentence.js";

/** `run({input: [data, shape]})` of a network in a file. Throws a Sentence. */
async function network(name, what, output) {
  try {
    const { provider, run } = await session(await bytes(name), output);
    document.documentElement.dataset.provider = provider;
    return run;
  } catch (error) {
    throw new Sentence(inWords(error, `The ${what} cannot be read: ${name} is missing or damaged.`));
  }
}

/** Inputs (an array of {z, labels}) to pictures (ImageData), one each. */
export async function loadGenerator(about) {
  const { size, channels } = about.picture;
  const run = await network(about.files.generator, "generator", "pictures");
  return async (inputs) => {
    const feeds = { z: rowsOf(inputs.map(({ z }) => z)) };
    if (about.labels.length) feeds.labels = rowsOf(inputs.map(({ labels }) => labels));
    const output = await run(feeds);
    const one = channels * size * size;
    return inputs.map((_, i) => toPicture(output.subarray(i * one, (i + 1) * one), size, channels));
  };
}

/** A square picture (ImageData of the generator's size) to its nearest latent. */
export async function loadEncoder(about) {
  const { size, channels } = about.picture;
  const run = await network(about.files.encoder, "encoder", "z");
  return async (picture) => Float32Array.from(await run({ pictures: [toNumbers(picture, channels), [1, channels, size, size]] }));
}

/** Vectors of equal length as [data, shape]. */
function rowsOf(vectors) {
  const length = vectors[0].length;
  const data = new Float32Array(vectors.length * length);
  vectors.forEach((vector, i) => data.set(vector, i * length));
  return [data, [vectors.length, length]];
}

/** C x H x W in [-1, 1] to pixels. Storing in a clamped array rounds to even and clips, as NumPy. */
export function toPicture(numbers, size, channels) {
  const plane = size * size;
  const picture = new ImageData(size, size);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      picture.data[4 * i + c] = (numbers[(channels === 3 ? c : 0) * plane + i] + 1) * 127.5;
    }
    picture.data[4 * i + 3] = 255;
  }
  return picture;
}

/** Pixels to C x H x W in [-1, 1]; grey is the luma of ITU-R BT.601, as Pillow's. */
export function toNumbers(picture, channels) {
  const plane = picture.width * picture.height;
  const numbers = new Float32Array(channels * plane);
  const weights = channels === 3 ? [[1, 0, 0], [0, 1, 0], [0, 0, 1]] : [[0.299, 0.587, 0.114]];
  for (let i = 0; i < plane; i++) {
    const [red, green, blue] = picture.data.subarray(4 * i, 4 * i + 3);
    weights.forEach(([r, g, b], c) => {
      numbers[c * plane + i] = (r * red + g * green + b * blue) / 127.5 - 1;
    });
  }
  return numbers;
}
