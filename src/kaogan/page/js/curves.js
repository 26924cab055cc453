// Lines over images seen, as SVG.

import { el, svg } from "./dom.js";

const WIDTH = 640;
const HEIGHT = 240;
const EDGE = { left: 44, right: 12, top: 12, bottom: 30 };
const SHARE = 0.04; // of a curve that its running average is over
const FEW = 40; // rows that are drawn as they are

/**
 * A chart of rows' values against row.images_seen: `lines` are {key, label}. The faint line is what
 * was measured, the strong one its running average. Null where no row has any of the keys.
 */
export function chart(title, rows, lines, range) {
  const present = lines.filter(({ key }) => rows.some((row) => Number.isFinite(row[key])));
  if (!present.length || rows.length < 2) return null;
  const values = present.flatMap(({ key }) => rows.map((row) => row[key])).filter(Number.isFinite);
  const [low, high] = range ?? limits(values);
  const last = rows.at(-1).images_seen;
  const x = (seen) => EDGE.left + (seen / last) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value) => HEIGHT - EDGE.bottom - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const drawn = present.flatMap(({ key }, i) => {
    const points = rows.filter((row) => Number.isFinite(row[key])).map((row) => [x(row.images_seen), row[key]]);
    const average = rows.length > FEW ? [polyline(smoothed(points), y, `line line-${i}`)] : [];
    return [polyline(points, y, `line line-${i}${average.length ? " faint" : ""}`), ...average];
  });
  const label = `${title}: ${present.map((line) => line.label).join(" and ")} over ${compact(last)} pictures`;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, axes(low, high, last, x, y), drawn);
  const legend = present.map((line, i) => el("span", { class: `key line-${i}` }, line.label));
  return el("figure", { class: "chart" }, el("figcaption", {}, el("strong", {}, title), legend), picture);
}

// 402048 as "402K"
function compact(number) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(number);
}

function axes(low, high, last, x, y) {
  const rows = ticks(low, high);
  const columns = ticks(0, last);
  return [
    ...rows.map((value) => svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(value), y2: y(value) })),
    ...rows.map((value) => svg("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, compact(value))),
    ...columns.map((seen) => svg("text", { x: x(seen), y: HEIGHT - 8, "text-anchor": seen > 0.97 * last ? "end" : "middle" }, compact(seen))),
  ];
}

/** Round numbers between two others: four or so. */
function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

const polyline = (points, y, name) => svg("polyline", { class: name, points: points.map(([px, value]) => `${px.toFixed(1)},${y(value).toFixed(1)}`).join(" ") });

function smoothed(points) {
  const values = smooth(points.map(([, value]) => value));
  return points.map(([px], i) => [px, values[i]]);
}

/**
 * An exponential average over about SHARE of the values, started without bias, as `smooth` in
 * kaogan/training/callbacks/curves.py.
 */
export function smooth(values) {
  const keep = 1 - 1 / Math.max(1, SHARE * values.length);
  let total = 0;
  let weight = 0;
  return values.map((value) => {
    total = keep * total + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return weight ? total / weight : value;
  });
}

/** From the 1st to the 99th percentile, with some room: one spike should not flatten the rest. */
function limits(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))];
  const high = sorted[Math.ceil(0.99 * (sorted.length - 1))];
  const room = 0.08 * (high - low || 1);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}
