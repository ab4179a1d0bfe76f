// Files and folders that were dropped or picked, as a flat list. Hidden ones are left out: they are
// configuration, histories (.git) and secrets more often than documents.
const MOST_FILES = 2000;

// What a drop brings. Its entries exist only until the event is over, so they are taken at once.
function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return walked(entries.filter(Boolean));
}

// {name, files: [{path, file}], hidden, more}: `name` is that of a single folder, and no part of
// the paths; `hidden` counts what was left out, `more`: there are more files than may come at once.
async function walked(entries) {
  const found = { name: "", files: [], hidden: 0, more: false };
  if (entries.length === 1 && entries[0].isDirectory) found.name = entries[0].name;
  for (const entry of entries) await walk(entry, entry.isDirectory && found.name ? null : "", found);
  return found;
}

// `folder`: what stands before the entry's name; null for the only folder, which is not named.
async function walk(entry, folder, found) {
  if (found.more) return;
  if (entry.name.startsWith(".") && folder !== null) return void found.hidden++;
  const path = `${folder ?? ""}${entry.name}`;
  if (!entry.isDirectory) return take(path, entry.file ? await fileOf(entry) : entry, found);
  for (const inner of await inside(entry)) {
    await walk(inner, folder === null ? "" : `${path}/`, found);
  }
}

function take(path, file, found) {
  if (!file) return;
  if (found.files.length >= MOST_FILES) found.more = true;
  else found.files.push({ path, file });
}

// What a file picker brought; with folders, paths begin with the folder's name.
function picked(files) {
  const found = { name: "", files: [], hidden: 0, more: false };
  for (const file of files) {
    const parts = (file.webkitRelativePath || file.name).split("/");
    if (parts.length > 1) found.name = parts.shift();
    if (parts.some((part) => part.startsWith("."))) found.hidden++;
    else take(parts.join("/"), file, found);
  }
  return found;
}

function fileOf(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}

// A reader gives a folder's content in portions, the last one empty.
async function inside(directory) {
  const reader = directory.createReader();
  const entries = [];
  for (;;) {
    const portion = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!portion.length) return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    entries.push(...portion);
  }
}
