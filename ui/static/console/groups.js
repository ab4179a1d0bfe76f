// Teams, people and programs that keys count for, and the log of who did what. Needs forms.js, limits.js.
async function groupList(box, signal) {
  const [ring, used] = await Promise.all([keyRing(signal), usedSoFar(signal)]);
  const add = make("button", { type: "button", className: "act primary", onclick: () => putGroup(null, ring, signal) }, words.groups.add);
  box.append(make("div", { className: "head" }, make("p", { className: "quiet" }, words.groups.text), add));
  if (!ring.groups.length) return void box.append(make("p", { className: "nothing" }, words.groups.none));
  box.append(make("div", { className: "panels" }, ...ring.groups.map((group) => groupCard(group, ring, used, signal))));
}

function groupCard(group, ring, used, signal) {
  const ids = idsBelow(group.name, ring.keys, ring.groups);
  const active = activeKeys(ring).filter((key) => ids.includes(key.id)).length;
  const limits = limitsInWords(group.limits).length ? limitList(group.limits, usedOf(ids, used)) : make("p", { className: "quiet" }, words.limits.unlimitedText);
  const about = [words.groups.kinds[group.kind], group.parent && said(words.groups.within, { name: group.parent }), said(words.groups.keys, { n: active })];
  return make("article", { className: "panel group", ariaLabel: group.name },
    make("div", { className: "head" },
      make("h3", {}, group.name, " ", make("small", {}, about.filter(Boolean).join(" · "))),
      make("div", { className: "acts" },
        plainButton(words.keys.change, () => putGroup(group, ring, signal)),
        plainButton(words.groups.remove, () => removeGroup(group, signal), "danger"))),
    limits);
}

async function putGroup(group, ring, signal) {
  const name = textField("name", { label: words.groups.fields.name, hint: words.groups.hints.name });
  const others = ring.groups.filter((one) => one.name !== group?.name);
  const fields = [
    choiceField("kind", { label: words.groups.fields.kind, value: group?.kind ?? "team", choices: Object.entries(words.groups.kinds) }),
    choiceField("parent", {
      label: words.groups.fields.parent, hint: words.groups.hints.parent, value: group?.parent ?? "",
      choices: [["", words.groups.top], ...others.map((one) => [one.name, one.name])],
    }),
    limitsField("limits", { label: words.groups.fields.limits, value: group?.limits ?? {} }),
  ];
  const put = await askedFor({
    title: group ? said(words.keys.changing, { name: group.name }) : words.groups.add,
    go: group ? words.forms.save : words.groups.make, wide: true, signal,
    fields: group ? fields : [name, ...fields],
    send: (values, stop) => ask("POST", "/admin/groups", stop, { name: group?.name, ...values, parent: values.parent || null }),
  });
  if (put) refreshed();
}

async function removeGroup(group, signal) {
  const gone = await askedFor({
    title: said(words.groups.removing, { name: group.name }), text: [words.groups.removeText],
    danger: true, go: words.groups.remove, signal,
    send: (_, stop) => ask("DELETE", `/admin/groups/${group.name}`, stop),
  });
  if (gone) refreshed();
}

// From `parent` upwards.
function groupsAbove(parent, groups) {
  const found = [];
  for (let name = parent; name && found.length < groups.length; ) {
    const group = groups.find((one) => one.name === name);
    if (!group) break;
    found.push(group);
    name = group.parent;
  }
  return found;
}

// Of all keys, gone ones too, that count for a group, directly or not.
function idsBelow(name, keys, groups) {
  return keys.filter((key) => groupsAbove(key.parent, groups).some((group) => group.name === name)).map((key) => key.id);
}

// ---- the log

async function auditLog(box, signal) {
  const keys = await ask("GET", "/admin/keys", signal);
  const names = new Map(keys.data.map((key) => [key.id, key.name]));
  const titles = ["at", "actor", "act", "target", "details"].map((name) => words.audit.columns[name]);
  const table = tableOf(titles, [], { label: words.keys.parts.audit });
  const list = table.querySelector("tbody");
  let before = null;
  const load = async () => {
    const page = await ask("GET", `/admin/audit?limit=50${before ? `&before=${before}` : ""}`, signal);
    list.append(...page.data.map((act) => actRow(act, names, titles)));
    before = page.data.at(-1)?.number;
    more.hidden = !page.has_more;
  };
  const more = plainButton(words.audit.more, load);
  box.append(make("p", { className: "quiet intro" }, words.audit.text), table, make("div", { className: "foot" }, more));
  await load();
}

function actRow(act, names, titles) {
  const [by, person] = act.actor.split(":");
  const who = by === "local" ? [words.audit.local, person].filter(Boolean).join(", ") : names.get(act.actor) ?? act.actor;
  const cells = [moment(act.at), who, words.audit.acts[act.act] ?? act.act, names.get(act.target) ?? act.target, detailsInWords(act.details)];
  return tableRow({ cells }, titles, (n) => (n === 4 ? "details" : "whole"));
}

// "May: ask, embed · Counts for: anna"; of limits those that are set.
function detailsInWords(details) {
  return Object.entries(details).filter(([name, value]) => name !== "name" && value != null)
    .map(([name, value]) => `${words.audit.names[name] ?? name}: ${detailInWords(name, value)}`).join(" · ");
}

function detailInWords(name, value) {
  if (name === "limits") return limitsInShort(value);
  if (name === "scopes") return scopesInWords(value);
  if (name === "expires_at") return moment(value);
  if (name === "cache") return words.keys.caches[value] ?? value;
  if (name === "kind") return words.groups.kinds[value] ?? value;
  if (name === "overlap" || name === "older_than") return inSeconds(Number(value));
  return Array.isArray(value) ? value.join(", ") : String(value);
}
