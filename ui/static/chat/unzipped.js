// The files of conversations in a ZIP archive (PKWARE's APPNOTE 6.3.10), as ChatGPT's export is one.
// Only they are read, so its pictures may be large. Throws an `Error` in words for people. Part of
// exchange.js.
const CONVERSATIONS = /(^|\/)conversations[^/]*\.json$/i;
const HEAD = 0x04034b50; // signatures: of a file,
const ENTRY = 0x02014b50; // of its entry in the directory,
const END = 0x06054b50; // and of what stands behind the directory
const LONGEST_END = 22 + 65535; // bytes
const WAYS = { 0: (bytes) => bytes, 8: (bytes) => bytes.pipeThrough(new DecompressionStream("deflate-raw")) };

class TooMuch extends Error {}

function tooMuch() {
  return new TooMuch(said(words.tooMuch, { most: MOST_READ / 2 ** 20 }));
}

// The file itself where it is no archive.
async function unzipped(file) {
  if (file.size < 22 || (await part(file, 0, 4)).getUint32(0, true) !== HEAD) return [file];
  const name = file.name;
  try {
    const all = (await directory(file)).filter((entry) => entry.name.endsWith(".json"));
    const named = all.filter((entry) => CONVERSATIONS.test(entry.name));
    const files = [];
    let room = MOST_READ;
    for (const entry of named.length ? named : all) {
      files.push(await taken(file, entry, room));
      room -= files.at(-1).size;
    }
    if (files.length) return files;
  } catch (error) {
    throw error instanceof TooMuch ? error : new Error(said(words.badZip, { name }));
  }
  throw new Error(said(words.emptyZip, { name }));
}

async function part(file, start, end) {
  return new DataView(await file.slice(start, end).arrayBuffer());
}

async function directory(file) {
  const tail = await part(file, Math.max(0, file.size - LONGEST_END));
  let end = tail.byteLength - 22;
  while (tail.getUint32(end, true) !== END) end -= 1; // before the first byte: RangeError
  const start = tail.getUint32(end + 16, true);
  const listed = await part(file, start, start + tail.getUint32(end + 12, true));
  const entries = [];
  for (let at = 0; at < listed.byteLength; at = entries.at(-1).next) entries.push(entryOf(listed, at));
  return entries;
}

function entryOf(listed, at) {
  if (listed.getUint32(at, true) !== ENTRY) throw new RangeError();
  const [name, extra, comment] = [28, 30, 32].map((place) => listed.getUint16(at + place, true));
  return {
    name: new TextDecoder().decode(new Uint8Array(listed.buffer, at + 46, name)),
    way: listed.getUint16(at + 10, true),
    packed: listed.getUint32(at + 20, true), // bytes
    head: listed.getUint32(at + 42, true),
    next: at + 46 + name + extra + comment,
  };
}

async function taken(file, { name, way, packed, head }, room) {
  const lengths = await part(file, head + 26, head + 30);
  const start = head + 30 + lengths.getUint16(0, true) + lengths.getUint16(2, true);
  const reader = WAYS[way](file.slice(start, start + packed).stream()).getReader();
  const chunks = [];
  for (let next; !(next = await reader.read()).done; chunks.push(next.value)) {
    if ((room -= next.value.length) < 0) throw tooMuch();
  }
  return new File(chunks, name.split("/").at(-1));
}
