// Where the time of one request went: the `time` of its receipt as a bar and in words. Needs store.js,
// amounts.js; `told` is the table TIME of the words.
const TRIFLE = 0.01; // the share below which parts are told together

// A bar, and a list that says the same.
function timeBar(time, told) {
  const parts = gathered(time);
  const bar = make("div", { className: "bar", ariaHidden: "true" }, ...parts.map(segment));
  const lines = parts.map((one) =>
    make("li", { className: one.part },
      make("span", { className: "name" }, told.parts[one.part] ?? one.part),
      make("span", { className: "why" }, whyOf(one, told) ?? ""),
      make("span", { className: "seconds" }, inSeconds(one.seconds)),
      make("span", { className: "share" }, inPercent(one.share))));
  return make("figure", { className: "time" }, bar, make("ol", { ariaLabel: told.title }, ...lines));
}

function segment({ part, share }) {
  const piece = make("span", { className: part });
  piece.style.flexGrow = share;
  return piece;
}

// What is too short to be seen counts as the rest.
function gathered(time) {
  const rest = { part: "other", why: null, seconds: 0, share: 0 };
  const seen = time.filter((one) => one.part !== "other" && one.share >= TRIFLE);
  for (const one of time) {
    if (seen.includes(one)) continue;
    rest.seconds += one.seconds;
    rest.share += one.share;
  }
  return rest.seconds > 0 ? [...seen, rest] : seen;
}

// Why it took so long; null where there is nothing to say.
function whyOf({ part, why }, told) {
  if (!why) return null;
  return part === "failed" ? told.causes[why] ?? why : told.whys[why] ?? why;
}

// What took longest.
function longest(time) {
  return gathered(time).reduce((most, one) => (one.seconds > (most?.seconds ?? -1) ? one : most), null);
}

// One sentence: "Most of the 8.2 s was waiting for a place: others were being answered."
// `detail` instead of the reason that the receipt has.
function timeLead(time, told, detail) {
  const one = longest(time);
  if (!one) return null;
  const total = inSeconds(time.reduce((sum, { seconds }) => sum + seconds, 0));
  const part = told.parts[one.part] ?? one.part;
  const lead = said(one.share >= 0.5 ? told.most : told.largest, { total, part, seconds: inSeconds(one.seconds) });
  const more = detail ?? whyOf(one, told);
  return more ? `${lead}: ${more}.` : `${lead}.`;
}
