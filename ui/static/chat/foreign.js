// Conversations of other programs in the shape of ours, for `received.js` to check: those of
// ChatGPT's export and of Open WebUI's. What people and models wrote to each other comes along; what
// tools said, what was hidden and what is no text stays behind. Needs store.js and received.js.
//
// Both keep a conversation as messages by id, each with its parent and its children. Nothing of it is
// trusted: each message is met once, whatever the others say of it, and no text grows.
const MARK = /\ue200([^\ue200\ue201]*)\ue201/g; // where ChatGPT's page shows a source or a name
const NAMED = /^entity\ue202\["[^"]*","([^"]*)"/;
const REST_OF_MARKS = /[\ue200-\ue2ff]/g;
const ASIDE = /<details type="(?:reasoning|tool_calls|code_interpreter)"[^]*/; // in Open WebUI's texts

// The conversations in a file of theirs; null: it is none.
function theirsIn(value) {
  const all = [value].flat();
  return all.some((one) => one?.mapping || one?.chat?.history) ? all : null;
}

// Milliseconds; 0: nobody knows. They count seconds, Open WebUI once milliseconds.
function lastChanged(one) {
  const { update_time, updated_at, create_time, created_at } = Object(one);
  const time = [update_time, updated_at, create_time, created_at].find(Number.isFinite) ?? 0;
  return time > 1e11 ? time : time * 1000;
}

// {conversation, parts}: as in a file of ours, and how many parts stay behind.
function translated(one) {
  const { id, title, open, messages } = one.mapping ? ofChatGpt(one) : ofOpenWebUi(one);
  const parts = [...messages.values()].reduce((sum, { left }) => sum + left, 0);
  return { conversation: { id, title, at: lastChanged(one), turns: treeOf(messages, open) }, parts };
}

// ---- ChatGPT

function ofChatGpt({ id, conversation_id: known, title, mapping, current_node: open }) {
  return { id: known ?? id, title, open, messages: byId(mapping, fromChatGpt) };
}

function fromChatGpt(node) {
  const { parent, children, message } = Object(node);
  const { author, content, metadata, recipient, channel } = Object(message);
  const hidden = metadata?.is_visually_hidden_from_conversation || channel === "analysis";
  const speaks = !hidden && ["text", "multimodal_text"].includes(content?.content_type);
  const { text, strange } = spoken(speaks ? content.parts : []);
  const left = hidden ? 0 : Math.max(strange, listOf(metadata?.attachments).length); // pictures are in both
  if (author?.role !== "assistant") return { parent, children, left, turn: turnFrom(author?.role, text, left) };
  const answer = (recipient ?? "all") === "all" ? unmarked(text, listOf(metadata?.content_references)) : "";
  return { parent, children, left, turn: turnFrom("assistant", answer, left, metadata?.model_slug) };
}

// Its references say what to show instead, each once.
function unmarked(text, references) {
  const known = new Map();
  for (const { matched_text: mark, alt } of references) known.set(mark, [...(known.get(mark) ?? []), alt]);
  const shown = (mark, inside) => {
    const alt = known.get(mark)?.shift();
    return typeof alt === "string" ? alt : (NAMED.exec(inside)?.[1] ?? "");
  };
  return text.replace(MARK, shown).replace(REST_OF_MARKS, "");
}

// ---- Open WebUI

function ofOpenWebUi({ id, title, chat }) {
  const { messages, currentId: open } = chat.history;
  return { id, title: title ?? chat.title, open, messages: byId(messages, fromOpenWebUi) };
}

function fromOpenWebUi(message) {
  const { parentId: parent, childrenIds: children, role, content, output, model, files } = Object(message);
  const { text, strange } = spoken(content);
  const left = strange + listOf(files).length;
  if (role !== "assistant") return { parent, children, left, turn: turnFrom(role, text, left) };
  const items = listOf(output).filter(({ type }) => type === "message").flatMap((item) => item.content);
  const answer = withoutAsides(text) || spoken(items).text; // newer ones may have it in items only
  return { parent, children, left, turn: turnFrom(role, answer, left, model) };
}

function withoutAsides(text) {
  const pieces = text.split("</details>");
  const end = pieces.pop();
  const kept = pieces.map((piece) => (ASIDE.test(piece) ? piece.replace(ASIDE, "") : `${piece}</details>`));
  return [...kept, end].join("").trim();
}

// ---- both

function byId(messages, read) {
  const all = new Map(Object.entries(messages).map(([id, message]) => [id, read(message)]));
  for (const message of all.values()) message.children = listOf(message.children, "string");
  for (const [id, { parent }] of all) all.get(parent)?.children.push(id); // where the list forgot it
  return all;
}

// What parts say, and how many of them are no text.
function spoken(parts) {
  const all = Array.isArray(parts) ? parts : [parts ?? ""];
  const texts = all.map((part) => part?.text ?? part).filter((one) => typeof one === "string");
  return { text: texts.filter(Boolean).join("\n\n"), strange: all.length - texts.length };
}

// null: it stays out. A question that is only a picture leaves a word, or two answers would meet.
function turnFrom(role, said, left, model) {
  const text = said.trim() || (role === "user" && left ? words.noText : "");
  if (!text || !["user", "assistant"].includes(role)) return null;
  return { role, model, text: text.length > LONGEST ? `${text.slice(0, LONGEST - 2)} …` : text };
}

// Of messages by id, {parent, children, turn}; what follows one without a turn moves up. The open
// path is that to the message `open`. Where two have no way on but each other, they are one turn.
function treeOf(messages, open) {
  const path = new Set();
  for (let id = open; messages.has(id) && !path.has(id); id = messages.get(id).parent) path.add(id);
  const met = new Set();
  const first = [...messages.keys()].filter((id) => !messages.has(messages.get(id).parent));

  // The nearest messages with a turn.
  function onward(ids) {
    const near = [];
    const ahead = ids.toReversed();
    while (ahead.length) {
      const id = ahead.pop();
      if (met.has(id) || !messages.has(id)) continue;
      met.add(id);
      const { turn, children } = messages.get(id);
      if (turn) near.push(id);
      else ahead.push(...children.toReversed());
    }
    return near;
  }

  function grown(ways, depth) {
    if (depth > DEEPEST) throw new RangeError();
    const turns = [];
    while (ways.length) {
      const chosen = ways.findIndex((id) => path.has(id));
      const at = chosen < 0 ? ways.length - 1 : chosen;
      const { turn, children } = messages.get(ways[at]);
      const others = ways.toSpliced(at, 1).map((id) => grown([id], depth + 1));
      if (!others.length && joins(turns.at(-1), turn)) turns.at(-1).text += `\n\n${turn.text}`;
      else turns.push({ ...turn, at, others });
      ways = onward(children);
    }
    return turns;
  }

  return grown(onward([...first, ...[...path].slice(-1)]), 0);
}

function joins(before, turn) {
  const answers = before?.role === "assistant" && turn.role === "assistant";
  return answers && before.text.length + turn.text.length < LONGEST - 2;
}
