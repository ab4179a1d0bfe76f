// The list of collections.
const FEW = 8; // of which none has to be looked for
const PERIODS = 3000; // milliseconds between two looks while documents are being read
let known = []; // the newest first
let looks = 0, lastLook = 0; // begun, and the latest whose answer came
const lines = new Map(); // by id

const list = make("ul", {});
const find = make("input", { type: "search", className: "find", placeholder: words.find, ariaLabel: words.find, hidden: true, oninput: drawCollections });
const create = make("a", { className: "new", href: hrefOf(NEW) }, words.create);
const shelves = make("nav", { className: "shelves", ariaLabel: words.collections },
  make("div", { className: "head" }, make("h1", {}, words.title), create), find, list);

// An answer that a later look has overtaken is old.
async function loadCollections() {
  const look = ++looks;
  const found = await limited((signal) => listed(STORES, { most: 10, signal }));
  if (look < lastLook) return;
  lastLook = look;
  known = found.reverse();
  drawCollections();
}

function visible() {
  return known.filter(({ id }) => !gone.has(pathOf(id)));
}

function isMine(one) {
  return may.write && one.access !== "reader";
}

function drawCollections() {
  const all = visible();
  const wanted = find.value.trim().toLowerCase();
  const shown = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  find.hidden = all.length <= FEW;
  create.hidden = !may.write;
  const nodes = shown.map(shelf);
  if (nodes.some((node, i) => list.children[i] !== node) || list.children.length !== nodes.length) {
    list.replaceChildren(...nodes);
  }
}

// Its node stays the same, so that the focus does.
function shelf(one) {
  const node = lines.get(one.id) ?? make("li", {}, make("a", { href: hrefOf(one.id) }));
  lines.set(one.id, node);
  const link = node.firstChild;
  const { total } = countsOf(one);
  const about = dotted(countOf(total), one.usage_bytes > 0 && inBytes(one.usage_bytes), whoseOf(one));
  link.replaceChildren(make("strong", {}, one.name), make("small", {}, about), ...statesOf(one));
  if (one.id === place().id) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  return node;
}

// How many documents are in which state, those left out that are being deleted.
function countsOf(one) {
  const doomedHere = [...gone].filter((path) => path.startsWith(`${pathOf(one.id)}/`) && doomed.has(path));
  const counts = one.file_counts;
  return { ...counts, total: Math.max(0, counts.total - doomedHere.length) };
}

function whoseOf({ access, metadata }) {
  if (access === "reader") return words.sharedWithYou;
  if (access === "admin") return words.someoneElses;
  return metadata?.made_by === "chat" ? words.ofChat : "";
}

function statesOf({ status, file_counts: counts }) {
  const badge = (name, text) => make("small", { className: `badge ${name}` }, text);
  return [
    status === "expired" && badge("bad", words.expired),
    counts.in_progress > 0 && badge("busy", said(words.underWay, { n: counts.in_progress })),
    counts.failed > 0 && badge("bad", said(words.failedCount, { n: counts.failed })),
  ].filter(Boolean);
}

// While documents are being read, by whomever they were brought.
async function follow() {
  for (;;) {
    await pause(PERIODS);
    if (document.hidden || !known.some(({ file_counts: counts }) => counts.in_progress)) continue;
    await refresh().catch(() => {}); // the next look may go well
  }
}
