// Numbers as people read them. Durations come in seconds, times in unix seconds, shares from 0 to 1;
// what is not known, or is no number, is a dash.
const UNKNOWN = "–";
const MINUTE = 60, HOUR = 3600, DAY = 86_400; // seconds

function isUnknown(number) {
  return number == null || Number.isNaN(number);
}

function inNumbers(number, digits = 0) {
  return isUnknown(number) ? UNKNOWN : number.toLocaleString(undefined, { maximumFractionDigits: digits });
}

// 1.2 ms, 12 ms, 1.2 s, 45 s, 3 min, 2.5 h, 12 d
function inSeconds(seconds) {
  if (isUnknown(seconds)) return UNKNOWN;
  if (seconds < 0.0995) return `${inNumbers(seconds * 1000, seconds < 0.00995 ? 1 : 0)}\u00a0ms`;
  if (seconds < 9.95) return `${inNumbers(seconds, seconds < 0.995 ? 2 : 1)}\u00a0s`;
  if (seconds < 2 * MINUTE) return `${inNumbers(seconds)}\u00a0s`;
  if (seconds < 2 * HOUR) return `${inNumbers(seconds / MINUTE)}\u00a0min`;
  if (seconds < 2 * DAY) return `${inNumbers(seconds / HOUR, 1)}\u00a0h`;
  return `${inNumbers(seconds / DAY)}\u00a0d`;
}

function inPercent(share, digits = 0) {
  return isUnknown(share) ? UNKNOWN : share.toLocaleString(undefined, { style: "percent", maximumFractionDigits: digits });
}

function inBytes(bytes) {
  if (isUnknown(bytes)) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const number = bytes / 1000 ** power;
  return `${inNumbers(number, number < 10 && power ? 1 : 0)}\u00a0${units[power]}`;
}

// With the date, unless it is today, and with the year, unless it is this one.
function moment(at) {
  if (at == null) return UNKNOWN;
  const date = new Date(at * 1000), clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, isToday ? clock : { ...dayIn(date), ...clock });
}

// To the minute, as for a series of them.
function minuteOf(at) {
  if (at == null) return UNKNOWN;
  const date = new Date(at * 1000);
  return date.toLocaleString(undefined, { ...dayIn(date), hour: "2-digit", minute: "2-digit" });
}

function dayIn(date) {
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return { day: "numeric", month: "short", ...(!isThisYear && { year: "numeric" }) };
}

function dayOf(at) {
  return at == null ? UNKNOWN : new Date(at * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
}
