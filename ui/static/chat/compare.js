// Two versions of an answer side by side. Part of transcript.js, like versions.js, which it needs.
let comparing = null; // {place, pair, node, close}: `pair` are the two versions' numbers

// The version that is open at `place`, and version `other`.
function compare(place, other) {
  const { at = 0, others = [] } = chat.turns[place];
  if (live?.chat === chat || other < 0 || other > others.length) return;
  comparing?.close();
  const node = make("div", { className: "compare", role: "group", ariaLabel: words.compare });
  const turn = turns.children[place];
  const closed = layer(close);
  function close() {
    closed();
    node.remove();
    turn.classList.remove("comparing");
    comparing = null;
    turn.querySelector(".beside")?.focus({ preventScroll: true });
  }
  comparing = { place, node, close, pair: [Math.min(at, other), Math.max(at, other)] };
  turn.append(node);
  turn.classList.add("comparing");
  drawComparison();
  node.scrollIntoView({ block: "nearest" });
  node.querySelector(".keep").focus({ preventScroll: true });
}

function drawComparison() {
  const { place, node, pair, close } = comparing;
  const ways = waysOn(chat.turns, place);
  const leave = make("button", { type: "button", className: "leave", onclick: close }, words.closeComparison);
  node.replaceChildren(...pair.map((at, side) => column(ways, at, side)), leave);
}

function column(ways, at, side) {
  const parts = ["body", "sources", "note"].map((className) => make("div", { className }));
  const choose = () => {
    const { place, close } = comparing;
    close();
    leaf(place, at, "beside");
  };
  const keepIt = make("button", { type: "button", className: "keep", onclick: choose }, words.keepThis);
  const head = make("header", {}, ways.length > 2 ? picker(ways, at, side) : make("strong", {}, nameOf(ways, at)), keepIt);
  const node = make("article", { ariaLabel: nameOf(ways, at) }, head, ...parts);
  fillColumn(node, ways[at][0]);
  return node;
}

// What the server has drawn since: the columns stay, and with them the focus.
function refillComparison() {
  const ways = waysOn(chat.turns, comparing.place);
  comparing.pair.forEach((at, side) => fillColumn(comparing.node.children[side], ways[at][0]));
}

function fillColumn(node, turn) {
  const [, body, sources, note] = node.children;
  if (turn.html) patch(body, turn.html);
  else body.textContent = turn.text;
  body.classList.toggle("plain", !turn.html);
  fillSources(sources, turn);
  note.textContent = turn.note ?? "";
  node.turn = turn;
}

// Which version stands on a side, when there are more than two.
function picker(ways, at, side) {
  const option = (_, n) => new Option(nameOf(ways, n), n, false, n === at);
  const onchange = ({ target }) => {
    comparing.pair[side] = Number(target.value);
    drawComparison();
    comparing.node.querySelectorAll("select")[side].focus();
  };
  return make("select", { ariaLabel: words.version, onchange }, ...ways.map(option));
}

function nameOf(ways, at) {
  return [`${at + 1}/${ways.length}`, ways[at][0].model].filter(Boolean).join(" · ");
}
