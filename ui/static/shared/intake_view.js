// What is seen of an `Intake`: how far all of it is, and one line for each file. Needs intake.js and amounts.js.
const SHOWN = 100; // lines
const PAUSE = 150; // milliseconds between two drawings
const ORDER = ["refused", "uploading", "queued", "waiting", "cancelled", "ready"];

class IntakeView {
  // `shown()`: the intake that is to be seen, if there is one; `label`: what such things are called,
  // `titleOf(intake)`: what this one is.
  constructor(shown, label, titleOf = ({ name }) => name) {
    Object.assign(this, { shown, titleOf, drawing: null });
    this.title = make("strong", {});
    this.summary = make("span", { className: "summary" });
    this.summary.setAttribute("role", "status");
    const stop = () => this.shown()?.cancel();
    const again = () => { const intake = this.shown(); for (const row of failed(intake)) intake.again(row); };
    this.stop = make("button", { type: "button", className: "stop", onclick: stop }, words.cancelAll);
    this.retry = make("button", { type: "button", className: "stop", onclick: again }, words.againAll);
    this.close = button("close", words.close, () => { this.shown().closed = true; this.draw(); });
    this.bar = make("progress", { max: 1, ariaLabel: label });
    this.note = make("p", { className: "intake-note" });
    this.list = make("ul", {});
    this.more = make("p", { className: "intake-note" });
    this.lines = make("details", { open: true },
      make("summary", {}, this.title, this.summary), this.note, this.list, this.more);
    const controls = [this.bar, this.stop, this.retry, this.close];
    this.panel = make("section", { className: "intake", hidden: true, ariaLabel: label }, this.lines, ...controls);
  }

  // Soon: what changes often is drawn seldom.
  changed(intake) {
    if (intake === this.shown()) this.drawing ??= setTimeout(() => this.draw(), PAUSE);
  }

  draw() {
    clearTimeout(this.drawing);
    this.drawing = null;
    const intake = this.shown();
    this.panel.hidden = !intake?.rows.length || intake.closed;
    if (this.panel.hidden) return;
    const [ready, refused, total] = [intake.count("ready"), intake.count("refused"), intake.rows.length];
    this.title.textContent = this.titleOf(intake);
    tellOnce(this.summary, said(refused ? words.progressRefused : words.progress, { ready, refused, total }));
    const askNow = intake.busy && ready ? words.askNow : "";
    this.note.textContent = [intake.fault, intake.note, askNow].filter(Boolean).join(" ");
    this.bar.value = intake.progress;
    this.bar.hidden = this.stop.hidden = !intake.busy;
    this.retry.hidden = intake.busy || failed(intake).length < 2;
    this.close.hidden = intake.busy;
    if (intake.wasBusy && !intake.busy && !refused) this.lines.open = false;
    intake.wasBusy = intake.busy;
    this.drawLines(intake.rows);
  }

  drawLines(rows) {
    const focused = this.list.contains(document.activeElement) && document.activeElement;
    const rank = (row) => ORDER.indexOf(row.state);
    const sorted = [...rows].sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN);
    const nodes = sorted.map((row) => this.line(row));
    const { children } = this.list;
    if (nodes.some((node, i) => children[i] !== node) || children.length !== nodes.length) {
      this.list.replaceChildren(...nodes);
    }
    if (focused) (focused.isConnected ? focused : this.lines.firstChild).focus({ preventScroll: true });
    this.more.textContent = rows.length > SHOWN ? said(words.more, { n: rows.length - SHOWN }) : "";
  }

  line(row) {
    row.node ??= make("li", {},
      make("span", { className: "path", title: row.path }, row.path), make("span", { className: "state" }));
    const text = stateOf(row);
    if (row.node.className !== row.state) row.node.className = row.state;
    if (row.node.children[1].textContent !== text) row.node.children[1].textContent = text;
    const again = row.node.querySelector(".retry");
    const may = mayAgain(row);
    if (may && !again) row.node.append(button("retry", words.again, () => this.shown().again(row)));
    if (!may) again?.remove();
    return row.node;
  }
}

function mayAgain(row) {
  return row.state === "refused" && row.passing;
}

function failed(intake) {
  return intake.rows.filter(mayAgain);
}

function stateOf(row) {
  if (row.state === "refused") return row.text || words.refused;
  if (row.state === "uploading") return row.text || said(words.uploading, { sent: inBytes(row.sent), size: inBytes(row.size) });
  if (row.state === "queued") return stageOf(row);
  if (row.state !== "ready") return words[row.state];
  return [readyOf(row.passages), row.text].filter(Boolean).join(" · ");
}

// How far the reading of a document is.
function stageOf({ stage, done, total }) {
  return said(words[stage === "waiting" ? "queued" : stage] ?? words.reading, { done, total });
}

function readyOf(n) {
  return n ? said(n === 1 ? words.readyPassage : words.readyPassages, { n }) : words.ready;
}

// What of a drop or a pick is not taken, in words.
function leftOut({ more, hidden }) {
  const few = hidden === 1 ? words.leftOutOne : said(words.leftOut, { n: hidden });
  return [more && said(words.tooMany, { n: MOST_FILES }), hidden && few].filter(Boolean).join(" ");
}

// What a collection of these files is called, if nobody says otherwise.
function nameFor(found, other = "") {
  const single = found.files.length === 1 ? found.files[0].path : "";
  const date = new Date().toLocaleDateString();
  return printable(found.name || other || single || said(words.collectionName, { date }), 200);
}
