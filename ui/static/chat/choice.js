// Which collections answer, beside the model. `element`, `props` come from Gradio.
const words = props.words;
let known = []; // the collections that this visitor may read
let loading = false;
const gone = new Map(); // chosen once, and not among them
const rows = new Map();

const name = make("span", { className: "name" });
const badge = make("span", { className: "badge" }, words.onlyBadge);
const face = make("button", { type: "button", className: "face", onclick: () => toggle(menu.hidden) }, name, badge);
const list = make("ul", {});
const only = make("input", { type: "checkbox", role: "switch", onchange: () => choose({ only: only.checked }) });
const menu = make("div", { className: "menu", hidden: true },
  make("p", { className: "heading" }, words.choose),
  list,
  make("label", { className: "only" }, only, make("span", {}, words.only, make("small", {}, words.onlyInfo))),
  make("p", { className: "drop-hint" }, words.dropHint));
menu.setAttribute("role", "group");
menu.setAttribute("aria-label", words.documents);
element.replaceChildren(face, menu);

function chosen() {
  return window.hearth?.documents?.() ?? { collections: [], only: false };
}

function choose(change) {
  window.hearth.choose(change);
}

function draw() {
  const { collections, only: alone } = chosen();
  const names = collections.map((one) => one.name).join(", ");
  const several = said(words.several, { n: collections.length });
  name.textContent = [words.noDocuments, names][collections.length] ?? several;
  face.classList.toggle("chosen", collections.length > 0);
  badge.hidden = !(collections.length && alone);
  face.title = said(words.documentsOf, { names: names || words.noDocuments });
  face.setAttribute("aria-label", face.title);
  face.setAttribute("aria-expanded", String(!menu.hidden));
  only.checked = alone;
  only.disabled = !collections.length;
  if (!menu.hidden) drawList(collections);
}

// Lines stay while the menu is open, those of collections that are gone, too.
function drawList(collections) {
  const ids = new Set(known.map(({ id }) => id));
  for (const one of collections) if (!ids.has(one.id)) gone.set(one.id, one);
  const lines = [...[...gone.values()].filter(({ id }) => !ids.has(id)), ...known].map(line);
  const shown = lines.length ? lines : [make("li", { className: "none" }, words.noCollections)];
  if (shown.some((node, i) => node !== list.children[i]) || shown.length !== list.children.length) {
    list.replaceChildren(...shown);
  }
}

function line(one) {
  const isKnown = "file_counts" in one;
  const node = rows.get(one.id) ?? row(one);
  rows.set(one.id, node);
  node.querySelector("input").checked = isChosen(one);
  node.querySelector("small").textContent = isKnown ? info(one) : loading ? "" : words.gone;
  return node;
}

function isChosen({ id }) {
  return chosen().collections.some((one) => one.id === id);
}

function info({ file_counts: counts, access }) {
  const n = counts?.total ?? 0;
  return [n === 1 ? words.countOne : said(words.count, { n }), access === "reader" && words.shared].filter(Boolean).join(" · ");
}

function row({ id, name: given }) {
  const label = String(given || id);
  const box = make("input", { type: "checkbox", onchange: () => pick(id, label, box.checked) });
  return make("li", {}, make("label", {}, box, make("span", {}, label, make("small", {}))));
}

function pick(id, label, checked) {
  const others = chosen().collections.filter((one) => one.id !== id);
  choose({ collections: checked ? [...others, { id, name: label }] : others });
}

let closed = () => {};
async function toggle(open) {
  menu.hidden = !open;
  closed();
  if (open) closed = layer(() => { toggle(false); face.focus(); });
  loading = open;
  gone.clear();
  rows.clear();
  draw();
  if (!open) return;
  try {
    known = (await listed(STORES, { most: 10 })).reverse(); // the newest first
    loading = false;
    gone.clear();
    draw();
  } catch (error) {
    list.replaceChildren(make("li", { className: "none", role: "alert" }, error.message));
  }
}

// The documents' page leads here with a collection in the address: a new conversation asks it.
async function arrive() {
  const url = new URL(location.href);
  const id = url.searchParams.get("collection");
  if (!id || !window.hearth?.key || !window.hearth.choose) return;
  url.searchParams.delete("collection");
  history.replaceState(history.state, "", url);
  try {
    const { name: label } = await call("GET", `${STORES}/${encodeURIComponent(id)}`);
    say("hearth:open");
    choose({ collections: [{ id, name: label }] });
  } catch (error) {
    window.hearth.warn(error.message);
  }
}

window.addEventListener("click", (event) => menu.hidden || element.contains(event.target) || toggle(false));
for (const event of ["hearth:opened", "hearth:chosen"]) window.addEventListener(event, draw);
for (const event of ["hearth:opened", "hearth:unlocked"]) window.addEventListener(event, arrive);
draw();
arrive();
