// Pictures enlarged: every pixel as a square ("crisp"), or by Lanczos' kernel with three lobes, as
// Pillow's LANCZOS: smooth edges, and no detail that was not there.

const LOBES = 3;

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** For each of `count` pixels in a row of `size`: {first, weights} of the pixels it is made of. */
function kernels(size, count) {
  return Array.from({ length: count }, (_, i) => {
    const centre = ((i + 0.5) * size) / count;
    const first = Math.max(0, Math.round(centre - LOBES));
    const last = Math.min(size, Math.round(centre + LOBES));
    const weights = Array.from({ length: last - first }, (_, k) => {
      const x = first + k + 0.5 - centre;
      return Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
    });
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: Float64Array.from(weights, (weight) => weight / sum) };
  });
}

/** A square picture (ImageData) as a larger one. */
export function lanczos({ data, width: size }, count) {
  const kernel = kernels(size, count);
  const wide = new Uint8ClampedArray(size * count * 4);
  const picture = new ImageData(count, count);
  resample(data, wide, size, kernel, { from: size * 4, to: count * 4 }, { from: 4, to: 4 });
  resample(wide, picture.data, count, kernel, { from: 4, to: 4 }, { from: count * 4, to: count * 4 });
  return picture;
}

/** `lines` lines, each along its step; both steps are {from, to}, in entries of the two arrays. */
function resample(source, target, lines, kernel, line, step) {
  for (let j = 0; j < lines; j++) {
    for (let i = 0; i < kernel.length; i++) {
      const { first, weights } = kernel[i];
      let from = j * line.from + first * step.from;
      let [red, green, blue] = [0, 0, 0];
      for (let k = 0; k < weights.length; k++, from += step.from) {
        const weight = weights[k];
        red += weight * source[from];
        green += weight * source[from + 1];
        blue += weight * source[from + 2];
      }
      const to = j * line.to + i * step.to;
      target[to] = red;
      target[to + 1] = green;
      target[to + 2] = blue;
      target[to + 3] = 255;
    }
  }
}

/** The same with squares for pixels. */
function squares({ data, width: size }, count) {
  const from = new Uint32Array(data.buffer);
  const picture = new ImageData(count, count);
  const to = new Uint32Array(picture.data.buffer);
  const place = (i) => Math.floor((i * size) / count);
  for (let y = 0; y < count; y++) {
    for (let x = 0; x < count; x++) to[y * count + x] = from[place(y) * size + place(x)];
  }
  return picture;
}

export const LARGE = 4; // times the generator's size, of a face that is shown large

export const isCrisp = () => document.documentElement.classList.contains("crisp");

/** A picture enlarged to `size` pixels, as the person chose. */
export function enlarged(picture, size) {
  if (size === picture.width) return picture;
  return (isCrisp() ? squares : lanczos)(picture, size);
}
