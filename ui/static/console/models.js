// Models: how each is, what it has to do, what it takes of the memory, and what it did in a week.
const MODELS_POLL = 5, USAGE_POLL = 60; // seconds
const STATE_TONES = { ready: "good", loading: "doubt", asleep: "", failed: "bad", unavailable: "bad" };
const BREAKER_TONES = { closed: "good", half_open: "doubt", open: "bad" };

section("models", async (box, signal) => {
  const panels = make("div", { className: "panels" }), week = make("div", {});
  const [liveTrouble, liveFailed] = troubleLine(), [weekTrouble, weekFailed] = troubleLine();
  box.append(make("div", { className: "stack" }, make("div", {}, liveTrouble, panels), make("div", {}, weekTrouble, week)));
  await Promise.all([
    repeatedly(MODELS_POLL, signal, async () => {
      const { tiers, memory } = await ask("GET", "/admin/live", signal);
      const plans = new Map(memory.map((plan) => [plan.tier, plan]));
      renew(panels, tiers.map((tier) => modelPanel(tier, plans.get(tier.name))));
    }, liveFailed),
    repeatedly(USAGE_POLL, signal, async () => {
      const used = await unlessOff(make("div", {}), () => ask("GET", "/admin/usage?by=model", signal));
      renew(week, used ? [make("div", { className: "head" }, make("h2", {}, words.models.week)), weekTable(used)] : []);
    }, weekFailed),
  ]);
});

function modelPanel(tier, plan) {
  const { name, model, engine, remote, replicas, state, reason, context_length: context } = tier;
  const kind = [name, remote ? said(words.models.remote, { engine }) : engine, said(words.models.context, { n: inNumbers(context) })];
  if (replicas > 1) kind.push(said(words.models.replicas, { n: replicas }));
  const title = make("div", {}, make("h2", {}, model), make("small", {}, kind.join(" · ")));
  const head = make("div", { className: "head" }, title, badge(words.models.states[state] ?? state, STATE_TONES[state]));
  const why = reason ? [make("p", { className: `reason ${STATE_TONES[state]}` }, reason)] : [];
  return make("section", { className: "panel", ariaLabel: model }, head, ...why, factList(modelFacts(tier)), memoryPlan(tier, plan));
}

function modelFacts({ load, admission, breaker }) {
  const told = words.models, pairs = [];
  if (load) {
    const work = said(told.load, { running: inNumbers(load.running), waiting: inNumbers(load.waiting), slots: inNumbers(load.slots) });
    pairs.push([told.now, load.slots_useful ? `${work} (${said(told.useful, { n: inNumbers(load.slots_useful) })})` : work]);
    if (load.prefill_rate || load.decode_rate) pairs.push([told.speed, said(told.rates, { prefill: inNumbers(load.prefill_rate), decode: inNumbers(load.decode_rate) })]);
    if (load.kv_tokens_total) pairs.push([told.kept, [said(told.tokens, { used: inNumbers(load.kv_tokens_used), total: inNumbers(load.kv_tokens_total) }), thinBar(load.kv_tokens_used / load.kv_tokens_total)]]);
  }
  pairs.push([told.admission, said(told.admitted, { running: inNumbers(admission.running), places: inNumbers(admission.places), waiting: inNumbers(admission.waiting), pressure: inPercent(admission.pressure) })]);
  const wait = breaker.state === "open" ? ` ${said(told.until, { wait: inSeconds(breaker.retry_after) })}` : "";
  pairs.push([told.breaker, [badge(told.breakers[breaker.state] ?? breaker.state, BREAKER_TONES[breaker.state]), wait]]);
  const marks = ["throttled", "tight", "lost"].filter((mark) => load?.[mark]).map((mark) => badge(told.marks[mark], "doubt"));
  if (marks.length) pairs.push([told.device, marks]);
  return pairs;
}

function thinBar(share) {
  const filled = make("span", { className: "tone-2" });
  filled.style.width = `${100 * Math.min(1, share)}%`;
  return make("div", { className: "bar", ariaHidden: "true" }, filled);
}

// Of all memory: the model's parts, what others hold, what is free. A model that is loaded is among
// those that hold; for one that is not, its parts are what it would take.
function memoryPlan({ state }, plan) {
  if (!plan || plan.reason) return make("p", { className: "quiet" }, plan?.reason ?? "");
  const { total, free, weights, kv_cache: kv, margin, needed, lacking, where } = plan, told = words.models.parts;
  const loaded = state === "ready", held = total - free;
  const others = loaded ? Math.max(0, held - weights - kv) : held;
  const parts = [["weights", 1, weights], ["cache", 2, kv], ...(loaded ? [] : [["margin", 4, margin]]), ["others", 6, others]];
  const taken = parts.reduce((sum, [, , bytes]) => sum + bytes, 0), all = Math.max(total, taken);
  const shown = parts.map(([part, tone, bytes]) => ({ name: told[part], tone, share: bytes / all, amount: inBytes(bytes) }));
  shown.push({ name: told.free, tone: "none", share: (all - taken) / all, amount: inBytes(loaded ? free : Math.max(0, free - needed)) });
  const title = said(loaded ? words.models.holds : words.models.needs, { where, total: inBytes(total), needed: inBytes(needed) });
  const lack = lacking && !loaded ? [make("p", { className: "reason bad" }, said(words.models.lacking, { lacking: inBytes(lacking) }))] : [];
  return make("div", { className: "memory" }, make("h3", {}, title), ...shareBar(shown), ...lack);
}

function weekTable({ rows, total }) {
  if (!rows.length) return make("p", { className: "nothing" }, words.models.unused);
  const columns = ["requests", "refused", "failed", "again", "input", "output", "engine", "energy", "money"];
  const formats = { engine: inSeconds, energy: inWattHours, money: inMoney };
  const cells = (row, first) => [first, ...columns.map((name) => (formats[name] ?? inNumbers)(row[name]))];
  const byUse = [...rows].sort((a, b) => (b.model !== "") - (a.model !== "") || b.requests - a.requests);
  const line = (row) => {
    const href = `#receipts/?${new URLSearchParams({ model: row.model })}`;
    return { cells: cells(row, row.model ? make("a", { className: "link", href }, row.model) : words.models.none), href: row.model ? href : undefined };
  };
  const all = { cells: cells(total, words.models.all), className: "total" };
  const titles = [words.models.model, ...columns.map((name) => words.models.columns[name])];
  return tableOf(titles, [...byUse.map(line), ...(rows.length > 1 ? [all] : [])], { numbers: columns.map((_, n) => n + 1), minor: [4, 5, 7], label: words.models.week });
}
