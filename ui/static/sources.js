// What an answer cites, under it. Part of transcript.js, which has `chat` and `words`. Names and
// words of documents are only ever text here.
const WORST = ["unsupported", "partial", "verified"];

function fillSources(box, turn) {
  const drawn = JSON.stringify([turn.citations, turn.sources, turn.state === "done"]);
  if (box.drawn === drawn) return;
  box.drawn = drawn;
  const cited = grouped(turn.citations ?? []);
  const numbers = new Set(cited.map((group) => group[0].number));
  const others = (turn.sources ?? []).filter((source) => !numbers.has(source.number));
  box.replaceChildren();
  if (cited.length) {
    box.append(make("h4", {}, words.sources), make("ol", {}, ...cited.map(citedLine)));
  }
  if (others.length && turn.state === "done") box.append(uncited(others, !cited.length));
}

// Citations of the same passage belong together.
function grouped(citations) {
  const groups = new Map();
  for (const one of citations) {
    const key = `${one.number} ${one.document} ${one.passage}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].sort((a, b) => a[0].number - b[0].number);
}

function citedLine(group) {
  const verdict = WORST.find((one) => group.some((citation) => citation.verdict === one));
  const shown = group.find((citation) => citation.verdict === verdict);
  const line = make("li", {}, sourceButton(shown, verdict));
  const missing = [...new Set(group.flatMap((citation) => citation.missing))];
  if (missing.length) line.append(make("p", { className: "missing" }, missingText(missing)));
  return line;
}

function sourceButton(source, verdict) {
  const where = [source.page !== null && said(words.page, source), source.heading].filter(Boolean).join(" · ");
  const node = make("button", { type: "button", className: `source ${verdict ?? ""}` },
    make("b", {}, String(source.number)),
    make("span", { className: "document" }, source.document_name || words.noSource),
    make("span", { className: "where" }, where));
  if (verdict) node.append(make("span", { className: "verdict", title: words[`${verdict}Info`] }, words[verdict]));
  node.onclick = () => say("hearth:cite", { source, from: node });
  return node;
}

function uncited(sources, all) {
  const text = said(all ? words.uncited : words.alsoRead, { n: sources.length });
  const lines = sources.map((source) => make("li", {}, sourceButton(source)));
  return make("details", {}, make("summary", {}, text), make("ol", {}, ...lines));
}

// The click on a mark in the text.
function openMark(node) {
  const place = [...turns.children].indexOf(node.closest(".turn"));
  const source = chat.turns[place]?.citations?.[node.dataset.place];
  if (source) say("hearth:cite", { source, from: node });
}
