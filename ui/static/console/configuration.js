// The configuration as it runs: what differs from the defaults first, then the rest, searchable.
// #configuration/TEXT searches for it.
section("configuration", async (box, signal, rest) => {
  const { data } = await ask("GET", "/admin/config", signal);
  const search = make("input", { type: "search", value: decodeURIComponent(rest), placeholder: words.configuration.search, autocomplete: "off", spellcheck: false });
  search.setAttribute("aria-label", words.configuration.search);
  const count = make("small", { ariaLive: "polite" }), found = make("div", { className: "stack" });
  const show = () => {
    const settings = data.filter((setting) => isMeant(setting, search.value));
    count.textContent = said(words.configuration.count, { n: inNumbers(settings.length), changed: inNumbers(settings.filter((one) => one.changed).length) });
    found.replaceChildren(...settingLists(settings, Boolean(search.value.trim())));
  };
  search.addEventListener("input", show);
  box.append(make("p", { className: "quiet intro" }, words.configuration.text), make("div", { className: "filters" }, make("label", { className: "field" }, search), count), found);
  show();
});

// Every word of the search is in the setting's path, value or description.
function isMeant({ path, value, description }, search) {
  const text = `${path} ${inWriting(value)} ${description}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function settingLists(settings, searched) {
  const changed = settings.filter((setting) => setting.changed), rest = settings.filter((setting) => !setting.changed);
  const lists = [make("section", {}, make("div", { className: "head" }, make("h2", {}, words.configuration.changed)),
    changed.length ? settingTable(changed, true) : make("p", { className: "nothing" }, searched ? words.configuration.noneFound : words.configuration.unchanged))];
  if (!rest.length) return lists;
  const groups = Map.groupBy(rest, ({ path }) => path.split(".", path.startsWith("tiers.") ? 2 : 1).join("."));
  const parts = [...groups].map(([name, some]) =>
    make("details", { open: searched }, make("summary", {}, make("code", {}, name), ` ${inNumbers(some.length)}`), settingTable(some, false)));
  return [...lists, make("section", {}, make("div", { className: "head" }, make("h2", {}, words.configuration.rest)), make("div", { className: "parts-of" }, ...parts))];
}

function settingTable(settings, changed) {
  const told = words.configuration.columns;
  const titles = changed ? [told.setting, told.value, told.default, told.source] : [told.setting, told.value];
  const rows = settings.map(({ path, value, default: usual, description, source }) => {
    const name = [make("code", {}, path), make("small", {}, description)];
    const kept = make("code", {}, inWriting(value));
    return { cells: changed ? [name, kept, make("code", { className: "quiet" }, inWriting(usual)), badge(words.configuration.sources[source] ?? source)] : [name, kept] };
  });
  return tableOf(titles, rows, { minor: [2], label: changed ? words.configuration.changed : words.configuration.rest });
}

// As a configuration file has it.
function inWriting(value) {
  if (value == null) return UNKNOWN;
  return typeof value === "string" ? value : JSON.stringify(value)?.replace(/,(?=\S)/g, ", ");
}
