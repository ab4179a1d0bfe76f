// Conversations as files: out of this browser, and back into it. Needs store.js, tree.js, received.js.

const LARGEST = 5 * 2 ** 20; // bytes of a file; a browser keeps about as much

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

// Brings a file's conversations in and says how many. Throws an `Error` in words for people;
// nothing came in then, unless it says so.
async function bringIn(file) {
  if (file.size > LARGEST) throw new Error(said(words.tooLarge, { name: file.name, most: LARGEST / 2 ** 20 }));
  const value = parsed(await file.text());
  if (value === null) throw new Error(said(words.notJson, { name: file.name }));
  const chats = received(value);
  const fresh = chats.filter(({ chat }) => !same(store.read(chat.id), chat));
  fresh.forEach(({ chat, title, at }, n) => {
    if (store.read(chat.id)) chat.id = crypto.randomUUID(); // the one here went another way since
    try {
      store.write(chat, { title, at });
    } catch {
      store.remove(chat.id);
      throw new Error(said(words.noRoom, { n, total: fresh.length }));
    }
  });
  const known = chats.length - fresh.length;
  return said(known ? words.cameInKnown : words.cameIn, { n: fresh.length, known });
}

function same(one, other) {
  const kept = (chat) => JSON.stringify(everyTurnAs(chat.turns, ({ role, text, at }) => ({ role, text, at })));
  return one !== null && kept(one) === kept(other);
}
