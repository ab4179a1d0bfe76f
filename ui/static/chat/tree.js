// A conversation is a tree, of which one path is open: `turns`, what is seen and what the model is
// told. Where it branches, the turn on the path has `others`, the ways on that were left, each a
// list of turns that begins with another version of this one; `at` is its own place among them all.
// So a conversation from before there were branches is a tree with one path.
//
// Nothing here changes what it is given.

// All ways on from `place`, that of the path among them.
function waysOn(turns, place) {
  const { at = 0, others = [], ...turn } = turns[place];
  return others.toSpliced(at, 0, [turn, ...turns.slice(place + 1)]);
}

// The path that takes way `at` of `ways` on from `place`.
function along(turns, place, ways, at) {
  const [turn, ...rest] = ways[at];
  const branches = ways.length > 1 ? { at, others: ways.toSpliced(at, 1) } : {};
  return [...turns.slice(0, place), { ...turn, ...branches }, ...rest];
}

// The path with another version of a turn at `place`, its last; or behind the end.
function forked(turns, place, turn) {
  if (place >= turns.length) return [...turns, turn];
  const ways = [...waysOn(turns, place), [turn]];
  return along(turns, place, ways, ways.length - 1);
}

// The path with version `at` of what is at `place`, and with what followed it then.
function leafed(turns, place, at) {
  const ways = waysOn(turns, place);
  return ways[at] ? along(turns, place, ways, at) : turns;
}

// The path without its version at `place`: another stands there, if there is one.
function felled(turns, place) {
  const { at = 0 } = turns[place];
  const ways = waysOn(turns, place).toSpliced(at, 1);
  return ways.length ? along(turns, place, ways, Math.min(at, ways.length - 1)) : turns.slice(0, place);
}

// The path first, each turn at its place; then what lies beside it.
function everyTurn(turns) {
  return [...turns, ...turns.flatMap(({ others = [] }) => others.flatMap(everyTurn))];
}

// The same tree with every turn changed.
function everyTurnAs(turns, change) {
  return turns.map((turn) => {
    const { others } = turn;
    return { ...change(turn), ...(others && { others: others.map((way) => everyTurnAs(way, change)) }) };
  });
}

// One tree of two that grew from the same one, with the path of `mine`.
function merged(mine, theirs) {
  if (!mine.length || !theirs.length) return mine.length ? mine : theirs;
  const left = waysOn(theirs, 0);
  const ways = waysOn(mine, 0).map(([turn, ...rest]) => {
    const same = left.findIndex(([other]) => alike(turn, other));
    return [turn, ...merged(rest, same < 0 ? [] : left.splice(same, 1)[0].slice(1))];
  });
  return along([], 0, [...ways, ...left], mine[0].at ?? 0);
}

function alike(one, other) {
  return one.role === other.role && one.text === other.text && (Boolean(one.text) || one.state === other.state);
}

// What a browser kept, of whichever age: what was being written when the page went away is over.
function ripe(turns) {
  const over = (turn) => (["waiting", "writing"].includes(turn.state) ? { ...turn, state: "stopped" } : turn);
  return everyTurnAs(turns, over);
}
