// A passage of a document: where it stands, and which part of it is meant. Needs store.js.

function placeOf({ page, heading, headings }) {
  const path = headings?.length ? headings.join(" › ") : heading;
  return [page != null && said(words.page, { page }), path].filter(Boolean).join(" · ");
}

// `start` and `end` are characters of the document, not JavaScript's halves of them.
function highlighted(passage, { start, end }) {
  const letters = Array.from(String(passage.text));
  const from = Math.max(0, (start ?? 0) - passage.start);
  const to = Math.min(letters.length, (end ?? 0) - passage.start);
  if (from >= to) return [passage.text];
  const parts = [letters.slice(0, from), letters.slice(from, to), letters.slice(to)].map((part) => part.join(""));
  return [parts[0], make("mark", {}, parts[1]), parts[2]];
}
