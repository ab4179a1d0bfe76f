// Benchmarks: what `hearth bench` measured here. #benchmarks lists them, #benchmarks/ID shows one.
const FIGURES = { // by column: what stands in it, the factor, the digits
  tokens: [["output_tokens_per_s"], 1, 1], requests: [["requests_per_s"], 1, 2], first: [["ttft_p50", "ttft_p99"], 1000, 0],
  between: [["itl_p50", "itl_p99"], 1000, 1], whole: [["e2e_p50", "e2e_p99"], 1, 2], inTime: [["attainment"], 1, 2],
  good: [["goodput_tokens_per_s"], 1, 1], energy: [["joules_per_token"], 1, 3], refusal: [["refusal_p99"], 1000, 0],
};
const FIGURE_PLOTS = {
  output_tokens_per_s: (value) => inNumbers(value, 1), ttft_p50: inSeconds, itl_p50: inSeconds, e2e_p50: inSeconds,
};

section("benchmarks", async (box, signal, rest) => {
  if (rest) return benchmarkPage(box, signal, rest);
  const { data } = await ask("GET", "/admin/benchmarks", signal);
  box.append(make("p", { className: "quiet intro" }, words.benchmarks.text), data.length ? benchmarkList(data) : make("p", { className: "nothing" }, words.benchmarks.none));
});

function benchmarkList(reports) {
  const titles = ["when", "machine", "knee", "version"].map((name) => words.benchmarks.columns[name]);
  const rows = reports.map(({ id, at, conditions, knee }) => {
    const href = `#benchmarks/${encodeURIComponent(id)}`;
    return { href, cells: [make("a", { href }, conditions?.when ?? moment(at)), machineOf(conditions), kneesOf(knee).join("; "), conditions?.version ?? UNKNOWN] };
  });
  return tableOf(titles, rows, { minor: [1, 3], label: words.sections.benchmarks });
}

function machineOf(conditions) {
  if (!conditions) return UNKNOWN;
  const { processor, cores, gpus } = conditions;
  return gpus && gpus !== "none" ? gpus : said(words.benchmarks.cores, { processor, n: cores });
}

function kneesOf(knee) {
  return Object.entries(knee ?? {}).map(([target, told]) => `${target}: ${told}`);
}

async function benchmarkPage(box, signal, id) {
  const back = make("a", { className: "back", href: "#benchmarks" }, words.benchmarks.back);
  box.append(back);
  const { at, report } = await ask("GET", `/admin/benchmarks/${id}`, signal);
  const levels = report.levels ?? [], targets = [...new Set(levels.map(({ target }) => target))];
  const remarks = kneesOf(report.knee).map((line) => make("p", {}, `${line}.`));
  const conditions = factList(Object.entries(report.conditions ?? {}).map(([name, value]) => [name, name === "command" ? make("code", {}, value) : value]));
  const plots = Object.entries(FIGURE_PLOTS).map(([figure, format]) => figurePlot(figure, format, levels, targets));
  const tables = targets.map((target) => make("section", {}, make("div", { className: "head" }, make("h2", {}, target)), figureTable(levels.filter((one) => one.target === target), target)));
  box.append(make("div", { className: "stack" },
    make("div", { className: "told" }, make("h2", {}, said(words.benchmarks.of, { when: report.conditions?.when ?? moment(at) })), ...remarks), make("div", { className: "plots" }, ...plots), ...tables, panel(words.benchmarks.conditions, conditions)));
}

// One figure over the loads, a line for each target.
function figurePlot(figure, format, levels, targets) {
  const names = [...new Set(levels.map(({ level }) => level))];
  const plot = new Plot({ label: words.benchmarks.plots[figure], told: words.plot, format });
  const series = targets.map((target, index) => ({
    name: target, tone: (index % 5) + 1,
    values: names.map((name) => levels.find((one) => one.target === target && one.level === name)?.figures[figure] ?? null),
  }));
  plot.show({ at: names.map((_, index) => index), step: 1, names, series });
  return plot.element;
}

function figureTable(levels, target) {
  const columns = Object.keys(FIGURES).filter((column) => levels.some(({ figures }) => figures[FIGURES[column][0][0]] != null));
  const titles = [words.benchmarks.load, ...columns.map((column) => words.benchmarks.figures[column]), words.benchmarks.failures];
  const rows = levels.map(({ level, figures, failures }) => ({ cells: [level, ...columns.map((column) => figureCell(figures, column)), failuresOf(failures)] }));
  return tableOf(titles, rows, { numbers: titles.map((_, index) => index).slice(1), label: target });
}

function figureCell(figures, column) {
  const [names, factor, digits] = FIGURES[column];
  return names.map((name) => inNumbers(figures[name] == null ? null : figures[name] * factor, digits)).join(" / ");
}

function failuresOf(failures) {
  return mostOf(failures).map(([name, n]) => `${inNumbers(n)} ${name}`).join(", ") || "0";
}
