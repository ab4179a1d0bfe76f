// Whether the appliance is well: what is wrong and what helps, worst first, each {tone, text, mend,
// href}. From what it says now (GET /admin/live) and the sums of the window (GET /admin/overview).
const SICK = 0.05; // the share of failed requests from which on it is said first

function troublesOf(live, totals) {
  const found = [...tierTroubles(live), ...findingTroubles(live), ...loadTroubles(live), ...requestTroubles(totals)];
  return found.sort((a, b) => (a.tone === "bad" ? 0 : 1) - (b.tone === "bad" ? 0 : 1));
}

function tierTroubles({ tiers }) {
  const { verdict } = words;
  return tiers.flatMap(({ name, model, state, reason, breaker }) => {
    const text = state === "ready" ? reason && verdict.less : verdict[state];
    const found = [];
    if (text && state !== "asleep") {
      const tone = state === "failed" || state === "unavailable" ? "bad" : "doubt";
      found.push({ tone, text: said(text, { model, tier: name, reason: reason ?? "" }).trim(), mend: "", href: "#models" });
    }
    if (breaker.state === "open") found.push({ tone: "bad", text: said(verdict.open, { model, tier: name, wait: inSeconds(breaker.retry_after) }), mend: verdict.openMend, href: "#receipts/?status=failed" });
    return found;
  });
}

function findingTroubles({ findings, receipts, gpus }) {
  const { verdict } = words;
  const found = findings.filter((one) => one.verdict !== "ok").map((one) => ({
    tone: one.verdict === "problem" ? "bad" : "doubt",
    text: said(verdict.finding, one),
    mend: one.mend,
  }));
  if (receipts?.trouble) found.push({ tone: "bad", text: said(verdict.receipts, receipts), mend: "" });
  else if (receipts?.lost) found.push({ tone: "doubt", text: said(verdict.lost, receipts), mend: "" });
  if (gpus?.lost.length) found.push({ tone: "bad", text: said(verdict.gpus, { gpus: gpus.lost.join(", ") }), mend: verdict.gpusMend });
  return found;
}

function loadTroubles({ brownout }) {
  if (!brownout.steps.length) return [];
  const steps = brownout.steps.map((step) => words.verdict.steps[step] ?? step).join(", ");
  return [{ tone: "doubt", text: said(words.verdict.brownout, { steps }), mend: words.verdict.brownoutMend }];
}

function requestTroubles({ requests, failed, errors }) {
  if (!requests || failed / requests < SICK) return [];
  const [cause] = mostOf(errors)[0] ?? [""];
  const text = said(words.verdict.failing, { failed: inNumbers(failed), requests: inNumbers(requests), cause });
  return [{ tone: "bad", text, mend: "", filter: cause ? { cause } : { status: "failed" } }];
}

// Of a count by name, the largest first.
function mostOf(counts) {
  return Object.entries(counts ?? {}).sort(([, a], [, b]) => b - a);
}
