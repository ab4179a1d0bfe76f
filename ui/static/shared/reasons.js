// Why a tier was chosen, in plain words, from the rule that a receipt names. `told`: the tables `reasons`,
// `kinds` and `states` of the words. Needs store.js.
const RULES = [
  [/^named$/, "named"], [/^easy\b/, "easy"], [/^hard\b/, "hard"], [/^the only tier$/, "only"],
  [/^quality 1$/, "quality"], [/^quality 0$/, "speed"], [/^too long for (?<tier>.+)$/, "long"],
  [/^sparing (?<tier>.+)$/, "sparing"], [/^as before in this conversation$/, "before"],
  [/^it has (?<kind>.+)$/, "kind"], [/^its difficulty is unknown$/, "unknown"],
  [/^no tier is ready$/, "none"], [/^the documents do not tell$/, "documents"],
  [/^(?<tier>.+) is busy for .+$/, "busy"], [/^(?<tier>.+) is (?<state>.+)$/, "state"],
];

function reasonOf(reason, told) {
  if (!reason) return "";
  for (const [rule, name] of RULES) {
    const found = rule.exec(reason);
    if (!found) continue;
    const { tier, kind, state } = found.groups ?? {};
    return said(told.reasons[name], { tier, kind: told.kinds[kind] ?? kind, state: told.states[state] ?? state });
  }
  return said(told.reasons.other, { reason });
}
