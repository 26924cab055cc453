// Puts the page together. Parts know one another only through `page`: the store, the artist who
// draws, about.json, and a few things to ask for.

import { follow } from "./address.js";
import { Artist } from "./artist.js";
import { byId } from "./dom.js";
import { wireDrop } from "./drop.js";
import { explain } from "./explain.js";
import { kept } from "./favourites.js";
import { wireKeyboard } from "./keyboard.js";
import { Mixer, randomFace } from "./mixer.js";
import { loadGenerator } from "./model.js";
import { Player } from "./playback.js";
import { Portrait } from "./portrait.js";
import { json } from "./resources.js";
import { inWords } from "./sentence.js";
import { Shelf } from "./shelf.js";
import { complain, say } from "./status.js";
import { Store } from "./store.js";
import { followTheme } from "./theme.js";
import { wireTyping } from "./typing.js";
import { Wall } from "./wall.js";

const CANNOT_DRAW = "The generator failed while drawing; reloading the page may help.";

function firstState(about) {
  const wall = { from: "0", truncation: 1 };
  const corners = [0, 1, 2, 3].map(randomFace);
  return { view: "wall", wall, face: null, corners, at: [0.5, 0.5], kept: kept(about) };
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
  return { artist: new Artist(async (latents) => (await loading)(latents)), loading };
}

function showViews(store) {
  function show({ view }) {
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${view}`;
    for (const link of document.querySelectorAll("[data-view]")) {
      const here = link.dataset.view === (view === "face" ? "wall" : view);
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  const scrolled = {}; // how far each view was scrolled
  store.watch((state, before) => {
    if (state.view === before.view) return;
    scrolled[before.view] = scrollY;
    show(state);
    scrollTo({ top: state.view === "wall" || state.view === "kept" ? (scrolled[state.view] ?? 0) : 0, behavior: "instant" });
  });
  show(store.state);
}

/** Focus goes where the eye goes: to the open face, and back to where it was opened. */
function moveFocus(store, wall) {
  store.watch((state, before) => {
    if (state.view === "face" && before.view !== "face") byId("face-close").focus({ preventScroll: true });
    if (state.view === "wall" && before.view === "face" && state.face?.seed) wall.focus(state.face.seed);
  });
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
    open: (face) => store.change({ face, view: "face" }),
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
  wireTyping("typing", "typed", page);
  wireDrop(about, (face, picture) => {
    portrait.accompany(face, picture);
    page.open(face);
  });
  wireKeyboard({ store, wall, portrait, mixer });
  moveFocus(store, wall);
  follow(store, about, say);
  explain(page, loading);
}

main().finally(() => document.querySelector("main").removeAttribute("aria-busy"));
