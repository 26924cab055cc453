// Asks for the state of the run every few seconds, and shows it.

const SECONDS = 2;
const of = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");

let grids = [];
let earlier = null; // images seen, and when, at the first answer of this training

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Speed and time left, from what was seen since this page was opened. */
function pace({ state, seen, planned, unit }) {
  const now = performance.now() / 1000;
  if (state !== "training") earlier = null;
  else if (earlier === null || seen < earlier.seen) earlier = { seen, now };
  const parts = [`${number(seen)}${planned ? ` of ${number(planned)}` : ""} ${unit} seen`];
  if (earlier !== null && seen > earlier.seen) {
    const rate = (seen - earlier.seen) / (now - earlier.now);
    parts.push(`${rate >= 10 ? Math.round(rate) : rate.toPrecision(2)}/s`);
    if (planned > seen) parts.push(`about ${clock((planned - seen) / rate)} left`);
  }
  return parts.join(" · ");
}

function showGrid() {
  const name = grids[of("slider").value];
  const address = new URL(name, location.href).href;
  if (of("grid").src !== address) of("grid").src = address;
  of("when").textContent = `after ${number(parseInt(name.split("/")[1], 10))}`;
}

function showGrids(names) {
  const slider = of("slider");
  const follows = grids.length === 0 || Number(slider.value) === grids.length - 1;
  grids = names;
  of("pictures").hidden = names.length === 0;
  if (names.length === 0) return;
  slider.max = names.length - 1;
  if (follows || slider.value >= names.length) slider.value = names.length - 1;
  showGrid();
}

function showEvents(events) {
  of("happened").hidden = events.length === 0;
  of("events").replaceChildren(
    ...events.reverse().map(({ time, kind, text }) => {
      const row = document.createElement("li");
      const when = document.createElement("time");
      const words = document.createElement("span");
      when.dateTime = time;
      when.textContent = new Date(time).toLocaleTimeString();
      words.textContent = text || kind;
      words.className = kind;
      row.append(when, words);
      return row;
    }),
  );
}

function show(run) {
  of("state").textContent = run.state;
  of("state").className = run.state;
  of("counts").textContent = pace(run);
  const share = run.state === "done" ? 1 : run.planned ? Math.min(1, run.seen / run.planned) : null;
  of("bar").hidden = share === null;
  if (share !== null) of("bar").value = share;
  const [sentence = "", ...figures] = run.quality;
  of("quality").textContent = sentence;
  of("figures").textContent = figures.join("; ");
  showGrids(run.grids);
  const drawn = run.charts.join("");
  if (of("charts").dataset.length !== `${drawn.length} ${run.seen}`) {
    of("charts").innerHTML = drawn;
    of("charts").dataset.length = `${drawn.length} ${run.seen}`;
  }
  showEvents(run.events);
  document.title = share === null ? document.title : `${Math.floor(100 * share)}% ${of("state").dataset.name}`;
}

async function ask() {
  try {
    const answer = await fetch("state.json");
    if (answer.ok) show(await answer.json());
  } catch {
    of("state").textContent = "kaogan watch has ended";
    of("state").className = "";
  }
  setTimeout(ask, 1000 * SECONDS);
}

of("state").dataset.name = document.title;
of("slider").addEventListener("input", showGrid);
ask();
