// Conversations as files: out of this browser, back into it, and over from other programs. Needs
// store.js, tree.js, received.js, foreign.js, unzipped.js.

const LARGEST = 5 * 2 ** 20; // bytes of a file of ours; a browser keeps about as much
const MOST_READ = 64 * 2 ** 20; // bytes at once; others' files hold far more than what was said
const SPARE = 2 ** 19; // characters of the browser's room that others' conversations leave free

function asJson(ids) {
  const titles = new Map(store.list().map(({ id, title, at }) => [id, { title, at }]));
  const drawing = ({ html, stage, ...turn }) => turn; // how it was drawn stays here
  const conversations = ids.map((id) => {
    const chat = store.read(id);
    return { ...chat, ...titles.get(id), turns: everyTurnAs(chat.turns, drawing) };
  });
  return JSON.stringify({ format: FORMAT, version: VERSION, exported: new Date().toISOString(), conversations }, null, 1);
}

// The open path; other versions are in the JSON.
function asMarkdown(chat, title) {
  const who = ({ role, model }) => (role === "user" ? words.you : [words.model, model].filter(Boolean).join(" · "));
  const source = ({ number, document_name: name, page }) =>
    `${number}. ${[name || words.noSource, Number.isInteger(page) && said(words.page, { page })].filter(Boolean).join(", ")}`;
  const sources = ({ citations = [] }) => {
    const byNumber = new Map(citations.map((one) => [one.number, one]));
    const lines = [...byNumber.values()].sort((a, b) => a.number - b.number).map(source);
    return lines.length ? [`${words.sources}:\n\n${lines.join("\n")}`] : [];
  };
  const parts = chat.turns.filter(({ text }) => text).map((turn) => [`**${who(turn)}**`, turn.text.trim(), ...sources(turn)].join("\n\n"));
  return `# ${title}\n\n${parts.join("\n\n---\n\n")}\n`;
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A name that every system takes.
function fileName(title, ending) {
  const plain = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
  return `${plain || "hearth"}.${ending}`;
}

// Brings the conversations of files in and says how that went. Throws an `Error` in words for people;
// nothing came in then, unless it says so.
async function bringIn(picked) {
  const files = [];
  for (const file of picked) files.push(...(await unzipped(file)));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_READ) throw tooMuch();
  const ours = [];
  const theirs = [];
  for (const file of files) {
    const value = parsed(await file.text());
    if (value === null) throw new Error(said(words.notJson, { name: file.name }));
    const found = theirsIn(value);
    if (found) theirs.push(found);
    else if (file.size <= LARGEST) ours.push(received(value));
    else throw new Error(said(words.tooLarge, { name: file.name, most: LARGEST / 2 ** 20 }));
  }
  const tally = { came: 0, known: 0, full: 0, broken: 0, parts: 0 };
  for (const one of ours.flat()) tally[put(one)] += 1;
  if (theirs.length) bringOver(theirs.flat(), tally);
  if (tally.full) throw new Error(closing(tally));
  return closing(tally);
}

// The newest that fit. One that cannot be read, or is longer than ours may be, keeps no other out.
function bringOver(theirs, tally) {
  const newest = theirs.sort((a, b) => lastChanged(b) - lastChanged(a)).slice(0, MOST_CHATS);
  const tried = hold() ? newest : [];
  tally.full += theirs.length - tried.length;
  for (const value of tried) {
    const one = readable(value);
    const outcome = one ? put(one) : "broken";
    tally[outcome] += 1;
    if (outcome === "came") tally.parts += one.parts;
  }
  localStorage.removeItem("hearth.spare");
}

// Keeps room for what people will write next, until it is let go.
function hold() {
  try {
    localStorage.setItem("hearth.spare", " ".repeat(SPARE));
    return true;
  } catch {
    return false;
  }
}

function readable(value) {
  try {
    const { conversation: one, parts } = translated(value);
    return { ...conversation(one, 0), parts };
  } catch {
    return null;
  }
}

// What became of a conversation: it "came" in, was "known" or found the browser "full". Where the one
// here went another way since, it comes in beside that, and is known there the next time.
function put({ chat, title, at }) {
  const { id } = chat;
  for (let n = 2, here; (here = store.read(chat.id)); n += 1) {
    if (same(here, chat)) return "known";
    chat.id = n < 10 ? `${id.slice(0, 60)}-${n}` : crypto.randomUUID();
  }
  try {
    store.write(chat, { title, at });
    return "came";
  } catch {
    store.remove(chat.id);
    return "full";
  }
}

function closing({ came, known, full, broken, parts }) {
  const more = [
    known && said(words.alreadyHere, { known }),
    full && said(words.noRoom, { full }),
    broken && said(words.unreadable, { broken }),
    parts && said(words.leftOut, { parts }),
  ];
  return [said(words.cameIn, { came }), ...more.filter(Boolean)].join(" ");
}

function same(one, other) {
  const kept = (chat) => JSON.stringify(everyTurnAs(chat.turns, ({ role, text, at }) => ({ role, text, at })));
  return kept(one) === kept(other);
}
