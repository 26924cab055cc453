// What is wished for: values of the generator's attributes, chosen from lists.

import { byId, el } from "./dom.js";
import { wished } from "./face.js";

const ANY = "";
const LEVELS = [["very low", "0.1"], ["low", "0.3"], ["middle", "0.5"], ["high", "0.7"], ["very high", "0.9"]];

/** A list for each attribute. A choice is for the face that is shown, and for all that are drawn next. */
export function wireWishes({ about, store }) {
  byId("wishes-group").hidden = !about.labels.length;
  byId("wishes-group").open = matchMedia("(min-width: 761px)").matches; // a phone shows the wall sooner
  const rows = about.labels.map(({ attribute, kind, entries }) => {
    const id = `wish-${attribute.replace(/\W+/g, "-")}`;
    const choices = kind === "number" ? LEVELS : entries.map((entry) => [entry.replaceAll("-", " "), entry]);
    const list = el("select", { id }, el("option", { value: ANY }, "any"), choices.map(([words, value]) => el("option", { value }, words)));
    list.addEventListener("change", () => wish(attribute, list.value || undefined));
    return { attribute, list, row: el("div", { class: "wish" }, el("label", { for: id }, attribute.replaceAll("-", " ")), list) };
  });
  byId("wishes").append(...rows.map(({ row }) => row));
  byId("no-wishes").addEventListener("click", () => take({ ...store.state.face, wishes: {} }));

  const wish = (name, value) => take(wished(store.state.face, name, value));

  function take(face) {
    store.change({ face: Object.freeze(face), view: "face", wall: { ...store.state.wall, wishes: face.wishes } });
  }

  function show({ face }) {
    for (const { attribute, list } of rows) {
      const value = face.wishes[attribute] ?? ANY;
      const known = [...list.options].some((option) => option.value === value);
      if (!known) list.append(el("option", { value }, value)); // a number of an address
      list.value = value;
      list.classList.toggle("chosen", value !== ANY);
    }
    byId("no-wishes").disabled = !Object.keys(face.wishes).length;
  }
  store.watch((state, before) => state.face !== before.face && show(state));
  show(store.state);
}
