// A link to a face, with a true word about where it works.

import { hashOf } from "./address.js";
import { say } from "./status.js";

const LOCAL = ["127.0.0.1", "localhost"];

function where() {
  if (location.protocol === "file:") return "It works on this computer, as long as the file stays where it is.";
  if (LOCAL.includes(location.hostname)) return "It works on this computer only, while kaogan explore runs.";
  return "It opens this face for everybody who can open this page.";
}

export async function copyLink(face) {
  const link = location.href.replace(/#.*|$/, hashOf({ view: "face", face }));
  try {
    await navigator.clipboard.writeText(link);
    say(`The link is copied. ${where()}`);
  } catch {
    say("This browser does not let the page copy. The address above is the link.");
  }
}
