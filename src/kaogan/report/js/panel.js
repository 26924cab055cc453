// Drawn or generated? One picture after another, then the score.

const byId = (id) => document.getElementById(id);
const sheet = JSON.parse(byId("sheet").textContent);
const count = sheet.pictures.length;
const key = atob(sheet.key); // one bit for each picture: see panel.py
const isGenerated = (i) => Boolean((key.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1);
const answers = []; // for each picture: was it called generated?

function show(id) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
  scrollTo(0, 0);
}

function next() {
  const place = answers.length;
  if (place === count) return finish();
  byId("picture").src = sheet.pictures[place];
  byId("picture").alt = `picture ${place + 1}`;
  byId("place").textContent = `${place + 1} of ${count}`;
  byId("bar").value = place;
  byId("back").disabled = place === 0;
  show("judge");
}

function answer(generated) {
  answers.push(generated);
  next();
}

function back() {
  if (answers.length === 0) return;
  answers.pop();
  next();
}

const keys = {
  d: () => answer(false),
  arrowleft: () => answer(false),
  g: () => answer(true),
  arrowright: () => answer(true),
  backspace: back,
};

byId("start").addEventListener("click", next);
byId("drawn").addEventListener("click", () => answer(false));
byId("generated").addEventListener("click", () => answer(true));
byId("back").addEventListener("click", back);
addEventListener("keydown", (event) => {
  const act = keys[event.key.toLowerCase()];
  if (byId("judge").hidden || !act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!event.repeat) act(); // a key held down would answer for all that follow
});

// The end

function finish() {
  const all = [...answers.keys()];
  const group = (generated, called) => all.filter((i) => isGenerated(i) === generated && answers[i] === called);
  const passed = group(true, false), caught = group(true, true);
  const recognised = group(false, false), missed = group(false, true);
  const generated = passed.length + caught.length, real = recognised.length + missed.length;
  tell(passed.length, generated, recognised.length, real);
  gallery("Generated, and taken for drawn", passed);
  gallery("Generated, and recognised", caught);
  gallery("Drawn, and recognised", recognised);
  gallery("Drawn, and taken for generated", missed);
  show("end");
  byId("headline").focus({ preventScroll: true });
  const score = {
    date: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    generated,
    real,
    taken_for_drawn: passed.length / generated,
    recognised: recognised.length / real,
  };
  keep(`${sheet.about.slice(0, -1)},${JSON.stringify(score).slice(1)}`);
}

function tell(passed, generated, recognised, real) {
  const [low, high] = wilson(passed, generated);
  byId("headline").textContent = `You took ${passed} of ${generated} generated pictures for drawn: ${percent(passed / generated)}`;
  byId("mark").style.left = `${(100 * passed) / generated}%`;
  byId("interval").style.left = `${100 * low}%`;
  byId("interval").style.width = `${100 * (high - low)}%`;
  for (const tick of document.querySelectorAll(".ticks span")) tick.style.left = `${tick.dataset.at}%`;
  byId("goal").hidden = sheet.goal === null;
  byId("gauge").ariaLabel = `${percent(passed / generated)}, on a scale from 0 to 100 %`;
  byId("meaning").textContent =
    `Of the drawn ones you recognised ${recognised} of ${real}: ${percent(recognised / real)}. ` +
    "Who cannot tell the two apart gets the same figure twice. " +
    `${generated} pictures are few: with more of them the first figure would lie between ` +
    `${percent(low)} and ${percent(high)} (the light bar, 95 % confidence).`;
}

// Wilson's interval of a share at 95 %.
function wilson(successes, n) {
  const z = 1.96, p = successes / n;
  const middle = p + z ** 2 / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  return [middle - spread, middle + spread].map((end) => Math.min(1, Math.max(0, end / (1 + z ** 2 / n))));
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function gallery(title, places) {
  if (places.length === 0) return;
  const heading = document.createElement("h3");
  heading.textContent = `${title}: ${places.length}`;
  const row = document.createElement("div");
  for (const place of places) {
    const image = new Image();
    image.src = sheet.pictures[place];
    image.alt = `picture ${place + 1}`;
    row.append(image);
  }
  byId("groups").append(heading, row);
}

async function keep(line) {
  if (sheet.served && (await taken(line))) {
    byId("kept").textContent = `It is kept in ${sheet.place}.`;
    return;
  }
  const why = sheet.served ? "kaogan no longer takes it." : "A page from the disk cannot write files.";
  byId("kept").textContent = `${why} To keep your score, add this line to ${sheet.place}:`;
  byId("line").value = line;
  byId("offer").hidden = false;
}

async function taken(line) {
  try {
    return (await fetch("score", { method: "POST", body: line })).ok;
  } catch {
    return false; // nobody listens any more
  }
}

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(`${byId("line").value}\n`);
    byId("copied").textContent = "Copied.";
  } catch {
    byId("line").select();
    byId("copied").textContent = "Press Ctrl-C.";
  }
});

byId("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${byId("line").value}\n`], { type: "application/jsonl" }));
  link.download = "panel.jsonl";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
