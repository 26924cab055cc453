// Everything the page reads, by the name it has in the page's folder: "model/about.json".
// Either from the page's own origin, or, in the single file, from an element that holds it:
//     <script type="text/plain" data-name="model/about.json">BASE64 OF GZIP</script>

const TYPES = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm", webp: "image/webp", mp4: "video/mp4" };

const inlined = (name) => document.querySelector(`script[data-name="${CSS.escape(name)}"]`);

/** The file's bytes (Uint8Array). Throws an Error if there is none. */
export async function bytes(name) {
  const element = inlined(name);
  if (element) return unpack(element.textContent);
  const response = await fetch(new URL(name, document.baseURI));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The file's content, parsed as JSON. */
export async function json(name) {
  return JSON.parse(new TextDecoder().decode(await bytes(name)));
}

/** An address that an element or an import() can load the file from. */
export async function url(name) {
  if (!inlined(name)) return new URL(name, document.baseURI).href;
  const type = TYPES[name.split(".").pop()] ?? "application/octet-stream";
  return URL.createObjectURL(new Blob([await bytes(name)], { type }));
}

async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
