// Kept answers: what they save, how often they were wrong, whose they are, and away with them.
section("cache", async (box, signal) => {
  const stats = await unlessOff(box, () => ask("GET", "/admin/cache", signal));
  if (!stats) return;
  const tiles = make("div", { className: "tiles" }, ...cacheTiles(stats));
  const [trouble, failed] = troubleLine();
  box.append(make("div", { className: "stack" }, quiet(words.cache.text), trouble, tiles, ...wordsPanel(stats), entryPanel(signal)));
  await repeatedly(10, signal, async () => renew(tiles, cacheTiles(await ask("GET", "/admin/cache", signal))), failed);
});

function cacheTiles(stats) {
  const { hit = 0, similar = 0, joined = 0, miss = 0 } = stats.requests;
  const asked = hit + similar + joined + miss, given = hit + similar + joined;
  const say = words.cache.tiles;
  const trouble = stats.file?.trouble;
  return [
    tileOf(say.rate, asked ? inPercent(given / asked) : UNKNOWN, said(say.rateDetail, { given: inNumbers(given), asked: inNumbers(asked) })),
    tileOf(say.how, inNumbers(given), said(say.howDetail, { hit: inNumbers(hit), similar: inNumbers(similar), joined: inNumbers(joined) })),
    tileOf(say.time, inSeconds(stats.milliseconds_saved / 1000), say.timeDetail),
    tileOf(say.tokens, inNumbers(stats.tokens_saved), say.tokensDetail),
    tileOf(say.kept, inNumbers(stats.entries), said(say.keptDetail, { size: inBytes(stats.bytes), most: inBytes(stats.most_bytes), ttl: inSeconds(stats.ttl) })),
    ...(trouble ? [tileOf(say.file, say.fileBad, trouble, "bad")] : []),
  ];
}

// How often an answer to a question in other words was wrong.
function wordsPanel({ in_other_words: found }) {
  if (!found) return [];
  const named = words.cache.measured;
  const line = found.checked
    ? said(words.cache.wrongAtMost, { share: inPercent(found.wrong_at_most, 2), checked: inNumbers(found.checked), wrong: inNumbers(found.wrong) })
    : words.cache.unchecked;
  const pairs = ["asked", "hits", "checked", "wrong", "disliked"].map((name) => [named[name], inNumbers(found[name])]);
  return [panel(words.cache.inOtherWords, make("p", {}, line), factList(pairs))];
}

// ---- the entries

// Those that the filter fits, which is also what can be forgotten.
function entryPanel(signal) {
  const found = make("div", {});
  const form = make("form", { className: "filters", ariaLabel: words.cache.which },
    ...["tenant", "model", "collection"].map((name) => entryFilter(name, make("input", { name, type: "search", autocomplete: "off", spellcheck: false, placeholder: words.receipts.any }))),
    entryFilter("older_than", make("select", { name: "older_than" }, ...[["", 0], [600, 600], [HOUR, HOUR], [6 * HOUR, 6 * HOUR], [DAY, DAY]].map(
      ([value, seconds]) => make("option", { value }, value === "" ? words.cache.anyAge : inSeconds(seconds))))));
  const flush = plainButton(words.cache.flush, () => flushCache(form, look, signal), "danger");
  const place = panel(words.cache.entries, form, found);
  const latest = replacing(signal);
  let typing;
  const look = async () => {
    try {
      found.replaceChildren(await entryTable(entryScope(form), latest(), flush));
    } catch (error) {
      if (error.name !== "AbortError") found.replaceChildren(refused(error));
    }
  };
  form.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(look, 250);
  };
  form.onsubmit = (event) => event.preventDefault();
  look();
  return place;
}

function entryFilter(name, control) {
  return make("label", { className: "field" }, make("span", {}, words.cache.filter[name]), control);
}

function entryScope(form) {
  const given = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return new URLSearchParams(given.filter(([, value]) => value));
}

async function entryTable(scope, signal, flush) {
  const query = new URLSearchParams([...scope, ["limit", "50"]]);
  const page = await ask("GET", `/admin/cache/entries?${query}`, signal);
  if (!page.data.length) return make("p", { className: "nothing" }, scope.size ? words.cache.noneSuch : words.cache.none);
  const columns = ["tenant", "model", "collections", "age", "given", "tokens", "cost", "size"];
  const rows = page.data.map((one) => ({
    cells: [
      one.name ?? one.tenant, one.model, one.collections.join(", ") || UNKNOWN, inSeconds(one.age), inNumbers(one.given_again),
      inNumbers(one.tokens), inSeconds(one.milliseconds / 1000), inBytes(one.bytes),
    ],
  }));
  const table = tableOf(columns.map((name) => words.cache.columns[name]), rows, { numbers: [3, 4, 5, 6, 7], minor: [2, 5, 6, 7] });
  const more = page.has_more ? words.cache.more : "";
  return make("div", {}, table, make("div", { className: "foot" }, flush, quiet(more)));
}

// Says first how many would go, then asks.
async function flushCache(form, look, signal) {
  const scope = entryScope(form);
  const would = await ask("DELETE", `/admin/cache?${new URLSearchParams([...scope, ["dry_run", "true"]])}`, signal);
  const of = [...scope].map(([name, value]) => `${words.cache.filter[name]}: ${name === "older_than" ? inSeconds(Number(value)) : value}`);
  const gone = await askedFor({
    title: said(words.cache.flushing, { n: inNumbers(would.entries) }), danger: true, go: words.cache.forget, signal,
    text: [of.length ? said(words.cache.scope, { scope: of.join(", ") }) : words.cache.everything, words.cache.flushText],
    send: (_, stop) => ask("DELETE", `/admin/cache?${scope}`, stop),
  });
  if (gone) await look();
}
