// Small choices that are remembered where the browser has storage, and forgotten where not.

export function remembered(name, otherwise) {
  try {
    return localStorage.getItem(`kaogan: ${name}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`kaogan: ${name}`, value);
  } catch {
    // It is forgotten when the page is closed, and nothing else.
  }
}
