// What conversations say, for the sidebar's search. Needs store.js and tree.js.
const texts = new Map(); // by conversation: {at, text}, as it was at that time

// Of `query` in a conversation of the list: null: it is not there; []: its title has it; else a
// piece of its text, [before, it, behind].
function found({ id, at, title }, query) {
  const wanted = query.toLocaleLowerCase();
  if ((title ?? "").toLocaleLowerCase().includes(wanted)) return [];
  const text = textOf(id, at);
  const place = text.toLocaleLowerCase().indexOf(wanted);
  return place < 0 ? null : piece(text, place, query.length);
}

function textOf(id, at) {
  if (texts.get(id)?.at !== at) {
    const turns = everyTurn(store.read(id)?.turns ?? []);
    texts.set(id, { at, text: turns.map(({ text }) => text).join("\n") });
  }
  return texts.get(id).text;
}

function piece(text, place, length) {
  const end = place + length;
  const before = text.slice(Math.max(0, place - 24), place).replace(/\s+/g, " ");
  const lead = place > 24 ? `… ${before.replace(/^\S* /, "")}` : before;
  return [lead, text.slice(place, end), text.slice(end, end + 60).replace(/\s+/g, " ")];
}
