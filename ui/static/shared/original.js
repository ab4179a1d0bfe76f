// A document's file as it was brought. Needs library.js.
//
// It is fetched with the visitor's key, and its bytes tell what it is, not its name or the type that
// somebody gave it. Only what can do nothing in this page's origin opens in a tab: PDF, pictures of
// pixels, and text as plain text. All else is saved.
const SIGNATURES = [
  ["application/pdf", "%PDF-"],
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff"],
  ["image/gif", "GIF8"],
];
const SNIFFED = 4096; // bytes
const LONGEST_FETCH = 600_000; // milliseconds
const lent = new Map(); // links that lead to a file in this browser's memory, and its URL

function drawOriginal(box, source) {
  const label = source.page ? said(words.originalPage, source) : words.original;
  const link = make("a", { href: "#", className: "open-original", rel: "noopener", target: "_blank" }, label);
  link.onclick = (event) => {
    if (link.ready) return;
    event.preventDefault();
    fetchOriginal(link, source, label);
  };
  box.replaceChildren(link);
}

async function fetchOriginal(link, source, label) {
  if (link.fetching) return;
  link.fetching = true;
  link.textContent = words.opening;
  try {
    const blob = await originalOf(source);
    if (link.isConnected) await offer(link, blob, source);
    link.textContent = label;
  } catch (error) {
    link.textContent = error.message;
  }
  link.fetching = false;
}

async function originalOf({ collection, document: id }) {
  const path = `${STORES}/${encodeURIComponent(collection)}/files/${encodeURIComponent(id)}/original`;
  const headers = { Authorization: `Bearer ${window.hearth.key}` };
  const signal = AbortSignal.timeout(LONGEST_FETCH);
  const failed = (error) => lost(error);
  const response = await fetch(path, { headers, credentials: "omit", signal }).catch(failed);
  if (!response.ok) throw refusalOf({ status: response.status, json: await response.json().catch(() => null) });
  return response.blob().catch(failed);
}

// The link leads to the file from now on, and is followed at once where the browser lets it. Files of
// links that are no more on the page are let go.
async function offer(link, blob, source) {
  const type = await typeOf(blob);
  const url = URL.createObjectURL(new Blob([blob], { type: type || "application/octet-stream" }));
  const page = type === "application/pdf" && source.page ? `#page=${source.page}` : "";
  Object.assign(link, { href: url + page, ready: true });
  if (!type) Object.assign(link, { download: baseName(source.document_name), target: "" });
  for (const [old, to] of lent) if (!old.isConnected && lent.delete(old)) URL.revokeObjectURL(to);
  lent.set(link, url);
  if (navigator.userActivation?.isActive ?? true) link.click();
}

async function typeOf(blob) {
  const bytes = new Uint8Array(await blob.slice(0, SNIFFED).arrayBuffer());
  const begin = Array.from(bytes.subarray(0, 16), (byte) => String.fromCharCode(byte)).join("");
  const known = SIGNATURES.find(([, signature]) => begin.startsWith(signature));
  if (known) return known[0];
  return isText(bytes) ? "text/plain;charset=utf-8" : "";
}

// A character may be cut at the end of what was looked at.
function isText(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return false;
  }
  return !bytes.includes(0);
}

// Of what came in an archive, the original is the archive.
function baseName(name) {
  const path = printable(String(name), 1024).replace(/\.zip\/.*/i, ".zip");
  return path.split("/").at(-1) || "document";
}
