// What of a sentence its source does not say, in words. Needs store.js and `words`.
function missingText(missing) {
  const list = missing.map((word) => (word === "negation" ? words.negation : word)).join(", ");
  return said(words.missing, { words: list });
}
