import { byId } from "./dom.js";
import { remember, remembered } from "./preferences.js";

/** Light or dark as the system is, unless somebody chose. */
export function followTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = byId("theme");
  let chosen = remembered("theme", "");

  function show() {
    const theme = chosen || (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-label", theme === "dark" ? "Light colours" : "Dark colours");
  }

  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember("theme", chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}
