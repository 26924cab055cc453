// Pictures as files.

/** A picture (ImageData) enlarged to `size` pixels: by its nearest pixels, or smoothly. */
export function enlarged(picture, size, crisp) {
  const source = new OffscreenCanvas(picture.width, picture.height);
  paintOn(source, picture);
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = !crisp;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, size, size);
  return canvas;
}

/** Pictures of one size side by side on white, as square as their number allows. */
export function sheet(pictures, size, crisp, gap = 8) {
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const canvas = new OffscreenCanvas(columns * (size + gap) + gap, rows * (size + gap) + gap);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  pictures.forEach((picture, i) => {
    const x = gap + (i % columns) * (size + gap);
    const y = gap + Math.floor(i / columns) * (size + gap);
    context.drawImage(enlarged(picture, size, crisp), x, y);
  });
  return canvas;
}

export async function savePng(canvas, name) {
  save(await canvas.convertToBlob({ type: "image/png" }), `${name}.png`);
}

/** Have the browser save a blob under a name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function paintOn(canvas, picture) {
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
