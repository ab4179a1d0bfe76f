// One document: what is known of it, and the passages that were made of it.
async function drawDocument(box, one, [id, passage]) {
  const path = pathOf(one.id, "files", id);
  const told = await ask("GET", path);
  const refusal = make("div", {});
  const tools = make("span", { className: "tools" });
  const heading = make("h3", { tabIndex: -1 }, told.name);
  const upward = make("a", { className: "back always", href: hrefOf(one.id) }, words.toDocuments);
  const original = make("div", { className: "original" });
  drawOriginal(original, { collection: one.id, document: id, document_name: told.name });
  if (isMine(one)) tools.append(...documentTools(one, told, refusal));
  const state = make("div", { className: "state" });
  const drawState = (now) => state.replaceChildren(make("p", { className: "about" }, factsOf(now)), ...troubleOf(now));
  drawState(told);
  box.append(upward, make("div", { className: "name" }, heading, tools, original), refusal, state);
  drawAttributes(box, one, told);
  const isFree = document.activeElement === document.body; // nobody is elsewhere
  if (passage === undefined && isFree) heading.focus({ preventScroll: true });
  renew = async () => {
    if (gone.has(path)) return;
    const now = await ask("GET", path);
    const isEdited = box.querySelector(".editing"); // what is written there would be lost
    if (now.status === told.status || isEdited) drawState(now);
    else show();
  };
  if (told.passages) await drawPassages(box, one, told, passage);
  else if (told.status === "completed") box.append(make("p", { className: "nothing" }, words.noPassages));
}

function documentTools(one, told, refusal) {
  const reread = does(() => readAgain(one, told).then(show), refusal);
  const cancel = does(() => ask("POST", pathOf(one.id, "files", told.id, "cancel")).then(refresh).then(show), refusal);
  const removeIt = () => { removeDocument(one, told); location.hash = hashOf(one.id); };
  return [
    mayRead(told) && plain("button", words.readAgain, reread),
    told.status === "in_progress" && plain("button", words.cancelReading, cancel),
    button("remove", words.deleteDocument, removeIt),
  ].filter(Boolean);
}

function factsOf({ name, title: own, media_type: kind, pages, usage_bytes: size, passages, created_at: at }) {
  return dotted(
    own !== name && own, kind, pages && (pages === 1 ? words.pageOne : said(words.pages, { n: pages })),
    size > 0 && said(words.ofText, { size: inBytes(size) }), passages > 0 && passageCount(passages),
    said(words.made, { day: dayOf(at) }));
}

// ---- attributes: what searches may be narrowed by

function drawAttributes(box, one, told) {
  const all = Object.entries(told.attributes ?? {});
  const place = make("section", { className: "attributes" });
  const edit = plain("link", all.length ? words.editAttributes : words.addAttributes, () => editAttributes(place, one, told));
  const pair = ([name, value]) => make("span", { className: "pair" }, make("b", {}, name), ` ${written(value)}`);
  place.append(...all.map(pair), ...(isMine(one) ? [edit] : []));
  if (place.childNodes.length) box.append(place);
}

function editAttributes(place, one, told) {
  const pairs = make("div", {});
  const refusal = make("div", {});
  const add = (name = "", value = "") => {
    const remove = button("close", words.removeAttribute, () => pair.remove());
    const pair = make("div", { className: "row" },
      make("input", { value: name, maxLength: 64, placeholder: words.attribute, ariaLabel: words.attribute }),
      make("input", { value, maxLength: 520, placeholder: words.value, ariaLabel: words.value }), remove);
    pairs.append(pair);
    return pair.firstChild;
  };
  const save = does(async () => {
    const fields = [...pairs.children].map((pair) => [...pair.querySelectorAll("input")].map((field) => field.value.trim()));
    const attributes = Object.fromEntries(fields.filter(([name]) => name).map(([name, value]) => [name, read(value)]));
    await ask("POST", pathOf(one.id, "files", told.id), { body: { attributes } });
    show();
  }, refusal);
  for (const [name, value] of Object.entries(told.attributes ?? {})) add(name, written(value));
  const form = make("form", { className: "editing", onsubmit: save }, pairs,
    make("div", { className: "row" }, plain("link", words.another, () => add().focus()),
      make("button", { type: "submit" }, words.save), plain("", words.cancel, show)),
    make("small", {}, words.attributeHint), refusal);
  place.replaceChildren(form);
  (pairs.querySelector("input") ?? add()).focus();
}

// Numbers and truths are kept as such; a text that looks like one stands in quotes.
function read(text) {
  const value = parsed(text);
  return ["number", "boolean", "string"].includes(typeof value) ? value : text;
}

function written(value) {
  return typeof value === "string" && read(value) === value ? value : JSON.stringify(value);
}
