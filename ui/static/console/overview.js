// Is the appliance well, and what does it cost? In one sentence, in tiles, and over the window.
const WINDOWS = [15, 60, 360, 1440, 10_080]; // minutes
const POLL = 5; // seconds
const WINDOW_KEY = "hearth.console.minutes";
const PLOTS = {
  requests: { stacked: true, series: (points) => [
    curve("answered", "good", points, ({ requests, failed, refused, left }) => requests - failed - refused - left),
    curve("refused", "doubt", points, ({ refused }) => refused),
    curve("failed", "bad", points, ({ failed }) => failed),
    curve("gone", 6, points, ({ left }) => left),
  ] },
  first: { format: inSeconds, series: (points) => [
    curve("p50", 2, points, ({ ttft_p50 }) => ttft_p50), curve("p95", 1, points, ({ ttft_p95 }) => ttft_p95),
  ] },
  between: { format: inSeconds, series: (points) => [
    curve("p50", 2, points, ({ itl_p50 }) => itl_p50), curve("p95", 1, points, ({ itl_p95 }) => itl_p95),
  ] },
  speed: { format: (value) => inNumbers(value, 1), series: (points) => [
    curve("speed", 3, points, ({ seconds, output_tokens_per_second: speed }) => (seconds < points[0].seconds ? null : speed)),
  ] },
  tiers: { stacked: true, series: (points, tierTones) => namesIn(points, "tiers").map((name) =>
    ({ name, tone: tierTones(name), values: points.map(({ tiers }) => tiers[name] ?? 0) })) },
  kept: { stacked: true, series: (points) => [
    curve("again", "good", points, ({ cache }) => keptAnswers(cache)),
    curve("made", 6, points, ({ requests, cache }) => requests - keptAnswers(cache)),
  ] },
};

section("overview", async (box, signal) => {
  const view = new Overview();
  box.append(view.element);
  const latest = replacing(signal);
  const begin = () => view.follow(latest());
  view.onchoose = () => begin().catch((error) => error.name === "AbortError" || view.failed(error));
  await begin().catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
});

class Overview {
  constructor() {
    this.minutes = WINDOWS.find((one) => String(one) === localStorage.getItem(WINDOW_KEY)) ?? 60;
    this.health = make("div", { role: "status" }, make("h2", {}, words.overview.looking));
    this.up = make("small", {});
    this.windows = make("div", { className: "choose" }, ...WINDOWS.map((minutes, index) => this.choice(minutes, words.overview.windows[index])));
    this.windows.setAttribute("role", "group");
    this.windows.setAttribute("aria-label", words.overview.window);
    this.note = make("small", { hidden: true });
    this.tiles = Object.keys(TILES).map((name) => [TILES[name], new Tile(words.overview.tiles[name])]);
    this.plots = Object.entries(PLOTS).map(([name, { stacked, format, series }]) => {
      const label = words.overview.plots[name];
      return [series, new Plot({ label, told: words.plot, stacked, format })];
    });
    const tiles = make("div", { className: "tiles" }, ...this.tiles.map(([, tile]) => tile.element));
    const plots = make("div", { className: "plots" }, ...this.plots.map(([, { element }]) => element));
    const head = make("div", { className: "head" }, make("div", { className: "health" }, this.health, this.up), this.windows);
    this.element = make("div", { className: "stack" }, head, tiles, this.note, plots);
    this.mark();
  }

  choice(minutes, label) {
    return make("button", { type: "button", value: minutes, onclick: () => {
      this.minutes = minutes;
      this.mark();
      this.onchoose();
      try { localStorage.setItem(WINDOW_KEY, minutes); } catch {} // chats have filled it: it is forgotten
    } }, label);
  }

  mark() {
    for (const one of this.windows.children) one.setAttribute("aria-pressed", String(Number(one.value) === this.minutes));
  }

  // Sums of a long window change slowly, and cost more.
  async follow(signal) {
    let sums = null, asked = 0;
    await repeatedly(POLL, signal, async () => {
      const due = !sums || Date.now() - asked >= 1000 * Math.min(60, sums.step / 12);
      if (due) asked = Date.now();
      const [live, fresh] = await Promise.all([
        ask("GET", "/admin/live", signal),
        due ? ask("GET", `/admin/overview?minutes=${this.minutes}`, signal).catch(unkept) : sums,
      ]);
      sums = fresh;
      this.show(live, sums);
    }, (error) => error && this.failed(error));
  }

  show(live, sums) {
    const names = live.tiers.map(({ name }) => name);
    const tierTones = (name) => (names.includes(name) ? (names.indexOf(name) % 5) + 1 : NEITHER);
    const receipts = (filter) => `#receipts/?${new URLSearchParams({ ...filter, since: sums.since })}`;
    const all = { ...sums, live, tierTones, receipts };
    for (const [figures, tile] of this.tiles) tile.show(figures(all));
    const { points, step } = sums, at = points.map((point) => point.at);
    for (const [series, plot] of this.plots) plot.show({ at, step, series: series(points, tierTones) });
    this.note.hidden = sums.complete;
    this.note.textContent = sums.off ?? said(words.overview.sampled, { n: sums.sampled });
    this.say(live, troublesOf(live, sums.totals), receipts);
  }

  say(live, troubles, receipts) {
    this.at = live.at;
    this.up.textContent = said(words.verdict.up, { version: live.version, uptime: inSeconds(live.uptime) });
    const shown = JSON.stringify(troubles);
    if (shown === this.said) return;
    this.said = shown;
    const tone = troubles[0]?.tone ?? "good";
    const lead = troubles.length ? said(troubles.length > 1 ? words.verdict.several : words.verdict.one, { n: troubles.length }) : words.verdict.well;
    const lines = troubles.map(({ tone: of, text, mend, href, filter }) => {
      const way = href ?? (filter && receipts(filter));
      return make("li", { className: `dot ${of}` }, make("span", {}, way ? make("a", { className: "link", href: way }, text) : text, mend ? make("span", { className: "quiet" }, ` ${mend}`) : ""));
    });
    this.health.replaceChildren(make("h2", { className: `dot ${tone}` }, lead), ...(lines.length ? [make("ul", {}, ...lines)] : []));
  }

  failed(error) {
    this.said = null;
    const since = this.at ? said(words.verdict.since, { time: moment(this.at) }) : words.verdict.nothing;
    this.health.replaceChildren(make("h2", { className: "dot bad" }, since));
    this.up.textContent = error.message;
  }
}

// Instead of sums, where no receipts are kept.
function unkept(error) {
  if (error.code !== "off") throw error;
  const none = { cache: {}, tiers: {} };
  return { off: error.message, complete: false, step: 0, points: [], totals: none, before: none, machine: null };
}

function curve(name, tone, points, of) {
  return { name: words.overview.curves[name], tone, values: points.map(of) };
}

function namesIn(points, field) {
  return [...new Set(points.flatMap((point) => Object.keys(point[field])))].sort();
}
