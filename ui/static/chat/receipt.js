// A receipt in plain words. Part of transcript.js, which has `words`; needs store.js, amounts.js and reasons.js.
// What a receipt calls by a name that has no words here is shown by that name.
const GIVEN_AGAIN = ["hit", "similar", "joined"];

// [title, sentences] for each thing that there is to say.
function accountOf(one) {
  const say = words.account;
  const rows = [
    [say.by, [answerer(one)]],
    [say.ending, [endingOf(one)]],
    [say.kept, [memoryOf(one), one.saved_ms > 0 && given(one) && said(say.saved, { time: inSeconds(one.saved_ms / 1000) })]],
    [say.documents, [passagesOf(one), ...(one.notes ?? [])]],
    [say.time, [timeOf(one)]],
    [say.tries, triesOf(one)],
    [say.tokens, given(one) ? [] : tokensOf(one)],
    [say.cost, costOf(one)],
    [say.busy, (one.brownout ?? []).map((step) => say.spared[step] ?? step)],
    [say.filters, (one.filters ?? []).map(filterOf)],
  ];
  return rows.map(([title, texts]) => [title, texts.filter(Boolean)]).filter(([, texts]) => texts.length);
}

function given({ cache }) {
  return GIVEN_AGAIN.includes(cache);
}

function answerer({ tier, model, reason, cache }) {
  const say = words.account;
  const who = !model ? say.nobody : tier && tier !== model ? said(say.tier, { tier, model }) : said(say.model, { model });
  const why = given({ cache }) ? "" : reasonOf(reason, words.account);
  return why ? said(say.because, { who, why }) : model && who;
}

function endingOf({ error, finish_reason: finish }) {
  const say = words.account.endings;
  const code = error ?? (finish === "stop" ? null : finish);
  return code && (say[code] ?? said(say.other, { code }));
}

function memoryOf(one) {
  const text = given(one) && words.account.memory[one.cache];
  return text && said(text, { ago: inSeconds(one.cache_age ?? 0) });
}

function passagesOf({ sources = [] }) {
  const n = sources.reduce((sum, { passages }) => sum + passages.length, 0);
  const m = new Set(sources.map(({ document }) => document)).size;
  const say = words.account;
  return n && said(m > 1 ? say.passages : n > 1 ? say.passagesOne : say.passageOne, { n, m });
}

function timeOf({ total_ms: total, queue_ms: queue = 0 }) {
  const text = queue >= 50 ? words.account.waited : words.account.took; // less is not felt
  return total != null && said(text, { total: inSeconds(total / 1000), queue: inSeconds(queue / 1000) });
}

function triesOf({ attempts = [], continued }) {
  const say = words.account;
  const failed = attempts.filter(([, error]) => error);
  const texts = failed.map(([tier, error, cause]) => said(say.failedTry, { tier, why: words.time.causes[cause ?? error] ?? cause ?? error }));
  return continued ? [...texts, say.continued] : texts;
}

function tokensOf({ prompt_tokens: n, completion_tokens: m, cached_tokens: cached, tokens_per_second: pace }) {
  const say = words.account;
  if (!n && !m) return [];
  const values = { n: inNumbers(n), m: inNumbers(m), rate: inNumbers(pace, 1) };
  return [said(pace == null ? say.noPace : say.pace, values), cached > 0 && said(say.cached, { n: inNumbers(cached) })];
}

function costOf({ cost, energy }) {
  return [cost > 0 && said(words.account.money, { n: inNumbers(cost, 6) }), energy > 0 && said(words.account.energy, { n: inNumbers(energy, 4) })];
}

function filterOf([side, kind, action, n]) {
  const { filtered, actions, sides, filterKinds: kinds } = words.account;
  return said(filtered, { action: actions[action] ?? action, side: sides[side] ?? side, kind: kinds[kind] ?? kind, n });
}
