// What is seen of documents on their way in: the place to drop them, the paperclip, one line for
// each file. Needs intake.js. `element`, `props` come from Gradio.
const words = props.words;
const SHOWN = 100; // lines
const PAUSE = 150; // milliseconds between two drawings
const ORDER = ["refused", "uploading", "queued", "waiting", "cancelled", "ready"];
const intakes = new Map(); // by conversation
let drawing = null;

const title = make("strong", {});
const summary = make("span", { className: "summary" });
const stop = make("button", { type: "button", className: "stop", onclick: () => shown()?.cancel() }, words.cancelAll);
const close = button("close", words.close, () => { shown().closed = true; draw(); });
const bar = make("progress", { max: 1, ariaLabel: words.intake });
const note = make("p", { className: "intake-note" });
const list = make("ul", {});
const more = make("p", { className: "intake-note" });
const lines = make("details", { open: true }, make("summary", {}, title, summary), note, list, more);
const panel = make("section", { className: "intake", hidden: true, ariaLabel: words.intake }, lines, bar, stop, close);
const curtain = make("div", { className: "curtain", hidden: true },
  make("div", {}, make("strong", {}, words.drop), make("span", {}, words.dropInfo)));
summary.setAttribute("role", "status");
element.replaceChildren(panel);
(element.closest(".gradio-container") ?? document.body).append(curtain);

// ---- drawing

function shown() {
  return intakes.get(window.hearth.conversation?.().id);
}

function changed(intake) {
  if (intake === shown()) drawing ??= setTimeout(draw, PAUSE);
}

function draw() {
  clearTimeout(drawing);
  drawing = null;
  const intake = shown();
  panel.hidden = !intake?.rows.length || intake.closed;
  document.body.classList.toggle("hearth-intake", !panel.hidden);
  if (panel.hidden) return;
  const [ready, refused, total] = [intake.count("ready"), intake.count("refused"), intake.rows.length];
  title.textContent = intake.name;
  summary.textContent = said(refused ? words.progressRefused : words.progress, { ready, refused, total });
  note.textContent = [intake.fault, intake.note, intake.busy && ready ? words.askNow : ""].filter(Boolean).join(" ");
  bar.value = intake.progress;
  bar.hidden = stop.hidden = !intake.busy;
  close.hidden = intake.busy;
  if (intake.wasBusy && !intake.busy && !refused) lines.open = false;
  intake.wasBusy = intake.busy;
  drawLines(intake.rows);
}

function drawLines(rows) {
  const rank = (row) => ORDER.indexOf(row.state);
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN);
  const nodes = sorted.map(line);
  if (nodes.some((node, i) => list.children[i] !== node) || list.children.length !== nodes.length) {
    list.replaceChildren(...nodes);
  }
  more.textContent = rows.length > SHOWN ? said(words.more, { n: rows.length - SHOWN }) : "";
}

function line(row) {
  row.node ??= make("li", {}, make("span", { className: "path", title: row.path }, row.path), make("span", { className: "state" }));
  const text = stateOf(row);
  if (row.node.className !== row.state) row.node.className = row.state;
  if (row.node.children[1].textContent !== text) row.node.children[1].textContent = text;
  const again = row.node.querySelector(".retry");
  const may = row.state === "refused" && row.file;
  if (may && !again) row.node.append(button("retry", words.again, () => shown().again(row)));
  if (!may) again?.remove();
  return row.node;
}

function stateOf(row) {
  if (row.state === "refused") return row.text || words.refused;
  if (row.state === "uploading") return row.text || said(words.uploading, { sent: bytes(row.sent), size: bytes(row.size) });
  if (row.state === "queued") return said(words[row.stage === "waiting" ? "queued" : row.stage] ?? words.reading, row);
  if (row.state !== "ready") return words[row.state];
  const read = row.passages === 1 ? words.readyPassage : words.readyPassages;
  return [row.passages ? said(read, { n: row.passages }) : words.ready, row.text].filter(Boolean).join(" · ");
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${(count / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power]}`;
}

// ---- taking files in

function bring(found) {
  if (!found.files.length) return window.hearth.warn(words.nothing);
  const { id, title: talk, own } = window.hearth.conversation();
  const intake = intakes.get(id) ?? new Intake(id, own?.id, own?.name);
  intakes.set(id, intake);
  const date = new Date().toLocaleDateString();
  const single = found.files.length === 1 ? found.files[0].path : "";
  intake.name ||= printable(found.name || talk || single || said(words.collectionName, { date }), 200);
  intake.note = [found.more && said(words.tooMany, { n: MOST_FILES }), hiddenNote(found.hidden)].filter(Boolean).join(" ");
  intake.closed = false;
  lines.open = true;
  intake.add(found.files);
  draw();
}

function hiddenNote(n) {
  return n && (n === 1 ? words.leftOutOne : said(words.leftOut, { n }));
}

// The panel of the conversation that was opened; jobs that this page did not begin are found again.
async function reopened() {
  draw();
  const { id, own } = window.hearth.conversation?.() ?? {};
  if (!own || !window.hearth.key || intakes.has(id)) return;
  const intake = new Intake(id, own.id, own.name);
  intakes.set(id, intake);
  await intake.resume().catch(() => {}); // nothing is under way in a collection that is gone
}

// With a conversation goes what was brought for it, files and all.
async function forget({ chat, own }) {
  await intakes.get(chat)?.cancel();
  intakes.delete(chat);
  const path = `${STORES}/${own.id}`;
  const told = await listed(`${path}/files`).catch(() => []);
  for (const { id } of told.filter((one) => String(one.id).startsWith("file-"))) {
    await call("DELETE", `/v1/files/${id}`).catch(() => {});
  }
  await call("DELETE", path).catch((error) => window.hearth.warn(error.message));
}

function withFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

function onDrag(event) {
  if (!withFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type === "dragleave" && event.relatedTarget) return; // only from one element to the next
  curtain.hidden = event.type === "drop" || event.type === "dragleave";
  if (event.type === "drop") dropped(event.dataTransfer).then(bring);
}

function leaving(event) {
  const bringing = (row) => row.state === "waiting" || row.state === "uploading";
  if ([...intakes.values()].some((intake) => intake.rows.some(bringing))) event.preventDefault();
}

window.hearth.preparing = () => {
  const intake = shown();
  return Boolean(intake?.busy && !intake.count("ready"));
};
window.hearth.bring = bring;
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) window.addEventListener(type, onDrag, true);
for (const name of ["hearth:opened", "hearth:unlocked"]) window.addEventListener(name, reopened);
window.addEventListener("hearth:forget", (event) => forget(event.detail));
window.addEventListener("hearth:asked", () => { lines.open = false; });
window.addEventListener("beforeunload", leaving);
reopened();
