// One receipt in words: why it took so long, who asked, what was decided, what it cost.
const MANY_AHEAD = 200; // receipts that are looked at to count who was there before
const AHEAD = 600; // seconds before it in which they began

async function receiptPage(box, signal, id) {
  box.append(make("a", { href: lastList, className: "back" }, words.receipt.back));
  const one = await unlessOff(box, () => ask("GET", `/v1/receipts/${encodeURIComponent(id)}`, signal));
  if (!one) return;
  const keys = await ask("GET", "/admin/keys", signal);
  const key = keys.data.find((each) => each.id === one.key);
  const time = one.time ?? [];
  const lead = make("p", { className: "lead" }, leadOf(one, null));
  const top = make("section", { className: "panel headline" }, lead);
  if (time.length) top.append(timeBar(time, words.time));
  box.append(make("div", { className: "head" }, make("h2", {}, askedBy(one, key)), statusBadge({ outcome: one.outcome, cause: firstCause(one) })), top);
  const decided = panel(words.receipt.decided, decisionList(one));
  const rest = [factPanel(one, key), attemptPanel(one), sourcePanel(one), filterPanel(one), opinionPanel(one)].filter(Boolean);
  box.append(make("div", { className: "panels" }, decided, ...rest), rawReceipt(one));
  if (longest(time)?.part === "queue") lead.textContent = leadOf(one, await aheadOf(one, time, signal));
}

function askedBy(one, key) {
  return said(words.receipt.asked, { who: key?.name ?? one.key ?? words.receipt.somebody, when: moment(one.at) });
}

function firstCause(one) {
  if (one.outcome === "ok") return null;
  const last = one.attempts.at(-1);
  return last?.[2] ?? last?.[1] ?? one.error;
}

// The sentence at the top. `ahead`: how many were there before it, as far as known.
function leadOf(one, ahead) {
  const cause = firstCause(one);
  const ended = cause ? said(words.receipt.ended[one.outcome], { cause: causeInWords(cause) }) : "";
  const slow = one.time?.length ? timeLead(one.time, words.time, leadDetail(one, ahead)) : said(words.receipt.took, { total: inSeconds((one.total_ms ?? 0) / 1000) });
  return [ended, slow].filter(Boolean).join(" ");
}

// What the receipt knows of its longest part.
function leadDetail(one, ahead) {
  const { part } = longest(one.time) ?? {};
  const say = words.receipt.details;
  if (part === "queue" && ahead) return said(ahead === 1 ? say.aheadOne : say.ahead, { n: inNumbers(ahead) });
  if (part === "read") return said(say.read, { n: inNumbers(one.prompt_tokens), cached: inNumbers(one.cached_tokens) });
  if (part === "write" && one.tokens_per_second) return said(say.write, { n: inNumbers(one.completion_tokens), pace: inNumbers(one.tokens_per_second, 1) });
  if (part === "generate") return said(say.generate, { n: inNumbers(one.prompt_tokens), m: inNumbers(one.completion_tokens) });
  return null;
}

// Requests to the same tier that had begun before it came to wait, and were not over then.
async function aheadOf(one, time, signal) {
  const before = time.slice(0, time.findIndex(({ part }) => part === "queue"));
  const came = one.at + before.reduce((sum, { seconds }) => sum + seconds, 0);
  const query = new URLSearchParams({ tier: one.tier ?? "", since: Math.floor(one.at - AHEAD), until: one.at.toFixed(3), limit: MANY_AHEAD });
  const page = await ask("GET", `/admin/receipts?${query}`, signal);
  return page.data.filter(({ id, at, total }) => id !== one.request_id && at + (total ?? 0) > came).length;
}

// ---- what was decided

// Each step and try in the order of time, as sentences.
function decisionList(one) {
  const told = one.steps.filter(([name, verdict]) => name !== "generate" || verdict !== "ok" || !one.attempts.length);
  const steps = told.map(([name, verdict, at, ms]) => ({ at, ms, text: stepInWords(name, verdict, one) }));
  const tries = one.attempts.map(([tier, error, cause, at, ms]) => ({ at, ms, text: tryInWords(tier, cause ?? error), bad: Boolean(error) }));
  const lines = [...steps, ...tries].sort((a, b) => a.at - b.at);
  const spared = one.brownout.length ? [said(words.receipt.spared, { steps: one.brownout.map((step) => words.verdict.steps[step] ?? step).join(", ") })] : [];
  return make("ol", { className: "decisions" },
    ...spared.map((text) => make("li", {}, make("span", {}, text))),
    ...lines.map(({ text, at, ms, bad }) => make("li", { className: bad ? "bad" : "" },
      make("span", {}, text), make("time", { title: said(words.receipt.after, { time: inSeconds(at / 1000) }) }, inSeconds(ms / 1000)))));
}

function stepInWords(name, verdict, one) {
  const known = words.receipt.steps[name] ?? {};
  const values = { tier: one.tier ?? "", reason: reasonOf(one.reason, words.account), n: one.sources.length, age: inSeconds(one.cache_age), why: one.cache_reason ?? "" };
  if (name === "similar" && verdict === "miss" && !one.cache_reason) return known.notLooked;
  if (known[verdict]) return said(known[verdict], values);
  if (verdict === "ok") return name;
  return said(words.receipt.stepFailed, { step: known.ok ? said(known.ok, values) : name, cause: causeInWords(verdict) });
}

function tryInWords(tier, trouble) {
  return trouble ? said(words.receipt.tryFailed, { tier, cause: causeInWords(trouble) }) : said(words.receipt.tried, { tier });
}

function attemptPanel(one) {
  if (!one.attempts.some(([, error]) => error)) return null;
  const rows = one.attempts.map(([tier, error, cause, at, ms]) => ({
    cells: [tier, error ? causeInWords(error) : words.receipts.statuses.ok, cause ? causeInWords(cause) : UNKNOWN, inSeconds(at / 1000), inSeconds(ms / 1000)],
  }));
  const titles = ["tier", "outcome", "cause", "at", "took"].map((name) => words.receipt.attempt[name]);
  return panel(words.receipt.attempts, tableOf(titles, rows, { numbers: [3, 4] }));
}

// ---- numbers

function factPanel(one, key) {
  const named = words.receipt.facts;
  const expected = one.forecast.map(([guess, came]) => said(words.receipt.guessed, { guess: inNumbers(guess), came: inNumbers(came) }));
  return panel(words.receipt.numbers, factList([
    [named.key, one.key && make("a", { href: `#keys/${one.key}` }, key?.name ?? one.key)],
    [named.model, one.model], [named.tier, one.tier], [named.reason, !one.cache_age && one.reason && ruleOf(one.reason)],
    [named.route, said(one.stream ? words.receipt.streamed : words.receipt.whole, { route: one.path })],
    [named.status, [String(one.status), one.error && ` ${one.error}`].filter(Boolean).join("")],
    [named.finish, one.finish_reason && (words.receipt.finishes[one.finish_reason] ?? one.finish_reason)],
    [named.input, said(words.receipt.tokensIn, { n: inNumbers(one.prompt_tokens), cached: inNumbers(one.cached_tokens) })],
    [named.output, inNumbers(one.completion_tokens)],
    [named.pace, one.tokens_per_second && said(words.receipt.pace, { n: inNumbers(one.tokens_per_second, 1) })],
    [named.wait, waitInWords(one)],
    [named.expected, expected.join(" · ")],
    [named.cache, cacheInWords(one)],
    [named.cost, one.cost ? inNumbers(one.cost, 6) : null],
    [named.energy, one.energy ? said(words.receipt.wattHours, { n: inNumbers(one.energy, 3) }) : null],
  ]));
}

// In words, and the rule itself where it has numbers.
function ruleOf(reason) {
  return [reasonOf(reason, words.account), /\d/.test(reason) ? make("small", {}, ` (${reason})`) : ""];
}

function waitInWords(one) {
  if (!one.attempts.length) return null;
  const took = inSeconds(one.queue_ms / 1000);
  return one.expected_wait_ms == null ? took : said(words.receipt.waited, { took, expected: inSeconds(one.expected_wait_ms / 1000) });
}

function cacheInWords(one) {
  if (!one.cache) return null;
  const saved = one.saved_ms ? said(words.receipt.saved, { time: inSeconds(one.saved_ms / 1000) }) : "";
  return [words.receipts.caches[one.cache] ?? one.cache, one.cache_reason, saved].filter(Boolean).join(" · ");
}

// ---- documents, filters, what people said

function sourcePanel(one) {
  if (!one.sources.length) return null;
  const rows = one.sources.map((source) => ({
    cells: [String(source.number), source.document, source.page == null ? UNKNOWN : String(source.page), String(source.passages.length), inNumbers(source.score, 2)],
  }));
  const titles = ["number", "document", "page", "passages", "score"].map((name) => words.receipt.source[name]);
  const verdicts = Object.entries(one.citations).map(([verdict, n]) => `${words.receipt.citations[verdict] ?? verdict}: ${n}`);
  return panel(words.receipt.sources, ...one.notes.map(quiet), quiet(verdicts.join(" · ") || words.receipt.uncited), tableOf(titles, rows, { numbers: [2, 3, 4] }));
}

function filterPanel(one) {
  if (!one.filters.length) return null;
  const lines = one.filters.map(([side, kind, action, n]) => make("li", {}, said(words.receipt.filtered[side] ?? words.receipt.filtered.in, { kind, action: words.receipt.actions[action] ?? action, n })));
  return panel(words.receipt.filters, make("ul", { className: "plain" }, ...lines));
}

// What its readers said of the answer.
function opinionPanel({ feedback }) {
  return feedback.length ? panel(words.receipt.feedback, ...feedback.map(opinion)) : null;
}

function opinion({ rating, comment, at }) {
  return make("blockquote", { className: "opinion" },
    badge(words.quality.ratings[rating], rating === "up" ? "good" : "bad"), make("span", {}, comment), make("small", {}, minuteOf(at)));
}

function rawReceipt(one) {
  const text = JSON.stringify(one, null, 2);
  return make("details", { className: "raw" },
    make("summary", {}, words.receipt.raw),
    copyButton("act", words.forms.copy, words.forms.copied, () => text), make("pre", { tabIndex: 0 }, make("code", {}, text)));
}
