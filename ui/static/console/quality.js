// Quality: how golden questions are answered, run by run, and what people think of answers.
const RECENT = 8; // lines of runs that are shown at once

section("quality", async (box, signal) => {
  const golden = make("div", {}), thumbs = make("div", {});
  box.append(make("div", { className: "stack" }, golden, thumbs));
  await Promise.all([goldenQuestions(golden, signal), feedbackPart(thumbs, signal)]);
});

async function goldenQuestions(box, signal) {
  const found = await unlessOff(box, () => ask("GET", "/admin/quality", signal));
  if (!found) return;
  const wish = plainButton(words.quality.run, async () => {
    wish.disabled = true;
    await ask("POST", "/admin/quality", signal);
    await look();
  }, "primary");
  const state = make("p", { className: "quiet", role: "status" });
  const plot = new Plot({ label: words.quality.plot, told: words.plot, format: inPercent });
  const runs = make("div", {}), questions = make("div", {});
  box.append(make("div", { className: "head" }, make("h2", {}, words.quality.golden), state, wish), make("div", { className: "stack" }, plot.element, runs, questions));
  let shown = "";
  const look = async () => {
    const now = await ask("GET", "/admin/quality", signal);
    tellOnce(state, goldenState(now));
    state.classList.toggle("bad", Boolean(now.trouble) || now.worse.length > 0);
    wish.disabled = now.wished || Boolean(now.running);
    if (shown === (shown = JSON.stringify([now.runs, now.questions]))) return;
    plot.element.hidden = now.runs.length < 2;
    plot.show(runSeries(now.runs));
    runs.replaceChildren(runTable(now.runs));
    questions.replaceChildren(...questionPanel(now.questions));
  };
  await repeatedly(4, signal, look, (error) => error && tellOnce(state, error.message));
}

function goldenState({ trouble, running, wished, worse, runs }) {
  if (trouble) return trouble;
  if (running) return said(words.quality.running, { n: running });
  if (wished) return words.quality.wished;
  if (worse.length) return said(words.quality.worse, { sets: worse.join(", ") });
  return runs.length ? words.quality.steady : words.quality.never;
}

// The share that passed, a line for each set, the oldest run first.
function runSeries(runs) {
  const oldest = [...runs].reverse();
  const sets = [...new Set(oldest.flatMap((run) => Object.keys(run.sets)))].sort();
  return {
    at: oldest.map((_, n) => n), step: 1, names: oldest.map((run) => minuteOf(run.began)),
    series: sets.map((name, n) => ({ name, tone: (n % 6) + 1, values: oldest.map((run) => run.sets[name]?.share ?? null) })),
  };
}

function runTable(runs) {
  if (!runs.length) return make("p", { className: "nothing" }, words.quality.never);
  const rows = runs.flatMap((run) => Object.entries(run.sets).map(([name, trend], n) => ({
    cells: [
      n ? "" : minuteOf(run.began), n ? "" : words.quality.whys[run.why] ?? run.why, name, inPercent(trend.share), inPercent(trend.before),
      trend.dropped ? badge(words.quality.dropped, "bad") : "",
    ],
  })));
  const titles = ["at", "why", "set", "share", "before", "verdict"].map((name) => words.quality.columns[name]);
  const shown = { numbers: [3, 4], minor: [1] };
  const older = make("details", { hidden: rows.length <= RECENT }, make("summary", {}, words.quality.older), tableOf(titles, rows.slice(RECENT), shown));
  return make("div", {}, tableOf(titles, rows.slice(0, RECENT), { ...shown, label: words.quality.runs }), older);
}

// Of the last run, what did not pass; the rest is behind a line.
function questionPanel(questions) {
  if (!questions.length) return [];
  const failed = questions.filter((one) => one.passed !== true), passed = questions.filter((one) => one.passed === true);
  const shown = failed.length ? questionTable(failed) : quiet(said(words.quality.allPassed, { n: questions.length }));
  const more = make("details", { hidden: !passed.length }, make("summary", {}, said(words.quality.passed, { n: passed.length })), questionTable(passed));
  return [panel(words.quality.last, shown, more)];
}

function questionTable(questions) {
  const rows = questions.map((one) => ({
    cells: [badge(words.quality.outcomes[one.passed], { true: "good", false: "bad" }[one.passed] ?? ""), one.question, one.why || UNKNOWN, one.model ?? UNKNOWN, one.set],
  }));
  return tableOf(["outcome", "question", "reason", "model", "set"].map((name) => words.quality.asked[name]), rows, { minor: [3, 4] });
}

// ---- thumbs

async function feedbackPart(box, signal) {
  const by = make("select", { name: "by" }, ...["model", "tier", "route", "cache", "collection"].map((value) => make("option", { value }, words.quality.bys[value])));
  const days = make("select", { name: "days" }, ...[7, 30, 90].map((n) => make("option", { value: n, selected: n === 30 }, said(words.keys.days, { n }))));
  const form = make("form", { className: "filters few" },
    ...[["by", by], ["days", days]].map(([name, control]) => make("label", { className: "field" }, make("span", {}, words.quality.filter[name]), control)));
  const found = make("div", {}), latest = replacing(signal);
  box.append(make("h2", {}, words.quality.feedback), form, found);
  const show = async () => {
    const feedback = await unlessOff(found, () => ask("GET", `/admin/feedback?by=${by.value}&days=${days.value}&comments=20`, latest()));
    if (feedback) found.replaceChildren(...feedbackShown(feedback));
  };
  const look = () => show().catch((error) => error.name === "AbortError" || found.replaceChildren(refused(error)));
  form.oninput = look;
  await look();
}

function feedbackShown({ by, data, comments }) {
  if (!data.length) return [make("p", { className: "nothing" }, words.quality.noFeedback)];
  const plot = new Plot({ label: words.quality.perDay, told: words.plot, stacked: true });
  plot.show(thumbSeries(data));
  const totals = new Map();
  for (const row of data) {
    const sum = totals.get(row[by]) ?? { up: 0, down: 0, comments: 0 };
    for (const name of Object.keys(sum)) sum[name] += row[name];
    totals.set(row[by], sum);
  }
  const rows = [...totals].map(([name, sum]) => ({
    cells: [name || UNKNOWN, inNumbers(sum.up), inNumbers(sum.down), inPercent(sum.up / (sum.up + sum.down)), inNumbers(sum.comments)],
  }));
  const titles = [words.quality.bys[by], ...["up", "down", "share", "comments"].map((name) => words.quality.thumbs[name])];
  const told = comments.map(commentLine);
  return [make("div", { className: "panels" },
    make("div", { className: "stack" }, plot.element, tableOf(titles, rows, { numbers: [1, 2, 3, 4], minor: [4] })),
    panel(words.quality.comments, ...(told.length ? told : [quiet(words.quality.noComments)])))];
}

// Thumbs by day (of UTC, wherever the reader is), days without any among them.
function thumbSeries(data) {
  const day = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
  const first = day(data[0].day), count = (day(data.at(-1).day) - first) / DAY + 1;
  const days = Array.from({ length: count }, (_, n) => first + n * DAY);
  const named = (begin) => new Date(begin * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
  const values = (name) => days.map((begin) => data.filter((row) => day(row.day) === begin).reduce((sum, row) => sum + row[name], 0));
  return { at: days.map((_, n) => n), step: 1, names: days.map(named), series: [{ name: words.quality.ratings.up, tone: "good", values: values("up") }, { name: words.quality.ratings.down, tone: "bad", values: values("down") }] };
}

function commentLine({ receipt_id, model, ...one }) {
  const line = opinion(one);
  line.querySelector("small").append(model ? ` · ${model}` : "", " · ", make("a", { href: `#receipts/${receipt_id}`, className: "link" }, words.quality.receipt));
  return line;
}
