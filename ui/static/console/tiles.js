// Tiles: a figure, what it was before, and what it is made of. Built once, filled as often as one
// likes; what did not change is left alone, so that nothing flickers and no focus is lost.

class Tile {
  constructor(label) {
    this.trend = make("span", {});
    this.value = make("div", { className: "value" }, UNKNOWN);
    this.detail = make("div", { className: "detail" });
    this.element = make("div", { className: "tile" }, make("div", { className: "label" }, label, this.trend), this.value, this.detail);
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", label);
  }

  // `unit` stands smaller behind the value; `lines`: texts, or lists of {text, href}; `parts`: of a
  // bar, {name, tone, share}; `trend` as from `trendOf`; `href`: where the value leads.
  show({ value, unit = "", lines = [], parts = [], trend = null, tone = "", href = null }) {
    const shown = JSON.stringify([value, unit, lines, parts, trend, tone, href]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.element.className = `tile ${tone}`;
    const figure = href ? make("a", { href }, value) : value;
    this.value.replaceChildren(figure, ...(unit ? [make("small", {}, ` ${unit}`)] : []));
    tellTrend(this.trend, trend);
    this.detail.replaceChildren(...(parts.length ? shareBar(parts) : []), ...lines.filter((line) => line.length).map(tileLine));
  }
}

function tileLine(line) {
  if (typeof line === "string") return make("div", {}, line);
  return make("div", {}, ...line.flatMap(({ text, href }, index) => [
    index ? ", " : "", href ? make("a", { className: "link", href }, text) : text,
  ]));
}

// A bar of parts, and what its colours mean.
function shareBar(parts) {
  const bar = make("div", { className: "bar", ariaHidden: "true" }, ...parts.map(({ tone, share }) => {
    const piece = make("span", { className: `tone-${tone}` });
    piece.style.width = `${100 * share}%`;
    return piece;
  }));
  const key = make("div", { className: "key" }, ...parts.map(({ name, tone, share, amount }) =>
    make("span", { className: `tone-${tone}` }, `${name} ${amount ?? inPercent(share)}`)));
  return [bar, key];
}

// How a figure moved against the window before: {text, title, tone}; null where that says nothing.
// `better`: "less" or "more", where one of them is.
const NOTABLE = 0.1; // the share from which on a change is coloured

function trendOf(now, before, format, better) {
  if (now == null || before == null || (!now && !before)) return null;
  const title = said(words.overview.before, { before: format(before) });
  if (!before) return { text: "▲", title, tone: better === "less" ? "bad" : "" };
  const share = now / before - 1;
  if (Math.abs(share) < 0.005) return { text: "=", title, tone: "" };
  const worse = better && (better === "less" ? share > 0 : share < 0);
  const tone = !better || Math.abs(share) < NOTABLE ? "" : worse ? "bad" : "good";
  const far = share > 9.99 ? `×${inNumbers(now / before)}` : inPercent(Math.abs(share));
  return { text: `${share > 0 ? "▲" : "▼"} ${far}`, title, tone };
}

function tellTrend(mark, trend) {
  const { text = "", title = "", tone = "" } = trend ?? {};
  Object.assign(mark, { className: `trend ${tone}`, title, textContent: text });
  mark.append(make("span", { className: "unseen" }, title && ` (${title})`));
}
