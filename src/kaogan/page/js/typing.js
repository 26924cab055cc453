// A field that takes a seed, a latent or a whole link.

import { byId } from "./dom.js";
import { faceOfTyping } from "./face.js";
import { inWords } from "./sentence.js";
import { say } from "./status.js";

export function wireTyping(form, field, page) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const input = byId(field);
    if (!input.value.trim()) return;
    try {
      page.open(faceOfTyping(input.value, page.about));
      input.removeAttribute("aria-invalid");
    } catch (error) {
      input.setAttribute("aria-invalid", "true");
      say(inWords(error, "This is neither a seed nor a latent."));
    }
  });
  byId(field).addEventListener("input", (event) => event.target.removeAttribute("aria-invalid"));
}
