// Keys: who may ask, for whom, and who decided it. #keys, #keys/ID, #keys/groups, #keys/audit.
section("keys", async (box, signal, rest) => {
  const part = { "": keyList, groups: groupList, audit: auditLog }[rest];
  if (!part) return keyPage(box, signal, rest);
  const tabs = ["", "groups", "audit"].map((name) => {
    const tab = make("a", { href: `#keys${name && `/${name}`}` }, words.keys.parts[name || "keys"]);
    if (name === rest) tab.setAttribute("aria-current", "true");
    return tab;
  });
  const inside = make("div", {});
  box.append(make("nav", { className: "parts", ariaLabel: words.sections.keys }, ...tabs), inside);
  await part(inside, signal);
});

const NEWEST = 200; // receipts in which the last use of keys is looked for

// Everything about keys that their pages need: {keys, groups, own, usage of the last 7 days}.
async function keyRing(signal) {
  const week = applianceTime() - 7 * DAY;
  const [keys, groups, own, usage] = await Promise.all([
    ask("GET", "/admin/keys", signal), ask("GET", "/admin/groups", signal),
    ask("GET", "/v1/key", signal), usageBy("key", week, signal),
  ]);
  return { keys: keys.data, groups: groups.data, own, usage };
}

// When keys were last used, by id, of those that are among the newest receipts.
async function lastUses(signal) {
  const page = await ask("GET", `/admin/receipts?limit=${NEWEST}`, signal);
  return new Map(page.data.reverse().map((one) => [one.key, one.at]));
}

async function keyList(box, signal) {
  const ring = await keyRing(signal);
  ring.uses = ring.usage ? await lastUses(signal) : new Map();
  const gone = ring.keys.filter((key) => key.state !== "active");
  const all = make("input", { type: "checkbox" });
  const table = make("div", {});
  const show = () => table.replaceChildren(keyTable(ring, ring.keys.filter((key) => all.checked || key.state === "active")));
  all.onchange = show;
  const add = make("button", { type: "button", className: "act primary", onclick: () => newKey(ring, signal) }, words.keys.add);
  const old = make("label", { className: "check", hidden: !gone.length }, all, make("span", {}, said(words.keys.gone, { n: gone.length })));
  box.append(make("div", { className: "head" }, make("p", { className: "quiet" }, words.keys.text), old, add), table);
  show();
}

function keyTable({ usage, uses }, keys) {
  const titles = ["name", "scopes", "parent", "limits", "expires", "used", "requests"];
  return tableOf(titles.map((name) => words.keys.columns[name]), keys.map((key) => ({
    href: `#keys/${key.id}`,
    cells: [
      [make("a", { href: `#keys/${key.id}` }, key.name), " ", stateBadge(key.state)],
      scopesInWords(key.scopes),
      key.parent ?? UNKNOWN,
      limitsInShort(key.limits),
      key.expires_at == null ? words.keys.never : dayOf(key.expires_at),
      usedInWords(key, usage, uses),
      usage ? inNumbers(usage.get(key.id)?.requests ?? 0) : UNKNOWN,
    ],
  })), { numbers: [6], whole: [5], minor: [1, 2, 4] });
}

function usedInWords(key, usage, uses) {
  if (!usage) return UNKNOWN;
  if (uses.has(key.id)) return moment(uses.get(key.id));
  return usage.get(key.id)?.requests ? words.keys.thisWeek : words.keys.notThisWeek;
}

function stateBadge(state) {
  return state === "active" ? "" : make("span", { className: `badge ${state}` }, words.keys.states[state]);
}

function scopesInWords(scopes) {
  return scopes.map((scope) => words.keys.scopes[scope][0]).join(", ");
}

// ---- one key

async function keyPage(box, signal, id) {
  const ring = await keyRing(signal);
  const key = ring.keys.find((one) => one.id === id);
  if (!key) throw new Refusal(words.keys.unknown);
  const buttons = key.state === "revoked" ? [] : [
    plainButton(words.keys.change, () => changeKey(key, ring, signal)),
    plainButton(words.keys.rotate, () => rotateKey(key, ring, signal)),
    plainButton(words.keys.revoke, () => revokeKey(key, ring, signal), "danger"),
  ];
  box.append(
    make("a", { href: "#keys", className: "back" }, words.keys.back),
    make("div", { className: "head" }, make("h2", {}, key.name, " ", stateBadge(key.state)), ...buttons));
  if (key.id === ring.own.id) box.append(make("p", { className: "quiet intro" }, words.keys.yours));
  const limits = panel(words.keys.limits), use = panel(words.keys.use);
  box.append(make("div", { className: "panels" }, panel(words.keys.what, factList(keyFacts(key))), limits), use);
  await Promise.all([keyLimits(limits, signal, key, ring), keyUse(use, signal, key)]);
}

function keyFacts(key) {
  const named = words.keys.facts, names = (list) => (list == null ? words.keys.all : list.join(", "));
  return [
    [named.id, make("code", {}, key.id)],
    [named.scopes, scopesInWords(key.scopes)],
    [named.parent, key.parent],
    [named.models, names(key.models)],
    [named.collections, names(key.collections)],
    [named.cache, words.keys.caches[key.cache]],
    [named.filters, key.filters],
    [named.created, moment(key.created_at)],
    [named.expires, key.expires_at == null ? words.keys.never : moment(key.expires_at)],
    [named.revoked, key.revoked_at && moment(key.revoked_at)],
  ];
}

// Its own limits and those of what it counts for, each with what is used of budgets.
async function keyLimits(place, signal, key, { keys, groups }) {
  const used = await usedSoFar(signal);
  const account = keys.filter((one) => one.account === key.account).map((one) => one.id);
  if (key.limits == null) place.append(make("p", { className: "quiet" }, words.limits.usualText));
  else if (!limitsInWords(key.limits).length) place.append(make("p", { className: "quiet" }, words.limits.unlimitedText));
  else place.append(limitList(key.limits, usedOf(account, used)));
  for (const group of groupsAbove(key.parent, groups).filter(({ limits }) => limitsInWords(limits).length)) {
    place.append(
      make("h4", {}, said(words.keys.limitsOf, { kind: words.groups.kinds[group.kind], name: group.name })),
      limitList(group.limits, usedOf(idsBelow(group.name, keys, groups), used)));
  }
}

// What it used, when it was last used, and the way to its receipts.
async function keyUse(place, signal, key) {
  const now = applianceTime(), spans = [7, 30];
  const [week, month] = await Promise.all(spans.map((days) => usageBy("key", now - days * DAY, signal)));
  if (!week) return void place.append(make("p", { className: "quiet" }, words.keys.noReceipts));
  const last = await ask("GET", `/admin/receipts?key=${key.id}&limit=1`, signal);
  const at = last.data[0]?.at;
  place.append(
    make("p", {}, at ? said(words.keys.lastUse, { when: moment(at) }) : words.keys.neverUsed, " ",
      make("a", { href: `#receipts/?key=${key.id}` }, words.keys.receipts)),
    useTable([week, month].map((rows, n) => [said(words.keys.days, { n: spans[n] }), rows.get(key.id)])));
}

function useTable(lines) {
  const columns = ["requests", "again", "refused", "failed", "input", "output", "money"];
  const rows = lines.map(([name, row]) => ({ cells: [name, ...columns.map((column) => inNumbers(row?.[column] ?? 0, column === "money" ? 4 : 0))] }));
  return tableOf(["", ...columns.map((column) => words.keys.used[column])], rows, { numbers: columns.map((_, n) => n + 1), minor: [2, 7] });
}
