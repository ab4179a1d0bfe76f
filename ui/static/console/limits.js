// Limits of a key or a group: as fields, in words, and how much of a budget is used. Needs forms.js.
const RATES = ["requests", "input_tokens", "output_tokens", "tokens", "parallel"];
const BUDGETS = ["tokens", "money", "energy"];
const PERIODS = ["day", "month"];
const LIMIT_NAMES = [...RATES, ...PERIODS.flatMap((period) => BUDGETS.map((what) => `${period}.${what}`))];

function limitOf(limits, name) {
  return name.split(".").reduce((part, each) => part?.[each], limits);
}

// `usual`: whether there may be none of its own, so that the appliance's usual ones hold.
function limitsField(name, { value, usual, ...more }) {
  const inputs = LIMIT_NAMES.map((each) => amountInput(name, each, limitOf(value, each)));
  const grid = make("div", { className: "limits" }, ...inputs.map((input) =>
    make("label", {}, make("span", {}, words.limits.fields[input.dataset.limit]), input)));
  const own = make("input", { type: "checkbox", checked: !usual || value != null });
  const choose = make("label", { className: "check", hidden: !usual }, own, make("span", {}, words.limits.own));
  const show = () => (grid.hidden = !own.checked);
  own.onchange = show;
  show();
  const control = make("div", {}, choose, grid);
  return field(name, { ...more, several: true }, control, () => (own.checked ? limitsFrom(inputs) : null));
}

function amountInput(field, limit, value) {
  const input = make("input", { type: "number", min: 0, step: "any", name: `${field}.${limit}`, value: value ?? "", placeholder: words.limits.none });
  input.dataset.limit = limit;
  return input;
}

// Those that are filled in. Throws a `Refusal` for what is no number.
function limitsFrom(inputs) {
  const limits = {};
  for (const input of inputs) {
    if (input.validity.badInput) throw new Refusal(words.limits.number, false, 400, { param: input.name });
    if (input.value === "") continue;
    const path = input.dataset.limit.split(".");
    const last = path.pop();
    const part = path.reduce((into, each) => (into[each] ??= {}), limits);
    part[last] = Number(input.value);
  }
  return limits;
}

// Each as one phrase: "60 requests a minute".
function limitsInWords(limits) {
  return LIMIT_NAMES.filter((name) => limitOf(limits, name) != null)
    .map((name) => said(words.limits.said[name], { n: inNumbers(limitOf(limits, name), 2) }));
}

// One line for a list.
function limitsInShort(limits) {
  if (limits == null) return words.limits.usual;
  return limitsInWords(limits).join(" · ") || words.limits.unlimited;
}

// Every limit on a line. `used`: {day, month} with what was used of budgets so far, as far as known.
function limitList(limits, used = {}) {
  const lines = LIMIT_NAMES.filter((name) => limitOf(limits, name) != null).map((name) => {
    const limit = limitOf(limits, name), so = limitOf(used, name);
    const line = make("li", {}, said(words.limits.said[name], { n: inNumbers(limit, 2) }));
    if (so != null) line.append(spentMeter(so, limit));
    return line;
  });
  return make("ul", { className: "limit-list" }, ...lines);
}

function spentMeter(used, limit) {
  const share = limit > 0 ? used / limit : 1;
  const text = said(words.limits.used, { used: inNumbers(used, 2), share: inPercent(share) });
  const meter = make("meter", { min: 0, max: 1, high: 0.8, optimum: 0, value: Math.min(1, share), ariaLabel: text });
  return make("span", { className: "spent" }, meter, make("span", { className: "quiet" }, text));
}

// What accounts used since the day and the month began (UTC), as receipts have it: by id of the key.
async function usedSoFar(signal) {
  const now = new Date(1000 * applianceTime());
  const day = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) / 1000;
  const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) / 1000;
  const [today, lately] = await Promise.all([day, month].map((since) => usageBy("key", since, signal)));
  return { day: today, month: lately };
}

// Rows by the first member of each; null where no receipts are kept.
async function usageBy(by, since, signal) {
  try {
    const usage = await ask("GET", `/admin/usage?by=${by}&since=${Math.floor(since)}`, signal);
    return new Map(usage.rows.map((row) => [row[by], row]));
  } catch (error) {
    if (error.code !== "off") throw error;
    return null;
  }
}

// Of the keys with these ids together, in the shape of budgets.
function usedOf(ids, so) {
  return Object.fromEntries(PERIODS.filter((period) => so[period]).map((period) => {
    const rows = ids.map((id) => so[period].get(id)).filter(Boolean);
    const sum = (amount) => rows.reduce((total, row) => total + amount(row), 0);
    return [period, { tokens: sum((row) => row.input + row.output), money: sum((row) => row.money), energy: sum((row) => row.energy) }];
  }));
}
