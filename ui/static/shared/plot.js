// Plots in SVG: lines, or bars that stand on each other, over time or over a few steps with names.
// Needs store.js and amounts.js. What is under the pointer, or the arrow keys, is read out beside it.
//
//   const plot = new Plot({ label, told, format, stacked });  // told: the table `plot` of the words
//   box.append(plot.element);
//   plot.show({ at, step, names, series: [{ name, tone, values }] });  // as often as one likes
//
// `at`: unix seconds at which each point of `step` seconds begins; with `names` they are steps 0, 1, 2 …
// that are called so. `values`: as many, null where nothing is known. `tone`: 1 to 6, good, doubt, bad.
const SIZE = { height: 148, left: 48, right: 6, top: 8, bottom: 20 }; // pixels
const TICK = { width: 66, times: [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160] }; // minutes

class Plot {
  constructor({ label, told, format = inNumbers, stacked = false }) {
    Object.assign(this, { label, told, format, stacked, data: null, chosen: null, width: 0 });
    this.drawing = svgShape("svg", { role: "img", "aria-label": label, tabindex: "0", height: SIZE.height });
    this.tip = make("div", { className: "tip", hidden: true });
    this.tip.setAttribute("role", "status");
    this.key = make("div", { className: "key" });
    const canvas = make("div", { className: "canvas" }, this.drawing, this.tip);
    this.element = make("figure", { className: "plot" }, make("figcaption", {}, label), this.key, canvas);
    this.drawing.addEventListener("pointermove", (event) => this.choose(this.under(event)));
    this.drawing.addEventListener("pointerleave", () => this.choose(null));
    this.drawing.addEventListener("blur", () => this.choose(null));
    this.drawing.addEventListener("keydown", (event) => this.walk(event));
    new ResizeObserver(([{ contentRect }]) => this.resize(contentRect.width)).observe(canvas);
  }

  show(data) {
    this.data = data;
    this.draw();
  }

  resize(width) {
    if (Math.abs(width - this.width) < 1) return;
    this.width = width;
    this.draw();
  }

  draw() {
    if (!this.data || this.width < 1) return;
    const { at, step, series } = this.data;
    this.scale = scaleOf(this.data, this.width, this.stacked);
    const shapes = this.stacked ? barsOf(this.data, this.scale) : linesOf(this.data, this.scale);
    const described = [svgShape("title", {}, this.label), svgShape("desc", {}, this.described())];
    this.cursor = svgShape("line", { class: "cursor", y1: SIZE.top, y2: SIZE.height - SIZE.bottom, visibility: "hidden" });
    this.drawing.replaceChildren(
      ...described, ...gridOf(this.scale, this.format), ...axisOf(this.data, this.scale, this.width), ...shapes, this.cursor);
    if (!series.some(hasValues)) this.drawing.append(svgText(this.told.nothing, this.scale.middle, SIZE.height / 2, "middle"));
    const names = series.map(({ name, tone }) => make("span", { className: `tone-${tone}` }, name));
    this.key.replaceChildren(...(series.length > 1 ? names : []));
    this.choose(this.chosen < at.length ? this.chosen : null);
  }

  // For who cannot see it: from where to where each line goes, and where it ends.
  described() {
    return this.data.series.filter(hasValues).map(({ name, values }) => {
      const there = values.filter((value) => value != null);
      const [least, most] = [Math.min(...there), Math.max(...there)].map((value) => this.format(value));
      return said(this.told.summary, { name, least, most, last: this.format(there.at(-1)) });
    }).join(" ") || this.told.nothing;
  }

  under(event) {
    const { at, step } = this.data ?? {};
    if (!at?.length) return null;
    const x = event.clientX - this.drawing.getBoundingClientRect().left;
    const point = Math.floor((this.scale.fromX(x) - at[0]) / step);
    return Math.min(at.length - 1, Math.max(0, point));
  }

  walk(event) {
    const last = (this.data?.at.length ?? 0) - 1;
    const to = { ArrowLeft: (this.chosen ?? last + 1) - 1, ArrowRight: (this.chosen ?? -1) + 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape") this.choose(null);
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.choose(Math.min(last, Math.max(0, to)));
  }

  choose(point) {
    this.chosen = point;
    this.tip.hidden = point === null;
    this.cursor?.setAttribute("visibility", point === null ? "hidden" : "visible");
    if (point === null) return;
    const { at, step, names, series } = this.data;
    const x = this.scale.x(at[point] + step / 2);
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, x);
    const rows = series.map(({ name, tone, values }) =>
      make("div", { className: `tone-${tone}` }, make("span", {}, name), make("b", {}, this.format(values[point]))));
    this.tip.replaceChildren(make("strong", {}, names ? names[point] : spanOf(at[point], step)), ...rows);
    const left = x > this.width / 2 ? x - this.tip.offsetWidth - 10 : x + 10;
    this.tip.style.left = `${Math.max(0, Math.min(this.width - this.tip.offsetWidth, left))}px`;
  }
}

function hasValues({ values }) {
  return values.some((value) => value != null && value !== 0);
}

// From values to pixels.
function scaleOf({ at, step, series }, width, stacked) {
  const sums = stacked ? at.map((_, point) => series.reduce((sum, one) => sum + (one.values[point] ?? 0), 0)) : series.flatMap((one) => one.values);
  const rise = niceStep(Math.max(0, ...sums.filter((value) => value != null)), stacked);
  const top = rise * Math.max(1, Math.ceil(Math.max(0, ...sums) / rise - 1e-9));
  const [from, to] = [at[0] ?? 0, (at.at(-1) ?? 0) + step];
  const wide = width - SIZE.left - SIZE.right, high = SIZE.height - SIZE.top - SIZE.bottom;
  return {
    rise, top, from, to, wide,
    middle: SIZE.left + wide / 2,
    x: (value) => SIZE.left + (wide * (value - from)) / (to - from || 1),
    y: (value) => SIZE.top + high * (1 - value / top),
    fromX: (x) => from + ((x - SIZE.left) / wide) * (to - from),
  };
}

// The distance of two or three lines up to `most`: 1, 2 or 5 with zeros.
function niceStep(most, whole) {
  if (!(most > 0)) return 1;
  const rough = most / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  return whole ? Math.max(1, step) : step;
}

function gridOf({ rise, top, y, middle, wide }, format) {
  const values = Array.from({ length: Math.round(top / rise) + 1 }, (_, index) => index * rise);
  return values.flatMap((value) => [
    svgShape("line", { class: "grid", x1: middle - wide / 2, x2: middle + wide / 2, y1: y(value), y2: y(value) }),
    svgText(value ? inMargin(value, format) : "0", SIZE.left - 6, y(value) + 3.5, "end"),
  ]);
}

// What is long in figures is told in words.
function inMargin(value, format) {
  return value < 1e6 ? format(value) : value.toLocaleString(undefined, { notation: "compact" });
}

function axisOf({ at, step, names }, { from, to, x, wide }) {
  const low = SIZE.height - 5;
  if (names) {
    const room = 6 * Math.max(0, ...names.map((name) => name.length)) + 14; // pixels, so that none touches the next
    const every = Math.max(1, Math.ceil((names.length * room) / wide));
    return names.map((name, point) => svgText(point % every ? "" : name, x(at[point] + step / 2), low, "middle"));
  }
  const most = Math.max(2, wide / TICK.width);
  const minutes = TICK.times.find((one) => (to - from) / 60 / one <= most) ?? TICK.times.at(-1);
  const ticks = [], shift = new Date(from * 1000).getTimezoneOffset() * 60; // midnight is where the reader lives
  for (let time = Math.ceil((from - shift) / 60 / minutes) * minutes * 60 + shift; time <= to; time += minutes * 60) {
    const inside = x(time) > SIZE.left + 14 && x(time) < SIZE.left + wide - 12;
    if (inside) ticks.push(svgText(minutes < 1440 ? clockOf(time) : dateOf(time), x(time), low, "middle"));
  }
  return ticks;
}

function barsOf({ at, step, series }, { x, y }) {
  const floor = at.map(() => 0);
  return series.flatMap(({ tone, values }) => at.flatMap((time, point) => {
    const value = values[point] ?? 0;
    if (!value) return [];
    const [low, high] = [y(floor[point]), y((floor[point] += value))];
    const width = x(time + step) - x(time), gap = width > 5 ? 1.5 : width > 2 ? 0.5 : 0;
    return [svgShape("rect", { class: `tone-${tone}`, x: x(time) + gap / 2, y: high, width: width - gap, height: low - high })];
  }));
}

// A line ends where a value is missing; one without neighbours is a dot.
function linesOf({ at, step, series }, { x, y }) {
  return series.flatMap(({ tone, values }) => runsOf(values).map((run) => {
    const points = run.map((point) => [x(at[point] + step / 2), y(values[point])].map((one) => one.toFixed(1)));
    if (points.length === 1) return svgShape("circle", { class: `tone-${tone}`, cx: points[0][0], cy: points[0][1], r: 2.2 });
    return svgShape("polyline", { class: `tone-${tone}`, points: points.join(" ") });
  }));
}

function runsOf(values) {
  const found = [[]];
  values.forEach((value, point) => (value == null ? found.push([]) : found.at(-1).push(point)));
  return found.filter((run) => run.length);
}

function clockOf(time) {
  return new Date(time * 1000).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function dateOf(time) {
  return new Date(time * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

function spanOf(time, step) {
  return `${step < DAY && Date.now() / 1000 - time < DAY ? "" : `${dateOf(time)}, `}${clockOf(time)}–${clockOf(time + step)}`;
}

function svgShape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function svgText(content, x, y, anchor) {
  return svgShape("text", { x, y, "text-anchor": anchor }, content);
}
