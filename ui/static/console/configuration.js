// The configuration as it runs: what differs from the defaults first, then the rest, searchable.
// #configuration/TEXT searches for it.
section("configuration", async (box, signal, rest) => {
  const { data, planned, trouble } = await ask("GET", "/admin/config", signal);
  const search = make("input", { type: "search", value: decoded(rest), placeholder: words.configuration.search, autocomplete: "off", spellcheck: false });
  search.setAttribute("aria-label", words.configuration.search);
  const count = make("small", { ariaLive: "polite" }), found = make("div", { className: "stack" });
  const show = () => {
    const settings = data.filter((setting) => isMeant(setting, search.value));
    count.textContent = said(words.configuration.count, { n: inNumbers(settings.length), changed: inNumbers(settings.filter((one) => one.changed).length) });
    found.replaceChildren(...settingLists(settings, Boolean(search.value.trim())));
  };
  search.addEventListener("input", show);
  box.append(make("p", { className: "quiet intro" }, words.configuration.text), ...nextStart(planned, trouble), make("div", { className: "filters" }, make("label", { className: "field" }, search), count), found);
  show();
});

// What the next start would bring, where the file was edited since.
function nextStart(planned, trouble) {
  const { damaged, planned: title, columns } = words.configuration;
  if (trouble) return [make("p", { className: "refusal" }, make("strong", {}, damaged), " ", make("code", {}, trouble))];
  const rows = planned.map(({ path, value, next }) => ({ cells: [path, inWriting(value), inWriting(next)].map((text) => make("code", {}, text)) }));
  return rows.length ? [settingSection(title, tableOf([columns.setting, columns.value, columns.next], rows, { label: title }))] : [];
}

// Every word of the search is in the setting's path, value or description.
function isMeant({ path, value, description }, search) {
  const text = `${path} ${inWriting(value)} ${description}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function settingLists(settings, searched) {
  const { changed, unchanged, rest, noneFound } = words.configuration, lists = [];
  const different = settings.filter((setting) => setting.changed), usual = settings.filter((setting) => !setting.changed);
  if (different.length) lists.push(settingSection(changed, settingTable(different, changed)));
  else if (!searched) lists.push(settingSection(changed, make("p", { className: "nothing" }, unchanged)));
  if (usual.length) lists.push(settingSection(rest, searched ? settingTable(usual, rest) : foldedSettings(usual)));
  return lists.length ? lists : [make("p", { className: "nothing" }, noneFound)];
}

function settingSection(title, inside) {
  return make("section", {}, make("div", { className: "head" }, make("h2", {}, title)), inside);
}

// By the first part of their names; tiers each on their own.
function foldedSettings(settings) {
  const groups = Map.groupBy(settings, ({ path }) => path.split(".", path.startsWith("tiers.") ? 2 : 1).join("."));
  const parts = [...groups].map(([name, some]) =>
    make("details", {}, make("summary", {}, make("code", {}, name), ` ${inNumbers(some.length)}`), settingTable(some, name)));
  return make("div", { className: "parts-of" }, ...parts);
}

function settingTable(settings, label) {
  const titles = ["setting", "value", "default", "source"].map((name) => words.configuration.columns[name]);
  const differ = settings.some((setting) => setting.changed);
  const rows = settings.map(({ path, value, default: usual, description, source }) => {
    const before = differ ? [make("code", { className: "quiet" }, inWriting(usual))] : [];
    const name = [make("code", {}, path), make("small", {}, description)];
    return { cells: [name, make("code", {}, inWriting(value)), ...before, badge(words.configuration.sources[source] ?? source)] };
  });
  return tableOf(differ ? titles : titles.toSpliced(2, 1), rows, { minor: differ ? [2] : [], label });
}

// As a configuration file has it.
function inWriting(value) {
  if (value == null) return UNKNOWN;
  return typeof value === "string" ? value : JSON.stringify(value)?.replace(/,(?=\S)/g, ", ");
}
