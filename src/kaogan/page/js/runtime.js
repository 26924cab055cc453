// onnxruntime-web: on the graphics card through WebGPU where there is one that it can use, and
// otherwise in WebAssembly, in a worker where there can be one.

import { bytes, url } from "./resources.js";
import { Sentence } from "./sentence.js";

const WEBGPU = { provider: "webgpu", script: "runtime/ort.jspi.bundle.min.mjs", binary: "runtime/ort-wasm-simd-threaded.jspi.wasm" };
const WASM = { provider: "wasm", script: "runtime/ort.wasm.bundle.min.mjs", binary: "runtime/ort-wasm-simd-threaded.wasm" };

// The smallest module that needs SIMD: () => v128, i8x16.popcnt(i8x16.splat(0)).
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

const PATIENCE = 3000; // milliseconds that a worker may take to say that it runs

const started = new Map(); // backend -> promise of onnxruntime

/**
 * A network from a file's content: {provider, run}, where `run({input: [data, shape]})` resolves to its
 * output, a Float32Array. Throws a Sentence where this browser can run none, and an Error if it is no network.
 */
export async function session(content, output) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(Uint8Array.from(SIMD))) {
    throw new Sentence("This browser cannot run the generator: it has no WebAssembly with SIMD. A current Firefox, Chrome, Edge or Safari has.");
  }
  if (await hasWebGpu()) {
    try {
      return await sessionOn(WEBGPU, content, output);
    } catch (error) {
      console.warn(error); // a driver may refuse what it promised
    }
  }
  return sessionOn(WASM, content, output);
}

async function sessionOn(backend, content, output) {
  if (!started.has(backend)) started.set(backend, start(backend));
  const ort = await started.get(backend);
  // A copy: its memory is handed over to the worker.
  const made = await ort.InferenceSession.create(content.slice(), { executionProviders: [backend.provider] });
  const run = async (inputs) => {
    const tensors = Object.entries(inputs).map(([name, [data, shape]]) => [name, new ort.Tensor("float32", data, shape)]);
    const result = await made.run(Object.fromEntries(tensors));
    return result[output].data;
  };
  return { provider: backend.provider, run };
}

async function start({ provider, script, binary }) {
  const [ort, content, worker] = await Promise.all([url(script).then((address) => import(address)), bytes(binary), hasWorkers()]);
  ort.env.wasm.numThreads = 1; // several need headers that static hosts do not send
  ort.env.wasm.wasmBinary = content.buffer;
  // Never asked for, as the content is there; but unnamed, it would be looked up beside the script,
  // and in the single file the script lies nowhere.
  ort.env.wasm.wasmPaths = { wasm: binary };
  ort.env.wasm.proxy = provider === "wasm" && worker;
  ort.env.logLevel = "error";
  return ort;
}

/** Whether there is a graphics card, and WebAssembly that can wait for it (JSPI). */
async function hasWebGpu() {
  if (!("Suspending" in WebAssembly) || !navigator.gpu) return false;
  try {
    return Boolean(await navigator.gpu.requestAdapter());
  } catch {
    return false;
  }
}

/** Whether a worker starts here: in a page that was opened from a disk, a module may not. */
function hasWorkers() {
  return new Promise((resolve) => {
    const address = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
    const settle = (answer) => {
      URL.revokeObjectURL(address);
      resolve(answer);
    };
    try {
      const worker = new Worker(address, { type: "module" });
      worker.onmessage = () => {
        worker.terminate();
        settle(true);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        settle(false);
      };
      setTimeout(settle, PATIENCE, false);
    } catch {
      settle(false);
    }
  });
}
