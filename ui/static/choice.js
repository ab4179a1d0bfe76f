// Which collections answer, beside the model. `element`, `props` come from Gradio.
const words = props.words;
let known = []; // the collections that this visitor may read

const name = make("span", { className: "name" });
const face = make("button", { type: "button", className: "face", onclick: () => toggle(menu.hidden) }, name);
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
  return window.hearth.documents?.() ?? { collections: [], only: false };
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
  face.classList.toggle("alone", collections.length > 0 && alone);
  face.title = said(words.documentsOf, { names: names || words.noDocuments });
  face.setAttribute("aria-label", face.title);
  face.setAttribute("aria-expanded", String(!menu.hidden));
  only.checked = alone;
  only.disabled = !collections.length;
  if (!menu.hidden) drawList(collections);
}

function drawList(collections) {
  const gone = collections.filter((one) => !known.some(({ id }) => id === one.id));
  const rows = [...gone.map((one) => row(one, words.gone, true)), ...known.map((one) => row(one, info(one), isChosen(one)))];
  const focused = [...list.querySelectorAll("input")].findIndex((box) => box === document.activeElement);
  list.replaceChildren(...(rows.length ? rows : [make("li", { className: "none" }, words.noCollections)]));
  list.querySelectorAll("input")[focused]?.focus();
}

function isChosen({ id }) {
  return chosen().collections.some((one) => one.id === id);
}

function info({ file_counts: counts, access }) {
  const n = counts?.total ?? 0;
  return [n === 1 ? words.countOne : said(words.count, { n }), access === "reader" && words.shared].filter(Boolean).join(" · ");
}

function row(one, text, checked) {
  const label = String(one.name || one.id);
  const box = make("input", { type: "checkbox", checked, onchange: () => pick(one.id, label, box.checked) });
  return make("li", {}, make("label", {}, box, make("span", {}, label, make("small", {}, text))));
}

function pick(id, label, checked) {
  const others = chosen().collections.filter((one) => one.id !== id);
  choose({ collections: checked ? [...others, { id, name: label }] : others });
}

async function toggle(open) {
  menu.hidden = !open;
  draw();
  if (!open) return;
  try {
    known = (await listed(STORES, { most: 10 })).reverse(); // the newest first
    draw();
  } catch (error) {
    list.replaceChildren(make("li", { className: "none", role: "alert" }, error.message));
  }
}

element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu.hidden) return;
  event.stopPropagation();
  toggle(false);
  face.focus();
});
window.addEventListener("click", (event) => menu.hidden || element.contains(event.target) || toggle(false));
for (const event of ["hearth:opened", "hearth:chosen"]) window.addEventListener(event, draw);
draw();
