// The collections beside the one that is open. `element` comes from Gradio, `words` from places.js.
const VIEWS = { "": drawDocuments, search: drawSearch, settings: drawSettings, file: drawDocument };
const SOON = 500; // milliseconds
let renew = async () => {}; // what of the open view may have changed
let soon = null;
let drawn = ""; // the collection that is open

const body = make("div", { className: "inside" });
const opened = make("section", { className: "opened" });
element.replaceChildren(make("div", { className: "shelf" }, shelves, opened), files, folder);
(element.closest(".gradio-container") ?? document.body).append(toasts);

function collectionOf(id) {
  return visible().find((one) => one.id === id);
}

async function show() {
  current.abort();
  current = new AbortController();
  renew = async () => {};
  const { signal } = current;
  const { id, view: name, rest } = place();
  const isAtTab = tabs.contains(document.activeElement);
  const one = collectionOf(id);
  if (!id && WIDE.matches && visible().length) return location.replace(hrefOf(visible()[0].id));
  drawCollections();
  element.dataset.at = visible().length ? (id ? "inside" : "list") : "alone";
  body.replaceChildren();
  opened.replaceChildren(...(one ? [head, body] : [body]));
  if (one) drawHead(one, name);
  if (isAtTab) tabs.querySelector("[aria-current]")?.focus({ preventScroll: true });
  drawn = one?.id ?? "";
  if (drawn) resume(one);
  view.draw();
  try {
    if (one) await (VIEWS[name] ?? drawDocuments)(body, one, rest);
    else if (id === NEW || !visible().length) drawWelcome(body);
    else if (id) body.append(make("p", { className: "nothing" }, words.noCollection));
  } catch (error) {
    if (!signal.aborted) body.prepend(complaint(error));
  }
}

// What may have changed, without drawing all of it again.
async function refresh() {
  await loadCollections();
  const one = collectionOf(place().id);
  if ((one?.id ?? "") !== drawn) return show();
  if (one) drawCounts(one);
  await renew().catch((error) => error.name === "AbortError" || tell(error.message));
}

// Where nobody waits for it, what goes wrong is said.
function refreshNow() {
  return refresh().catch((error) => tell(error.message));
}

function refreshSoon() {
  soon ??= setTimeout(() => { soon = null; refreshNow(); }, SOON);
}

async function enter() {
  try {
    const key = await limited((signal) => call("GET", "/v1/key", { signal }));
    may = { write: key.admin || key.scopes.includes("ingest"), admin: key.admin };
    await loadCollections();
    await show();
    follow();
  } catch (error) {
    opened.replaceChildren(complaint(error));
  }
}

takeDrops(element, bring, dropHint, mayDrop);
window.addEventListener("hashchange", show);
window.addEventListener("pageshow", (event) => event.persisted && refreshSoon());
onceUnlocked(enter);
