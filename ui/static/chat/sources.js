// What an answer cites, under it. Part of transcript.js, which has `chat` and `words`. Names and
// words of documents are only ever text here.
const BEST = ["verified", "partial", "unsupported"];

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

function grouped(citations) {
  const groups = new Map();
  for (const one of citations) groups.set(one.number, [...(groups.get(one.number) ?? []), one]);
  return [...groups.values()].sort((a, b) => a[0].number - b[0].number);
}

function citedLine(group) {
  const verdicts = BEST.filter((one) => group.some(({ verdict }) => verdict === one));
  const line = make("li", {}, sourceButton(group.find(({ verdict }) => verdict === verdicts[0]), verdicts));
  const missing = [...new Set(group.flatMap((citation) => citation.missing))];
  if (missing.length) line.append(make("p", { className: "missing" }, missingText(missing)));
  return line;
}

// `verdicts`: how its citations in this answer were judged.
function sourceButton(source, verdicts = []) {
  const where = [source.page !== null && said(words.page, source), source.heading].filter(Boolean).join(" · ");
  const node = make("button", { type: "button", className: "source" },
    make("b", {}, String(source.number)),
    make("span", { className: "document" }, source.document_name || words.noSource),
    make("span", { className: "where" }, where));
  const badge = (one) => make("span", { className: `verdict ${one}`, title: words[`${one}Info`] }, words[one]);
  node.append(...verdicts.map(badge));
  node.onclick = () => say("hearth:cite", { source, from: node });
  return node;
}

function uncited(sources, all) {
  const none = sources.length === 1 ? words.uncitedOne : words.uncited;
  const text = said(all ? none : words.alsoRead, { n: sources.length });
  const lines = sources.map((source) => make("li", {}, sourceButton(source)));
  return make("details", {}, make("summary", {}, text), make("ol", {}, ...lines));
}

// The click on a mark in the text.
function openMark(node) {
  const turn = node.closest("article")?.turn ?? chat.turns[[...turns.children].indexOf(node.closest(".turn"))];
  const source = turn?.citations?.[node.dataset.place];
  if (source) say("hearth:cite", { source, from: node });
}
