// Which square of a picture is used: dragged, moved by keys, zoomed.

import { byId } from "./dom.js";

const SHOWN = 320; // pixels of the square in the dialog
const STEP = 0.02; // of the square, that an arrow key moves
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Ask for the square of a bitmap that is used: {x, y, side} in its pixels, or null. */
export function cropped(bitmap) {
  const [dialog, canvas, zoom] = [byId("crop"), byId("crop-square"), byId("crop-zoom")];
  const least = Math.min(bitmap.width, bitmap.height);
  let [middleX, middleY] = [bitmap.width / 2, bitmap.height / 2];
  const listening = new AbortController();
  const on = (element, kind, then) => element.addEventListener(kind, then, { signal: listening.signal });

  function square() {
    const side = least / Number(zoom.value);
    return { x: middleX - side / 2, y: middleY - side / 2, side };
  }

  /** Move by shares of the square, as far as there is picture. */
  function move(x, y) {
    const { side } = square();
    middleX = Math.min(bitmap.width - side / 2, Math.max(side / 2, middleX + x * side));
    middleY = Math.min(bitmap.height - side / 2, Math.max(side / 2, middleY + y * side));
    drawSquare(canvas, bitmap, square());
  }

  canvas.width = canvas.height = SHOWN;
  zoom.value = 1;
  on(zoom, "input", () => move(0, 0));
  on(canvas, "pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  on(canvas, "pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) move(-event.movementX / canvas.clientWidth, -event.movementY / canvas.clientWidth);
  });
  on(canvas, "keydown", (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    move(...ARROWS[event.key].map((direction) => direction * STEP));
  });
  move(0, 0);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    on(byId("crop-done"), "click", () => dialog.close("done"));
    on(dialog, "close", () => {
      listening.abort();
      resolve(dialog.returnValue === "done" ? square() : null);
    });
  });
}

/** Paint a square of a bitmap onto a square canvas, on white where it is transparent. */
export function drawSquare(canvas, bitmap, { x, y, side }) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, x, y, side, side, 0, 0, canvas.width, canvas.height);
  return context;
}
