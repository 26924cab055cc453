// What is happening, for somebody who has never heard of GANs, with this model's own numbers. What
// about.json lacks is left out.

import { chart } from "./curves.js";
import { byId, el, paint, parsed, svg } from "./dom.js";
import { called, inputOf, randomFace } from "./face.js";
import { url } from "./resources.js";

const number = (value) => new Intl.NumberFormat("en").format(value);

/** Fill the tab; `loading` is the promise of a generator, which the tab does not wait for. */
export async function explain(page, loading) {
  const { about } = page;
  const { training, files } = about;
  const parts = [opening(about), game(about)];
  if (training) parts.push(facts(training), losses(training), curves(training), quality(training), layers(training));
  parts.push(await timelapse(files.timelapse), exploring(about), reading(training));
  byId("view-explain").replaceChildren(...parts.flat().filter(Boolean));
  loading.then(
    () => liveLatent(page),
    () => {}, // why there is none is said elsewhere
  );
}

function opening(about) {
  const { latent_dim: dim, picture } = about;
  return [
    el("h2", {}, "How it works"),
    el("p", { class: "lead" }, `None of these faces is of anybody. Each was drawn, just now and on this device, by a neural network that turns ${number(dim)} numbers into a picture of ${picture.size} × ${picture.size} pixels.`),
    el("h3", {}, "The latent vector"),
    el("p", {}, `The ${number(dim)} numbers are called the latent vector, z. They are drawn at random, each from the bell curve around 0, and a seed says which: the same seed gives the same numbers, and the same numbers give the same face. Nobody decided what each number means. In training the network found a use for them, and faces whose numbers are near each other look alike. That is why one can walk from face to face.`),
    el("div", { class: "live", id: "live", hidden: true }),
  ];
}

function game({ title }) {
  return [
    el("h3", {}, "Two networks and a game"),
    el("p", {}, "The network that draws is the generator, G. It never saw a real picture. It learned from a second network, the discriminator, D, whose task is to say how likely it is that a picture is real and not drawn by G."),
    flow(),
    el("p", {}, "They were trained in turns. D looks at some real pictures and some drawn ones, and each of its weights is moved a little so that it tells them apart better. Then G draws again, and through D it learns in which direction every pixel would have to change to look more real; its weights are moved that way. As D gets better at finding mistakes, G has to stop making them. This is a generative adversarial network, a GAN."),
    el("p", {}, `When training was over, D had done its work. This page holds only G${title ? `, called ${title}` : ""}.`),
  ];
}

function flow() {
  const box = (name, note, kind) => el("div", { class: `box ${kind}` }, el("strong", {}, name), el("span", {}, note));
  const arrow = () => el("span", { class: "arrow", "aria-hidden": "true" }, "→");
  const drawn = el("div", { class: "flow-row" }, box("z", "random numbers", "data"), arrow(), box("Generator", "draws", "net"), arrow(), box("G(z)", "a drawn picture", "data"));
  const real = el("div", { class: "flow-row" }, box("x", "a real picture", "data"));
  return el("div", { class: "flow", role: "img", "aria-label": "z goes into the generator, which draws G(z). The discriminator is given G(z) or a real picture x, and says how real it looks." }, el("div", { class: "flow-in" }, drawn, real), arrow(), box("Discriminator", "real or drawn?", "net"));
}

function facts({ images_seen: seen, dataset, parameters, batch, mirror, mirrored_images: mirrored, lr, generator_lr: rate_g, betas, anneal_images: annealed }) {
  const rows = [
    ["Learned from", dataset && `${number(dataset.pictures)} pictures (${dataset.name})`],
    ["Pictures seen", seen && `${number(seen)}${dataset?.pictures ? `, each about ${number(Math.round(seen / dataset.pictures))} times` : ""}`],
    ["Weights of G", parameters?.generator && number(parameters.generator)],
    ["Weights of D", parameters?.discriminator && number(parameters.discriminator)],
    ["Pictures a step", batch && number(batch)],
    ["Mirrored", mirror && `every real picture, left to right, half of the time${mirrored ? `, for the first ${number(mirrored)} pictures` : ""}`],
    ["Learning rate", lr && `${lr}${rate_g ? ` (generator ${rate_g})` : ""}${annealed ? `, falling to a twentieth over ${number(annealed)} pictures` : ""}`],
    ["Optimiser", betas && `Adam, β₁ = ${betas[0]}, β₂ = ${betas[1]}`],
  ].filter(([, value]) => value);
  if (!rows.length) return [];
  return [el("h3", {}, "This model"), el("dl", { class: "facts" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))))];
}

function losses({ loss, losses: told, penalty_interval: interval }) {
  if (!loss) return [];
  const { equations = [], words = [], penalties = [], penalty_equations: terms = [] } = told ?? {};
  const set = (lines) => lines.length && el("div", { class: "scroll equations", tabindex: 0, role: "region", "aria-label": "Equations" }, lines.map(parsed));
  return [
    el("h3", {}, "The losses"),
    el("p", {}, `A loss is a number that a network is trained to make small. ${words.length ? "" : UNTOLD}`),
    set(equations),
    equations.length && el("p", { class: "note" }, "ℒ with index D is the loss of D and with index G that of G. 𝔼 is a mean over real pictures x or latent vectors z, C is the score of D, and D(x) the probability that x is real, as D sees it."),
    words.map((paragraph) => el("p", {}, paragraph)),
    penalties.length && el("p", {}, `To the loss of D ${penalties.length > 1 ? "penalties are" : "a penalty is"} added on how steeply C, its score, changes with the picture: ${joined(penalties)}.${interval > 1 ? ` That happens on one step in ${interval} only, and then ${interval} times as strongly.` : ""}`),
    set(terms),
    el("p", {}, "Unlike in most of machine learning, these numbers do not have to fall: each player’s loss depends on how good the other one is. In a healthy training the discriminator stays a little ahead, and both losses go up and down without settling. They do not say how good the faces are."),
  ].flat().filter(Boolean);
}

const UNTOLD = "The discriminator pays when it takes a drawn picture for real or a real one for drawn. The generator pays when its pictures are found out.";

const joined = (words) => new Intl.ListFormat("en").format(words);

function curves({ curves: rows }) {
  if (!rows?.length) return [];
  return [
    chart("Losses", rows, [{ key: "loss_d", label: "discriminator" }, { key: "loss_g", label: "generator" }]),
    chart("D(x) and D(G(z)): how likely it is that a picture is real, as D sees it", rows, [{ key: "d_real", label: "of real ones, D(x)" }, { key: "d_fake", label: "of drawn ones, D(G(z))" }], [0, 1]),
  ];
}

function quality({ quality: rows }) {
  const last = rows?.at(-1);
  const figures = MEASURED.filter(({ key }) => Number.isFinite(last?.[key]));
  if (!figures.length) return [];
  return [
    el("h3", {}, "How good it is"),
    el("p", {}, "Many drawn pictures are compared with real ones, not pixel by pixel but by what a fixed network makes of them."),
    el("dl", { class: "facts" }, figures.map(({ key, name, meaning }) => el("div", {}, el("dt", {}, name), el("dd", {}, last[key].toPrecision(3)), el("dd", { class: "note" }, meaning)))),
    chart("Distance to the real pictures during training", rows, [{ key: "kid", label: "KID" }]),
  ];
}

const MEASURED = [
  { key: "kid", name: "KID", meaning: "distance; 0 is best" },
  { key: "density", name: "Density", meaning: "drawn ones near real ones; about 1 is best" },
  { key: "coverage", name: "Coverage", meaning: "share of real ones with a drawn one near; 1 is best" },
];

function layers({ layers: rows }) {
  if (!rows?.length) return [];
  const of = (network) => rows.filter((row) => row.network === network).map(({ layer, shape, parameters }) => ({ layer, "comes out": shape.join(" × "), parameters }));
  return [
    el("h3", {}, "Layer by layer"),
    el("p", {}, "G begins with a coarse map of 4 × 4 points and doubles its sides until it has a picture. D goes the other way, from a picture to one number."),
    el("h4", {}, "Generator"), table(of("generator")),
    of("discriminator").length ? [el("h4", {}, "Discriminator"), table(of("discriminator"))] : [],
  ].flat();
}

async function timelapse(name) {
  if (!name) return [];
  const source = await url(name);
  const moving = name.endsWith(".mp4")
    ? el("video", { src: source, controls: true, loop: true, muted: true, playsinline: true, "aria-label": "The same latents, drawn again and again during training" })
    : el("img", { src: source, alt: "The same latents, drawn again and again during training" });
  return [el("h3", {}, "Learning to draw"), el("p", {}, "The same latent vectors, drawn again and again while G was trained: first noise, then colours, then faces."), el("figure", { class: "timelapse" }, moving)];
}

function exploring({ directions }) {
  const named = directions.filter((one) => one.kind === "named").map((one) => one.name.replaceAll("-", " "));
  const example = named.length ? ` Here that was done for ${joined(named)}.` : "";
  return [
    el("h3", {}, "What the controls do"),
    el("p", {}, `A slider adds a fixed vector, a direction, to z. A chip, such as “dark hair”, moves z along one so far that it stands at the direction’s end, two and a half standard deviations out. For a direction with a name, thousands of faces were drawn, something simple was measured on each, and the direction was fitted in which it changes most.${example} The others come from the network’s own weights or activations and change several things at once.`),
    el("p", {}, "Variety multiplies z. At 0 every face is the same one, that of z = 0; at 1 faces are as varied as in training; beyond that they get strange. A mix is a weighted mean of latent vectors, stretched to their usual length, and a walk goes along the arc between two of them."),
  ];
}

function reading(training) {
  return [
    el("h3", {}, "Papers"),
    el("ul", {},
      el("li", {}, "I. Goodfellow et al., “Generative Adversarial Nets”, NeurIPS 2014"),
      el("li", {}, "A. Radford, L. Metz, S. Chintala, “Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks”, ICLR 2016: the architecture of this generator"),
      training?.loss === "relativistic" ? el("li", {}, "Y. Huang, A. Gokaslan, V. Kuleshov, J. Tompkin, “The GAN is dead; long live the GAN! A Modern GAN Baseline”, NeurIPS 2024: the loss and its penalties") : null,
      el("li", {}, "Y. Shen, B. Zhou, “Closed-Form Factorization of Latent Semantics in GANs” (SeFa), CVPR 2021"),
      el("li", {}, "E. Härkönen et al., “GANSpace: Discovering Interpretable GAN Controls”, NeurIPS 2020"),
    ),
  ];
}

function table(rows) {
  const columns = Object.keys(rows[0]);
  const kind = (value) => (typeof value === "number" ? "number" : null);
  const head = columns.map((column) => el("th", { scope: "col", class: kind(rows[0][column]) }, column));
  const cell = (value) => el("td", { class: kind(value) }, kind(value) ? number(value) : value);
  const body = rows.map((row) => el("tr", {}, columns.map((column) => cell(row[column]))));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" }, el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** Numbers on the left, the face they give on the right, and a button for others. */
function liveLatent({ about, artist, broken }) {
  const canvas = el("canvas", { role: "img" });
  const bars = el("div", { class: "bars" });
  const name = el("span", { class: "note" });
  const another = async () => {
    const face = randomFace();
    const input = inputOf(face, about);
    bars.replaceChildren(barsOf(input.z));
    name.textContent = `z of ${called(face)}`;
    canvas.setAttribute("aria-label", `The face of ${called(face)}`);
    const picture = await artist.now("explain", input).catch(broken);
    if (picture) paint(canvas, picture);
  };
  byId("live").replaceChildren(el("div", { class: "live-z" }, bars, name), el("span", { class: "arrow", "aria-hidden": "true" }, "→"), canvas, el("button", { onclick: another }, "Draw other numbers"));
  byId("live").hidden = false;
  another();
}

function barsOf(z) {
  const step = 4;
  const bars = [...z].map((value, i) => svg("rect", { class: value < 0 ? "below" : "above", x: i * step, width: step - 1, y: value < 0 ? 40 : 40 - 12 * Math.min(3.2, value), height: 12 * Math.min(3.2, Math.abs(value)) }));
  return svg("svg", { viewBox: `0 0 ${step * z.length} 80`, preserveAspectRatio: "none", role: "img", "aria-label": `${z.length} random numbers as bars, up and down from 0` }, bars);
}
