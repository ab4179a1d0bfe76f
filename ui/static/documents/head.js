// The collection that is open: its name, what is in it, and what can be done with all of it.
const title = make("h2", {});
const about = make("p", { className: "about" });
const headTools = make("span", { className: "tools" });
const chat = make("a", { className: "primary" }, words.ask);
const tabs = make("nav", { className: "tabs", ariaLabel: words.views });
const trouble = make("div", {});
const back = make("a", { className: "back", href: hrefOf() }, words.all);
const head = make("header", { className: "top" }, back,
  make("div", { className: "name" }, title, headTools, chat), about, trouble, tabs);

function drawHead(one, view) {
  title.replaceChildren(one.name);
  title.title = one.id;
  headTools.replaceChildren(...(isMine(one) ? [
    button("rename", words.rename, () => rename(one)),
    button("remove", words.deleteCollection, () => removeCollection(one)),
  ] : []));
  chat.href = `./?collection=${encodeURIComponent(one.id)}`;
  trouble.replaceChildren();
  drawTabs(one, view);
  drawCounts(one);
}

// What changes while documents are read.
function drawCounts(one) {
  const counts = countsOf(one);
  const passages = one.passages > 0 && passageCount(one.passages);
  const size = one.usage_bytes > 0 && inBytes(one.usage_bytes);
  const made = said(words.made, { day: dayOf(one.created_at) });
  about.replaceChildren(dotted(countOf(counts.total), passages, size, whoseOf(one), made), ...statesOf(one));
  chat.hidden = !counts.completed;
}

function drawTabs(one, view) {
  const tab = (name, label) => {
    const link = make("a", { href: name ? hrefOf(one.id, name) : hrefOf(one.id) }, label);
    if (name === (view === "file" ? "" : view)) link.setAttribute("aria-current", "true");
    return link;
  };
  const all = [["", words.documentsTab], ["search", words.search], isMine(one) && ["settings", words.settings]];
  tabs.replaceChildren(...all.filter(Boolean).map(([name, label]) => tab(name, label)));
  const open = tabs.querySelector("[aria-current]");
  if (open) tabs.scrollLeft = open.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
}

function rename(one) {
  const field = make("input", { value: one.name, maxLength: 200, ariaLabel: words.rename });
  const end = () => drawHead(collectionOf(one.id) ?? one, place().view);
  const keep = does(async () => {
    const name = printable(field.value, 200);
    if (name && name !== one.name) await ask("POST", pathOf(one.id), { body: { name } });
    await refresh();
    end();
  }, trouble);
  field.onblur = () => keep();
  field.onkeydown = (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key !== "Escape") return;
    field.onblur = null;
    end();
    headTools.firstChild?.focus();
  };
  title.replaceChildren(field);
  headTools.replaceChildren();
  field.focus();
  field.select();
}

function removeCollection(one) {
  const undone = async () => { await refreshNow(); location.hash = hashOf(one.id); };
  deleteSoon({ path: pathOf(one.id), name: one.name, undone });
  location.hash = "#"; // shows what is there instead
}
