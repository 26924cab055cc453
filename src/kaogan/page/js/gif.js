// Animated GIF (GIF89a): each frame with the 256 colours that suit it.

const COLOURS = 256;
const BITS = 5; // of a colour, by which pixels are counted
const LARGEST_CODE = 4096;

/** A moment in which the browser answers to what a person does. */
export const pause = () => new Promise((resolve) => setTimeout(resolve));

/**
 * Square pictures (ImageData) of one size as a file's bytes; `delay` in hundredths of a second. An
 * aborted `signal` ends it early.
 */
export async function gif(pictures, delay, signal) {
  const { width } = pictures[0];
  const side = [width & 255, width >> 8];
  const text = (characters) => [...characters].map((one) => one.charCodeAt(0));
  const head = [...text("GIF89a"), ...side, ...side, 0, 0, 0];
  const forever = [0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  const control = [0x21, 0xf9, 4, 4, delay & 255, delay >> 8, 0, 0];
  const descriptor = [0x2c, 0, 0, 0, 0, ...side, ...side, 0x87];
  const frames = [];
  for (const picture of pictures) {
    if (signal.aborted) break;
    const { palette, indices } = quantized(picture);
    frames.push(Uint8Array.from([...control, ...descriptor]), palette, Uint8Array.of(8), inBlocks(compressed(indices)));
    await pause();
  }
  return concatenated([Uint8Array.from([...head, ...forever]), ...frames, Uint8Array.of(0x3b)]);
}

/** A palette by median cut (Heckbert, "Color Image Quantization", 1982), and each pixel's place in it. */
function quantized({ data }) {
  const key = (i) => ((data[i] >> 3) << 10) | ((data[i + 1] >> 3) << 5) | (data[i + 2] >> 3);
  const bins = new Map(); // pixels of nearly the same colour: how many, and the sums of their channels
  for (let i = 0; i < data.length; i += 4) {
    const bits = key(i);
    if (!bins.has(bits)) bins.set(bits, { bits, count: 0, sums: [0, 0, 0], channels: [bits >> 10, (bits >> 5) & 31, bits & 31] });
    const bin = bins.get(bits);
    bin.count++;
    for (let c = 0; c < 3; c++) bin.sums[c] += data[i + c];
  }
  let boxes = [measured([...bins.values()])];
  while (boxes.length < COLOURS) {
    const widest = boxes.reduce((a, b) => (b.range * b.count > a.range * a.count ? b : a));
    if (!widest.range) break;
    boxes = boxes.flatMap((box) => (box === widest ? halves(box) : [box]));
  }
  const palette = new Uint8Array(3 * COLOURS);
  const place = new Uint8Array(1 << (3 * BITS));
  boxes.forEach(({ bins: inIt, count }, i) => {
    for (const { bits } of inIt) place[bits] = i;
    for (let c = 0; c < 3; c++) palette[3 * i + c] = Math.round(inIt.reduce((sum, one) => sum + one.sums[c], 0) / count);
  });
  const indices = new Uint8Array(data.length / 4).map((_, i) => place[key(4 * i)]);
  return { palette, indices };
}

/** Bins with their widest channel, its range, and how many pixels they hold. */
function measured(bins) {
  const ranges = [0, 1, 2].map((c) => {
    const values = bins.map(({ channels }) => channels[c]);
    return Math.max(...values) - Math.min(...values);
  });
  const range = Math.max(...ranges);
  return { bins, range, channel: ranges.indexOf(range), count: bins.reduce((sum, { count }) => sum + count, 0) };
}

/** Two boxes with as many pixels each as can be. */
function halves({ bins, channel, count }) {
  const sorted = bins.toSorted((a, b) => a.channels[channel] - b.channels[channel]);
  let [cut, below] = [0, 0];
  while (cut < sorted.length - 1 && (below < count / 2 || !cut)) below += sorted[cut++].count;
  return [measured(sorted.slice(0, cut)), measured(sorted.slice(cut))];
}

/** LZW with codes of 9 to 12 bits. */
function compressed(indices) {
  const [clear, end] = [COLOURS, COLOURS + 1];
  const bytes = [];
  let [pending, filled, width] = [0, 0, 9];
  const emit = (code) => {
    pending |= code << filled;
    for (filled += width; filled >= 8; filled -= 8) {
      bytes.push(pending & 255);
      pending >>= 8;
    }
  };
  let codes = new Map();
  let next = end + 1;
  emit(clear);
  let prefix = indices[0];
  for (const index of indices.subarray(1)) {
    const known = codes.get((prefix << 8) | index);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    emit(prefix);
    if (next < LARGEST_CODE) {
      codes.set((prefix << 8) | index, next++);
      if (next > 1 << width && width < 12) width++;
    } else {
      emit(clear);
      codes = new Map();
      [next, width] = [end + 1, 9];
    }
    prefix = index;
  }
  emit(prefix);
  emit(end);
  return Uint8Array.from(filled ? [...bytes, pending & 255] : bytes);
}

/** As GIF has data: pieces of at most 255 bytes, each after its length, and an empty one. */
function inBlocks(bytes) {
  const pieces = [];
  for (let start = 0; start < bytes.length; start += 255) {
    const piece = bytes.subarray(start, start + 255);
    pieces.push(Uint8Array.of(piece.length), piece);
  }
  return concatenated([...pieces, Uint8Array.of(0)]);
}

function concatenated(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const piece of pieces) {
    whole.set(piece, start);
    start += piece.length;
  }
  return whole;
}
