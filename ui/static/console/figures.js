// What the tiles of the overview say: for each the label's word and what it shows, from `totals` and
// `before` (sums of the window and of the one before it), `live` (now) and `machine` (whole hours).
const NEITHER = 6; // the tone of what is neither good nor bad
const TILES = {
  requests: ({ totals, before }) => ({
    value: inNumbers(totals.requests),
    trend: trendOf(totals.requests, before.requests, inNumbers),
    lines: [
      totals.requests ? said(words.overview.perMinute, { n: inNumbers((60 * totals.requests) / totals.seconds, 1) }) : "",
      totals.left ? said(words.overview.left, { n: inNumbers(totals.left) }) : "",
    ],
  }),
  failed: ({ totals, before, receipts }) => ({
    value: inNumbers(totals.failed),
    unit: totals.failed ? inPercent(totals.failed / totals.requests, 1) : "",
    tone: totals.failed ? "bad" : "",
    href: totals.failed ? receipts({ status: "failed" }) : null,
    trend: trendOf(totals.failed, before.failed, inNumbers, "less"),
    lines: [mostOf(totals.errors).slice(0, 3).map(([cause, n]) => ({ text: `${cause} ${inNumbers(n)}`, href: receipts({ cause }) }))],
  }),
  refused: ({ totals, before, receipts }) => ({
    value: inNumbers(totals.refused),
    unit: totals.refused ? inPercent(totals.refused / totals.requests, 1) : "",
    href: totals.refused ? receipts({ status: "refused" }) : null,
    trend: trendOf(totals.refused, before.refused, inNumbers, "less"),
    lines: [mostOf(totals.refusals).slice(0, 3).map(([cause, n]) => ({ text: `${cause} ${inNumbers(n)}`, href: receipts({ cause }) }))],
  }),
  first: ({ totals, before, receipts }) => ({
    value: inSeconds(totals.ttft_p50),
    unit: words.overview.p50,
    trend: trendOf(totals.ttft_p95, before.ttft_p95, inSeconds, "less"),
    href: totals.ttft_p50 == null ? null : receipts({ sort: "slowest" }),
    lines: [said(words.overview.slowest, { p95: inSeconds(totals.ttft_p95) }), said(words.overview.whole, { p50: inSeconds(totals.total_p50), p95: inSeconds(totals.total_p95) })],
  }),
  between: ({ totals, before }) => ({
    value: inSeconds(totals.itl_p50),
    unit: words.overview.p50,
    trend: trendOf(totals.itl_p95, before.itl_p95, inSeconds, "less"),
    lines: [said(words.overview.slowest, { p95: inSeconds(totals.itl_p95) })],
  }),
  speed: ({ totals, before }) => ({
    value: inNumbers(totals.output_tokens_per_second, 1),
    unit: words.overview.perSecond,
    trend: trendOf(totals.output_tokens_per_second, before.output_tokens_per_second, inNumbers),
    lines: [said(words.overview.tokens, { in: inNumbers(totals.input_tokens), out: inNumbers(totals.output_tokens) })],
  }),
  queue: ({ totals, live: { tiers, brownout } }) => {
    const sum = (of) => tiers.reduce((all, tier) => all + of(tier), 0);
    return {
      value: inNumbers(sum(({ admission, load }) => admission.waiting + (load?.waiting ?? 0))),
      unit: words.overview.waiting,
      tone: brownout.steps.length ? "doubt" : "",
      lines: [
        said(words.overview.running, { n: inNumbers(sum(({ admission, load }) => load?.running ?? admission.running)) }),
        said(words.overview.waited, { p95: inSeconds(totals.queue_p95) }),
        said(brownout.steps.length ? words.overview.step : words.overview.pressure, { pressure: inPercent(brownout.pressure), n: brownout.steps.length, of: brownout.ladder.length }),
      ],
    };
  },
  tiers: ({ totals, tierTones }) => {
    const parts = mostOf(totals.tiers), all = parts.reduce((sum, [, n]) => sum + n, 0);
    return {
      value: parts.length ? inPercent(parts[0][1] / all) : UNKNOWN,
      unit: parts[0]?.[0] ?? "",
      parts: parts.map(([name, n]) => ({ name, tone: tierTones(name), share: n / all })),
    };
  },
  kept: ({ totals, before, live }) => {
    const found = live.in_other_words;
    return {
      value: inPercent(keptShare(totals)),
      trend: trendOf(keptShare(totals), keptShare(before), inPercent, "more"),
      lines: found ? [said(words.overview.inOtherWords, { hits: inNumbers(found.hits), asked: inNumbers(found.asked) }),
        said(words.overview.wrong, { wrong: inNumbers(found.wrong), checked: inNumbers(found.checked), most: inPercent(found.wrong_at_most, 1) })] : [],
    };
  },
  machine: ({ live: { gpus, machine } }) => {
    const gpu = gpus?.gpus[0], memory = { free: inBytes(machine.memory_free), total: inBytes(machine.memory_total) };
    const lines = [said(words.overview.memory, memory), said(words.overview.disk, { free: inBytes(machine.disk_free) })];
    if (!gpu) return { value: inPercent(machine.cpu), unit: said(words.overview.cores, { n: machine.cores }), lines };
    return { value: inPercent(gpu.utilisation), unit: gpu.name, lines: [said(words.overview.gpu, { watts: inNumbers(gpu.power), degrees: inNumbers(gpu.temperature), free: inBytes(gpu.memory_free) }), ...lines.slice(0, 1)] };
  },
  cost: ({ totals, before, machine }) => ({
    value: inMoney(totals.cost),
    trend: trendOf(totals.cost, before.cost, inMoney),
    lines: [
      said(words.overview.energy, { energy: inWattHours(totals.energy) }),
      isPriced(machine) ? said(words.overview.machineCost, { money: inMoney(machine.money), energy: inWattHours(machine.energy) }) : "",
    ],
  }),
  idle: ({ machine }) => ({
    value: inPercent(machine?.idle_share),
    lines: [idleCost(machine)],
  }),
};

// Whether anything is known of what the machine takes: by counters, or by the settings of `cost`.
function isPriced(machine) {
  return machine !== null && (machine.money > 0 || machine.energy > 0);
}

function idleCost(machine) {
  if (machine === null) return words.overview.unmeasured;
  if (!isPriced(machine)) return words.overview.unpriced;
  return said(words.overview.idle, { money: inMoney(machine.idle_money), energy: inWattHours(machine.idle_energy) });
}

function keptShare({ cache }) {
  const all = Object.values(cache).reduce((sum, n) => sum + n, 0);
  return all ? keptAnswers(cache) / all : null;
}

// Given again: the same, in other words, or together with somebody who asked just then.
function keptAnswers(cache) {
  return (cache.hit ?? 0) + (cache.similar ?? 0) + (cache.joined ?? 0);
}

function inMoney(money) {
  return money == null ? UNKNOWN : money.toLocaleString(undefined, { maximumSignificantDigits: 3, minimumFractionDigits: 0 });
}

function inWattHours(energy) {
  return energy >= 1000 ? `${inNumbers(energy / 1000, 1)} kWh` : energy == null ? UNKNOWN : `${inNumbers(energy, 1)} Wh`;
}
