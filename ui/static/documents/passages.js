// The passages of a document as they were cut, a window of them at a time.
const AT_A_TIME = 50;
let asked = { words: [], passage: "" }; // what was searched for last, and where it led

async function drawPassages(box, one, told, wanted) {
  const path = pathOf(one.id, "files", told.id, "passages");
  const all = await limited((signal) => listed(path, { query: "limit=1000", most: 20, signal }), current.signal);
  const at = all.findIndex(({ id }) => String(id) === wanted);
  const shown = { from: at < 0 ? 0 : Math.max(0, at - 2), to: 0 };
  shown.to = Math.min(all.length, shown.from + AT_A_TIME);
  const list = make("ol", { className: "passages" });
  const earlier = plain("more", words.earlier, () => widen(Math.max(0, shown.from - AT_A_TIME), shown.to));
  const later = plain("more", words.later, () => widen(shown.from, Math.min(all.length, shown.to + AT_A_TIME)));

  function widen(from, to) {
    const part = (start, end) => all.slice(start, end).map((_, i) => passageLine(one, told, all, start + i, wanted));
    list.prepend(...part(from, shown.from));
    list.append(...part(shown.to, to));
    Object.assign(shown, { from, to });
    earlier.hidden = from === 0;
    later.hidden = to === all.length;
  }

  const { from, to } = shown;
  shown.to = from;
  widen(from, to);
  const head = make("h4", {}, said(words.passagesOf, { n: inNumbers(all.length) }));
  const overlaps = all.some((passage, i) => i && passage.start < all[i - 1].end);
  box.append(head, make("p", { className: "hint" }, words.cutHint, overlaps ? ` ${words.overlapHint}` : ""), earlier, list, later);
  if (at < 0 && wanted) head.after(make("p", { className: "refusal", role: "alert" }, words.changed));
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  list.querySelector("[aria-current]")?.focus({ preventScroll: true });
}

function passageLine(one, told, all, place, wanted) {
  const passage = all[place];
  const { id, start, end, tokens } = passage;
  const where = make("header", {}, make("a", { href: hrefOf(one.id, "file", told.id, id) }, said(words.passage, { n: place + 1 })),
    make("span", {}, placeOf(passage)), make("small", {}, said(words.position, { start: inNumbers(start), end: inNumbers(end), tokens })));
  const before = place > 0 ? all[place - 1].end : 0;
  const marked = String(id) === wanted && asked.passage === wanted;
  const text = make("p", {}, ...(marked ? matched(passage.text, asked.words) : overlapping(passage, before)));
  const line = make("li", {}, where, text);
  if (passage.page !== null && told.media_type === "application/pdf") line.append(pageLink(one, told, passage));
  if (String(id) === wanted) Object.assign(line, { tabIndex: -1, ariaCurrent: "true" });
  return line;
}

function overlapping(passage, before) {
  const parts = highlighted(passage, { start: passage.start, end: Math.min(before, passage.end) });
  if (parts[1]) Object.assign(parts[1], { className: "overlap", title: words.overlap });
  return parts;
}

function pageLink(one, told, { page }) {
  const box = make("div", { className: "original small" });
  drawOriginal(box, { collection: one.id, document: told.id, document_name: told.name, page });
  return box;
}

// ---- words that are found again

// As the appliance compares them: by their beginning, numbers as they are.
function beginningOf(word) {
  if (!/^\p{L}+$/u.test(word)) return word;
  return (word.endsWith("s") && word.length > 3 ? word.slice(0, -1) : word).slice(0, 5);
}

function matched(text, beginnings) {
  const known = new Set(beginnings);
  return text.split(/([\p{L}\p{N}_]+)/u).map((part, i) =>
    i % 2 && known.has(beginningOf(part.toLowerCase())) ? make("mark", {}, part) : part);
}
