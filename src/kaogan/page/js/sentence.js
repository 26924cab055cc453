/** An error whose message is meant for the person in front of the page. */
export class Sentence extends Error {}

/** The message of a Sentence; otherwise `fallback`, with the error in the console for developers. */
export function inWords(error, fallback) {
  if (error instanceof Sentence) return error.message;
  console.warn(error);
  return fallback;
}
