// The passage behind a citation, beside the conversation. `element`, `props` come from Gradio.
// What comes from documents is only ever text here.
const words = props.words;
let opened = null; // {source, from, passages, at}

const heading = make("h2", { tabIndex: -1 });
const close = button("close", words.close, () => shut());
const where = make("p", { className: "where" });
const verdict = make("p", { className: "verdict" });
const text = make("div", { className: "passage" });
const previous = button("previous", words.previous, () => turn(-1));
const count = make("span", {});
const next = button("next", words.next, () => turn(1));
const steps = make("div", { className: "steps" }, previous, count, next);
const original = make("div", { className: "original" });
const panel = make("aside", { className: "reader", hidden: true },
  make("header", {}, heading, close), where, verdict, steps, text, original);
panel.setAttribute("aria-label", words.source);
// Not inside the conversation, which would keep it below the sidebars.
(element.closest(".gradio-container") ?? document.body).append(panel);

let closed = () => {};
async function open({ source, from }) {
  const mine = { source, from, passages: [], at: 0 };
  opened?.from.removeAttribute("aria-expanded");
  closed();
  closed = layer(shut);
  opened = mine;
  panel.hidden = false;
  from.setAttribute("aria-expanded", "true");
  document.body.classList.add("hearth-reading");
  heading.textContent = source.document_name || words.noSource;
  drawVerdict(source);
  fill(words.loading);
  original.replaceChildren();
  heading.focus();
  if (!source.document) return fill("");
  try {
    mine.passages = await passagesOf(source);
    mine.at = mine.passages.findIndex(({ id }) => String(id) === String(source.passage));
    if (mine !== opened) return;
    drawOriginal(original, source);
    if (mine.at < 0) fill(words.changed);
    else draw();
  } catch (error) {
    if (mine === opened) fill(error.message);
  }
}

function shut() {
  closed();
  if (!opened) return;
  panel.hidden = true;
  document.body.classList.remove("hearth-reading");
  opened.from.removeAttribute("aria-expanded");
  if (panel.contains(document.activeElement) || document.activeElement === document.body) back(opened.from);
  opened = null;
  original.replaceChildren(); // and with it goes the copy of the file
}

// An answer that grew may have drawn the mark anew.
function back(from) {
  (from.isConnected ? from : document.querySelector("#ask textarea"))?.focus();
}

// Without a passage to show, `message` stands for it.
function fill(message) {
  where.textContent = placeOf(opened.source);
  steps.hidden = true;
  text.className = "passage message";
  text.textContent = message;
}

function draw() {
  const { passages, at, source } = opened;
  const passage = passages[at];
  where.textContent = placeOf(passage.id === String(source.passage) ? { ...passage, page: source.page } : passage);
  steps.hidden = false;
  count.textContent = said(words.passageOf, { n: at + 1, total: passages.length });
  previous.disabled = at === 0;
  next.disabled = at === passages.length - 1;
  text.className = "passage";
  text.replaceChildren(...highlighted(passage, source.quote ? source : {}));
  text.scrollTop = 0;
  text.querySelector("mark")?.scrollIntoView({ block: "nearest" });
}

function drawVerdict({ verdict: found, document: id, missing }) {
  verdict.className = `verdict ${found ?? ""}`;
  verdict.textContent = found ? words[id ? `${found}Info` : "noSourceInfo"] : "";
  if (missing?.length) verdict.append(make("span", {}, missingText(missing)));
}

function turn(step) {
  const at = opened.at + step;
  if (!opened.passages[at]) return;
  opened.at = at;
  draw();
}

const known = new Map(); // the passages of the documents read last
async function passagesOf({ collection, document: id }) {
  const path = `${STORES}/${encodeURIComponent(collection)}/files/${encodeURIComponent(id)}/passages`;
  const found = known.get(path) ?? (await listed(path, { query: "limit=1000" }));
  known.delete(path);
  known.set(path, found);
  if (known.size > 8) known.delete(known.keys().next().value);
  return found;
}

window.addEventListener("hearth:cite", (event) => open(event.detail));
window.addEventListener("hearth:opened", shut);
panel.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
});
