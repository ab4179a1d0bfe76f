// Receipts: a list with filters that live in the address, #receipts/?cause=X&sort=slowest, and one
// receipt, #receipts/ID.
const RECEIPT_WINDOWS = { "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY };
const ROUTES = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/vector_stores/{store}/search"];
const CACHE_VERDICTS = ["hit", "similar", "joined", "miss", "off", "no-store", "varied"];
const RARE_FILTERS = ["key", "model", "tier", "cache", "route", "tenant"];
const RECEIPT_FILTERS = ["status", "cause", "sort", "text", ...RARE_FILTERS];
let lastList = "#receipts"; // where a receipt leads back to

section("receipts", async (box, signal, rest) => {
  if (rest && !rest.startsWith("?")) return receiptPage(box, signal, decoded(rest));
  const wanted = new URLSearchParams(rest.slice(1));
  lastList = location.hash || "#receipts";
  const found = make("div", { className: "found" });
  const latest = replacing(signal);
  const look = (instantly) => receiptList(found, latest(), wanted, instantly).catch((error) => {
    if (error.name === "AbortError") return;
    found.removeAttribute("aria-busy");
    found.replaceChildren(refused(error));
  });
  const form = filterForm(wanted, () => {
    if (signal.aborted) return; // the address is another section's already
    keepAddress(wanted);
    look(false);
  });
  box.append(form, found);
  await Promise.all([look(true), filterNames(form, signal).catch(() => {})]); // names are a help, no more
});

// The filters as a form. `wanted` is what stands in the address, and changes with them.
function filterForm(wanted, changed) {
  const has = (name) => wanted.get(name) ?? "";
  const fields = {
    window: filterChoice("window", windowOf(wanted), windowChoices(wanted)),
    status: filterChoice("status", has("status"), [["", words.receipts.any], ...Object.entries(words.receipts.statuses)]),
    sort: filterChoice("sort", has("sort"), [["", words.receipts.sorts.newest], ["slowest", words.receipts.sorts.slowest]]),
    cause: filterText("cause", has("cause")),
    text: filterText("text", has("text")),
    ...Object.fromEntries(["key", "model", "tier"].map((name) => [name, filterText(name, has(name))])),
    cache: filterChoice("cache", has("cache"), [["", words.receipts.any], ...CACHE_VERDICTS.map((one) => [one, words.receipts.caches[one]])]),
    route: filterChoice("route", has("route"), routeChoices(has("route"))),
  };
  const rare = make("details", { className: "rare", open: RARE_FILTERS.some(has) },
    make("summary", {}, words.receipts.more),
    make("div", { className: "filters" }, ...["key", "model", "tier", "cache", "route"].map((name) => fields[name])));
  const form = make("form", { className: "search", role: "search", ariaLabel: words.receipts.filters },
    make("div", { className: "filters" }, ...["window", "status", "cause", "sort", "text"].map((name) => fields[name])), rare);
  let typing;
  form.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      takeFilters(form, wanted);
      changed();
    }, 250);
  };
  form.onsubmit = (event) => event.preventDefault();
  return form;
}

function filterChoice(name, value, choices) {
  const options = choices.map(([of, label]) => make("option", { value: of, selected: of === value }, label));
  return make("label", { className: "field" }, make("span", {}, words.receipts.filter[name]), make("select", { name }, ...options));
}

function filterText(name, value) {
  const list = make("datalist", { id: `receipts-${name}` });
  const input = make("input", { name, value, type: "search", autocomplete: "off", spellcheck: false, placeholder: words.receipts.any });
  input.setAttribute("list", list.id);
  return make("label", { className: "field" }, make("span", {}, words.receipts.filter[name]), input, list);
}

// What asks for answers, unless something else is wished: what looks at the appliance would hide it.
function routeChoices(chosen) {
  const choices = [["", words.receipts.answers], ["all", words.receipts.everything], ...ROUTES.map((route) => [route, route])];
  return choices.some(([route]) => route === chosen) ? choices : [...choices, [chosen, chosen]];
}

// "fixed" is what the address says in unix seconds.
function windowOf(wanted) {
  if (wanted.get("since") || wanted.get("until")) return "fixed";
  return wanted.get("window") in RECEIPT_WINDOWS ? wanted.get("window") : "";
}

function windowChoices(wanted) {
  const choices = [["", words.receipts.windows.all], ...Object.keys(RECEIPT_WINDOWS).map((one) => [one, words.receipts.windows[one]])];
  if (windowOf(wanted) !== "fixed") return choices;
  const [since, until] = ["since", "until"].map((name) => (wanted.get(name) ? moment(Number(wanted.get(name))) : ""));
  return [["fixed", `${since} – ${until}`], ...choices];
}

function takeFilters(form, wanted) {
  const given = new FormData(form);
  for (const name of RECEIPT_FILTERS) {
    const value = given.get(name)?.trim();
    if (value) wanted.set(name, value);
    else if (form.elements[name]) wanted.delete(name);
  }
  if (given.get("window") === "fixed") return;
  for (const name of ["since", "until", "window"]) wanted.delete(name);
  if (given.get("window")) wanted.set("window", given.get("window"));
}

// Without another look at the section: whoever types stays in the field.
function keepAddress(wanted) {
  lastList = wanted.size ? `#receipts/?${wanted}` : "#receipts";
  history.replaceState(null, "", location.pathname + lastList);
}

// What filters can be, for those who begin to type.
async function filterNames(form, signal) {
  const offer = (name, values) => form.elements[name].parentElement.querySelector("datalist")
    .replaceChildren(...[...new Set(values)].map((value) => make("option", { value })));
  const [keys, models, live] = await Promise.all([
    ask("GET", "/admin/keys", signal), ask("GET", "/v1/models", signal),
    ask("GET", "/admin/live", signal).catch(() => ({ tiers: [] })),
  ]);
  offer("key", keys.data.map((key) => key.name));
  offer("model", models.data.map((model) => model.id));
  offer("tier", live.tiers.map((tier) => tier.name));
  offer("cause", Object.keys(words.time.causes));
}

function receiptQuery(wanted, after) {
  const query = new URLSearchParams(wanted);
  const ago = RECEIPT_WINDOWS[query.get("window")];
  query.delete("window");
  if (!query.get("route")) query.set("route", "answers");
  if (query.get("route") === "all") query.delete("route");
  if (ago) query.set("since", Math.floor(applianceTime() - ago));
  if (after) query.set("after", after);
  return query;
}

// A page of the list, and a button for the next one.
async function receiptList(box, signal, wanted, instantly) {
  if (!instantly) box.setAttribute("aria-busy", "true");
  const first = await unlessOff(box, () => ask("GET", `/admin/receipts?${receiptQuery(wanted)}`, signal));
  box.removeAttribute("aria-busy");
  if (!first) return;
  const table = receiptTable(first.data);
  const rows = table.querySelector("tbody");
  const foot = make("div", { className: "foot" });
  const show = (page) => {
    const more = page.next && plainButton(page.complete ? words.receipts.next : words.receipts.further, async () => {
      const following = await ask("GET", `/admin/receipts?${receiptQuery(wanted, page.next)}`, signal);
      const added = receiptTable(following.data).querySelectorAll("tbody > tr");
      rows.append(...added);
      show(following);
      added[0]?.querySelector("a").focus({ preventScroll: true });
    });
    const note = page.complete ? "" : said(words.receipts.partly, { n: inNumbers(page.looked_at) });
    foot.replaceChildren(...[more, quiet(note)].filter(Boolean));
  };
  show(first);
  const nothing = make("p", { className: "nothing" }, wanted.size ? words.receipts.noneSuch : words.receipts.none);
  box.replaceChildren(...(first.data.length ? [table] : [nothing]), foot);
}

function receiptTable(receipts) {
  const titles = ["at", "key", "model", "status", "cache", "queue", "ttft", "total", "tokens"].map((name) => words.receipts.columns[name]);
  return tableOf(titles, receipts.map(receiptRow), { numbers: [5, 6, 7, 8], minor: [1, 4, 5, 6, 8], label: words.sections.receipts });
}

function receiptRow(one) {
  return {
    href: `#receipts/${one.id}`,
    cells: [
      make("a", { href: `#receipts/${one.id}`, className: "link" }, moment(one.at)),
      one.key_name ?? one.key ?? UNKNOWN,
      one.model ?? make("span", { className: "quiet" }, one.route),
      statusBadge(one),
      one.cache ? words.receipts.caches[one.cache] ?? one.cache : UNKNOWN,
      inSeconds(one.queue < 0.0005 ? null : one.queue),
      inSeconds(one.ttft),
      make("strong", {}, inSeconds(one.total)),
      one.input_tokens || one.output_tokens ? `${inNumbers(one.input_tokens)} + ${inNumbers(one.output_tokens)}` : UNKNOWN,
    ],
  };
}

// What came of it: an own trouble is bad, a refusal or a client that left is not.
function statusBadge({ outcome, cause }) {
  const text = words.receipts.statuses[outcome];
  if (outcome === "ok") return make("span", { className: "quiet" }, text);
  if (outcome === "left") return badge(text);
  return badge(cause ? causeInWords(cause) : text, outcome === "failed" ? "bad" : "doubt");
}
