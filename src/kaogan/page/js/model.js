// The networks: onnxruntime-web in WebAssembly, in a worker where there can be one.

import { bytes, url } from "./resources.js";
import { Sentence } from "./sentence.js";

const RUNTIME = "runtime/ort.wasm.bundle.min.mjs";
const BINARY = "runtime/ort-wasm-simd-threaded.wasm";

// The smallest module that needs SIMD: () => v128, i8x16.popcnt(i8x16.splat(0)).
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

let starting;

/** onnxruntime, once. Throws a Sentence where this browser cannot run it. */
function runtime() {
  starting ??= start();
  return starting;
}

async function start() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(Uint8Array.from(SIMD))) {
    throw new Sentence("This browser cannot run the generator: it has no WebAssembly with SIMD. A current Firefox, Chrome, Edge or Safari has.");
  }
  const [ort, binary, proxy] = await Promise.all([url(RUNTIME).then((address) => import(address)), bytes(BINARY), hasWorkers()]);
  ort.env.wasm.numThreads = 1; // several need headers that static hosts do not send
  ort.env.wasm.wasmBinary = binary.buffer;
  ort.env.wasm.proxy = proxy;
  ort.env.logLevel = "error";
  return ort;
}

/** Whether a worker starts here: not everywhere does one in a page that was opened from a disk. */
function hasWorkers() {
  return new Promise((resolve) => {
    const address = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
    const settle = (answer) => {
      URL.revokeObjectURL(address);
      resolve(answer);
    };
    try {
      const worker = new Worker(address);
      worker.onmessage = () => {
        worker.terminate();
        settle(true);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        settle(false);
      };
    } catch {
      settle(false);
    }
  });
}

/** A network from a file: `run(data, shape)` resolves to its output, a Float32Array. */
async function network(name, what, input, output) {
  const ort = await runtime();
  let session;
  try {
    session = await ort.InferenceSession.create(await bytes(name), { executionProviders: ["wasm"] });
  } catch (error) {
    console.warn(error);
    throw new Sentence(`The ${what} cannot be read: ${name} is missing or damaged.`);
  }
  return async (data, shape) => {
    const result = await session.run({ [input]: new ort.Tensor("float32", data, shape) });
    return result[output].data;
  };
}

/** Latents (an array of Float32Arrays) to pictures (ImageData), one each. */
export async function loadGenerator(about) {
  const { size, channels } = about.picture;
  const run = await network(about.files.generator, "generator", "z", "pictures");
  return async (latents) => {
    const data = new Float32Array(latents.length * about.latent_dim);
    latents.forEach((z, i) => data.set(z, i * about.latent_dim));
    const output = await run(data, [latents.length, about.latent_dim]);
    const one = channels * size * size;
    return latents.map((_, i) => toPicture(output.subarray(i * one, (i + 1) * one), size, channels));
  };
}

/** A square picture (ImageData of the generator's size) to its nearest latent. */
export async function loadEncoder(about) {
  const { size, channels } = about.picture;
  const run = await network(about.files.encoder, "encoder", "pictures", "z");
  return async (picture) => Float32Array.from(await run(toNumbers(picture, channels), [1, channels, size, size]));
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
