// The documents of a collection: what came last first.
const PAGE = 100; // documents at a time

async function drawDocuments(box, one) {
  const shown = { filter: "all", items: [], pages: 1 };
  const rows = make("tbody", {});
  const more = plain("more", words.moreDocuments, () => { shown.pages++; load().catch(refuse); });
  const states = make("div", { className: "choose", role: "group", ariaLabel: words.state });
  const table = make("div", { className: "scroll" }, make("table", { className: "table" }, columns(), rows));
  const empty = make("p", { className: "nothing" });
  const refusal = make("div", {});
  const { signal } = current;
  const refuse = (error) => refusal.replaceChildren(complaint(error));

  // What was chosen meanwhile has asked for itself.
  async function load() {
    const { filter, pages: most } = shown;
    const query = `limit=${PAGE}&order=desc${filter === "all" ? "" : `&filter=${filter}`}`;
    const path = pathOf(one.id, "files");
    const items = await limited((both) => listed(path, { query, most, signal: both }), signal);
    if (filter !== shown.filter || most !== shown.pages) return;
    shown.items = items;
    draw();
  }

  function draw() {
    const seen = shown.items.filter((told) => !gone.has(pathOf(one.id, "files", told.id)) && !isAbove(told));
    const focused = focusIn(rows);
    rows.replaceChildren(...seen.map((told) => documentRow(one, told, refuse)));
    focused();
    table.hidden = !seen.length;
    more.hidden = shown.items.length < PAGE * shown.pages;
    empty.hidden = seen.length > 0 || !view.panel.hidden;
    empty.textContent = shown.filter !== "all" ? words.noneInState : isMine(one) ? words.emptyCollection : words.emptyShared;
    drawStates();
  }

  function drawStates() {
    const { in_progress: busy, failed: bad } = (collectionOf(one.id) ?? one).file_counts;
    states.hidden = shown.filter === "all" && !busy && !bad;
    for (const node of states.children) node.setAttribute("aria-pressed", String(node.value === shown.filter));
  }

  for (const [value, label] of Object.entries(words.filters)) {
    const choose = () => { Object.assign(shown, { filter: value, pages: 1 }); load().catch(refuse); };
    states.append(Object.assign(plain("", label, choose), { value }));
  }
  renew = load;
  if (isMine(one)) box.append(dropZone(words.dropHere));
  box.append(view.panel, states, refusal, table, empty, more);
  await load();
}

// Puts the focus back where it was: into the same row, or into the one that took its place.
function focusIn(rows) {
  const active = document.activeElement;
  const row = rows.contains(active) && active.closest("tr");
  if (!row) return () => {};
  const controls = (of) => [...of.querySelectorAll("a, button")];
  const [at, which] = [[...rows.children].indexOf(row), controls(row).indexOf(active) - controls(row).length];
  return () => {
    const same = [...rows.children].find(({ dataset }) => dataset.id === row.dataset.id);
    const next = same ?? rows.children[Math.min(at, rows.children.length - 1)];
    if (next) controls(next).at(which)?.focus();
  };
}

// Among the lines of what was brought now.
function isAbove({ id, status }) {
  const intake = shownIntake();
  return status !== "completed" && !intake?.closed && Boolean(intake?.byId.has(id));
}

function columns() {
  const heads = [["", words.document], ["number", words.passages], ["number wide", words.size], ["number wide", words.added]];
  const cells = heads.map(([className, text]) => make("th", { className, scope: "col" }, text));
  return make("thead", {}, make("tr", {}, ...cells, make("th", { scope: "col", ariaLabel: words.actions })));
}

function documentRow(one, told, refuse) {
  const name = make("td", {}, make("a", { href: hrefOf(one.id, "file", told.id) }, told.name), ...troubleOf(told));
  const tools = make("td", { className: "tools" });
  if (isMine(one)) {
    if (mayRead(told)) tools.append(button("retry", said(words.readAgainOf, told), () => readAgain(one, told).catch(refuse)));
    tools.append(button("remove", said(words.deleteOf, told), () => removeDocument(one, told)));
  }
  const number = (text, wide = "") => make("td", { className: `number ${wide}` }, text);
  const row = make("tr", { className: told.status }, name, number(told.passages ? inNumbers(told.passages) : UNKNOWN),
    number(told.usage_bytes ? inBytes(told.usage_bytes) : UNKNOWN, "wide"), number(dayOf(told.created_at), "wide"), tools);
  row.dataset.id = told.id;
  return row;
}

function troubleOf(told) {
  if (told.status === "failed") return [make("small", { className: "bad" }, told.last_error?.message ?? words.refused)];
  if (told.status === "cancelled") return [make("small", {}, words.cancelled)];
  if (told.status === "in_progress") return [make("small", { className: "busy" }, stageOf(told.progress))];
  return told.notes?.length ? [make("small", {}, told.notes.join(" "))] : [];
}

// What came in an archive has no file of its own.
function mayRead(told) {
  return told.id.startsWith("file-") && (told.status === "failed" || told.status === "cancelled");
}

// The appliance still has the file.
async function readAgain(one, told) {
  const body = { file_id: told.id, name: told.name, attributes: told.attributes };
  await ask("POST", pathOf(one.id, "files"), { body });
  await refresh();
}

function removeDocument(one, told) {
  deleteSoon({ path: pathOf(one.id, "files", told.id), name: told.name, undone: refreshNow });
  refreshNow();
}
