// Making, changing, rotating and revoking keys. Needs forms.js, limits.js.
const KEY_SPANS = [1, 7, 30, 90, 365]; // days

function keyFields(key, ring) {
  const { name, models, limits } = words.keys.fields;
  return [
    checksField("scopes", {
      label: words.keys.fields.scopes, value: key.scopes,
      choices: Object.entries(words.keys.scopes).map(([scope, [label, text]]) => [scope, label, text]),
    }),
    choiceField("parent", {
      label: words.keys.fields.parent, hint: words.keys.hints.parent, value: key.parent ?? "",
      choices: [["", words.keys.nobody], ...ring.groups.map((group) => [group.name, `${group.name} (${words.groups.kinds[group.kind]})`])],
    }),
    expiryField(key.expires_at),
    namesField("models", { label: models, hint: words.keys.hints.models, value: key.models }),
    namesField("collections", { label: words.keys.fields.collections, hint: words.keys.hints.collections, value: key.collections }),
    choiceField("cache", { label: words.keys.fields.cache, value: key.cache, choices: Object.entries(words.keys.caches) }),
    textField("filters", { label: words.keys.fields.filters, hint: words.keys.hints.filters, value: key.filters ?? "" }),
    limitsField("limits", { label: limits, value: key.limits, usual: true }),
  ];
}

// "" is never, a number of days from now, or "keep": as it is.
function expiryField(at) {
  const choices = [["", words.keys.never], ...KEY_SPANS.map((days) => [String(days), said(words.keys.inDays, { n: days })])];
  if (at != null) choices.unshift(["keep", moment(at)]);
  const one = choiceField("expires_at", { label: words.keys.fields.expires, value: at == null ? "" : "keep", choices });
  const chosen = one.read;
  const read = () => (chosen() === "keep" ? at : chosen() === "" ? null : Math.round(applianceTime()) + Number(chosen()) * DAY);
  return { ...one, read };
}

// As the API takes it: what is empty is null.
function rightsFrom(values) {
  return { ...values, parent: values.parent || null, filters: values.filters || null };
}

async function newKey(ring, signal) {
  const fresh = { scopes: ["chat", "embed", "ingest"], cache: "on", expires_at: null, limits: null };
  const name = textField("name", { label: words.keys.fields.name, hint: words.keys.hints.name });
  const like = choiceField("like", {
    label: words.keys.fields.like, hint: words.keys.hints.like,
    choices: [["", words.keys.itsOwn], ...activeKeys(ring).map((key) => [key.id, key.name])],
  });
  const made = await askedFor({
    title: words.keys.add, go: words.keys.make, wide: true, signal,
    fields: [name, ...keyFields(fresh, ring), like],
    send: ({ like: of, ...values }, stop) => ask("POST", "/admin/keys", stop, { ...rightsFrom(values), like: of || null }),
  });
  if (made) await showSecret(made, signal);
}

function activeKeys({ keys }) {
  return keys.filter((key) => key.state === "active");
}

// The key's text is here once, and nowhere later.
async function showSecret(key, signal) {
  const text = make("input", { value: key.key, readOnly: true, className: "secret", ariaLabel: words.keys.secret });
  text.onfocus = () => text.select();
  const once = { name: "secret", box: make("div", { className: "field" }, text, copyButton("act", words.forms.copy, words.forms.copied, () => key.key)), read: () => undefined };
  await askedFor({
    title: said(words.keys.made, { name: key.name }), text: [words.keys.once], fields: [once],
    go: words.keys.stored, wide: true, signal, send: async () => true,
  });
  if (!signal.aborted) location.hash = `#keys/${key.id}`;
}

async function changeKey(key, ring, signal) {
  const changed = await askedFor({
    title: said(words.keys.changing, { name: key.name }), go: words.forms.save, wide: true, signal,
    fields: keyFields(key, ring),
    send: (values, stop) => ask("PATCH", `/admin/keys/${key.id}`, stop, differences(key, rightsFrom(values))),
  });
  if (changed) refreshed();
}

// What is other than it was, so that the audit log says what was changed.
function differences(before, after) {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => !alike(before[name], value)));
}

// Whether both say the same, be a limit missing or null.
function alike(one, other) {
  return JSON.stringify(bare(one)) === JSON.stringify(bare(other));
}

function bare(value) {
  if (value === null || typeof value !== "object") return value ?? null;
  if (Array.isArray(value)) return [...value].sort();
  const kept = Object.entries(value).map(([name, inner]) => [name, bare(inner)]);
  return Object.fromEntries(kept.filter(([, inner]) => inner !== null && !(typeof inner === "object" && !Object.keys(inner).length)).sort());
}

async function rotateKey(key, ring, signal) {
  const overlap = choiceField("overlap", {
    label: words.keys.fields.overlap, value: "3600",
    choices: [0, HOUR, DAY, 7 * DAY, 30 * DAY].map((seconds) => [String(seconds), seconds ? inSeconds(seconds) : words.keys.atOnce]),
  });
  const made = await askedFor({
    title: said(words.keys.rotating, { name: key.name }), text: [words.keys.rotateText, ...ownWarning(key, ring)],
    fields: [overlap], go: words.keys.rotate, signal,
    send: (values, stop) => ask("POST", `/admin/keys/${key.id}/rotate`, stop, { overlap: Number(values.overlap) }),
  });
  if (made) await showSecret(made, signal);
}

async function revokeKey(key, ring, signal) {
  const requests = ring.usage?.get(key.id)?.requests ?? 0;
  const gone = await askedFor({
    title: said(words.keys.revoking, { name: key.name }), danger: true, go: words.keys.revoke, signal,
    text: [words.keys.revokeText, said(words.keys.revokeUse, { n: inNumbers(requests) }), ...ownWarning(key, ring)],
    send: (_, stop) => ask("DELETE", `/admin/keys/${key.id}`, stop),
  });
  if (gone) location.hash = "#keys";
}

function ownWarning(key, { own }) {
  return key.id === own.id ? [words.keys.yoursToo] : [];
}

// Shows the section anew, with what was changed.
function refreshed() {
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
