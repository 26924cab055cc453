// Puts the page together. Parts know one another only through `page`: the store, the artist who
// draws, about.json, and a few things to ask for.

import { follow } from "./address.js";
import { Artist } from "./artist.js";
import { byId } from "./dom.js";
import { wireDrop } from "./drop.js";
import { explain } from "./explain.js";
import { randomFace } from "./face.js";
import { kept } from "./favourites.js";
import { wireKeyboard } from "./keyboard.js";
import { Mixer } from "./mixer.js";
import { loadGenerator } from "./model.js";
import { Player } from "./playback.js";
import { Portrait } from "./portrait.js";
import { json } from "./resources.js";
import { inWords } from "./sentence.js";
import { Shelf } from "./shelf.js";
import { complain, say } from "./status.js";
import { Store } from "./store.js";
import { wireSweeps } from "./sweep.js";
import { followTheme } from "./theme.js";
import { wireTyping } from "./typing.js";
import { Wall } from "./wall.js";

const CANNOT_DRAW = "The generator failed while drawing; reloading the page may help.";

function firstState(about) {
  const wall = { from: "0", truncation: 1, wishes: {} };
  const corners = [0, 1, 2, 3].map(randomFace);
  return { view: "wall", wall, face: randomFace(), corners, at: [0.5, 0.5], kept: kept(about) };
}

/** Resolves to an artist at once; what it is asked to draw waits until the generator is there. */
function artistFor(about) {
  const loading = loadGenerator(about);
  loading.then(
    () => document.body.classList.add("ready"),
    (error) => {
      document.body.classList.add("without-generator");
      complain(inWords(error, "The generator could not be loaded; what needs no generator still works."));
    },
  );
  return { artist: new Artist(async (inputs) => (await loading)(inputs)), loading };
}

function showViews(store) {
  function show({ view }) {
    for (const section of document.querySelectorAll("main > section")) section.hidden = !section.dataset.views.split(" ").includes(view);
    for (const link of document.querySelectorAll("[data-view]")) {
      const here = link.dataset.view === (view === "face" ? "wall" : view);
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  store.watch((state, before) => {
    if (state.view === before.view) return;
    show(state);
    if (state.view !== "wall" || before.view !== "face") scrollTo({ top: 0, behavior: "instant" });
  });
  show(store.state);
}

async function main() {
  followTheme();
  let about;
  try {
    about = await json("model/about.json");
  } catch (error) {
    complain(inWords(error, "This page’s model cannot be read: model/about.json is missing or damaged."));
    byId("help-open").addEventListener("click", () => byId("help").showModal());
    return;
  }
  byId("title").textContent = document.title = about.title;
  const store = new Store(firstState(about));
  const { artist, loading } = artistFor(about);
  let told = false;
  const page = {
    about,
    artist,
    store,
    open: (face) => {
      const elsewhere = document.activeElement.closest("#view-wall, #view-mix, #view-kept");
      store.change({ face, view: "face" });
      scrollTo({ top: 0, behavior: "instant" });
      if (elsewhere) byId("another").focus({ preventScroll: true }); // where the eye goes
    },
    addToMix: (face) => mixer.add(face),
    // A picture that cannot be drawn is null; the reason is told once, by whoever knows it first.
    broken: (error) => {
      if (!told && document.body.classList.contains("ready")) complain(inWords(error, CANNOT_DRAW));
      told = true;
      return null;
    },
  };
  showViews(store);
  const portrait = new Portrait(page);
  const mixer = new Mixer(page);
  const wall = new Wall(page);
  new Shelf(page);
  new Player(page);
  wireTyping(page);
  wireSweeps(page);
  wireDrop(page, (face, picture) => portrait.accompany(face, picture));
  wireKeyboard({ store, wall, portrait, mixer });
  follow(store, about, say);
  explain(page, loading);
}

main().finally(() => document.querySelector("main").removeAttribute("aria-busy"));
