// OpenAI's own Node client against the appliance at BASE_URL, with KEY and MODEL changed and
// nothing else.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const { BASE_URL, KEY, MODEL, EMBEDDING_MODEL } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Say something short." }];
const tool = {
  type: "function",
  function: { name: "look_up", parameters: { type: "object", properties: {}, additionalProperties: false } },
};

test("a chat is answered", async () => {
  const answer = await client.chat.completions.create({ model: MODEL, messages, max_tokens: 8 });
  assert.equal(answer.object, "chat.completion");
  assert.equal(answer.choices[0].message.role, "assistant");
  assert.equal(typeof answer.choices[0].message.content, "string");
  assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.match(answer._request_id, /^req_/);
});

test("a chat is streamed with its usage", async () => {
  const stream = await client.chat.completions.create({
    model: MODEL, messages, max_tokens: 8, stream: true, stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.ok(last.usage.completion_tokens > 0);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.ok(chunks.at(-1).choices[0].finish_reason);
});

test("who asks for progress reads the same stream", async () => {
  const headers = { "x-hearth-progress": "1" };
  const stream = await client.chat.completions.create(
    { model: MODEL, messages, max_tokens: 8, stream: true }, { headers },
  );
  let said = "";
  for await (const chunk of stream) said += chunk.choices[0].delta.content ?? "";
  assert.ok(said);
});

test("the stream helper puts the chunks together", async () => {
  const stream = client.chat.completions.stream({ model: MODEL, messages, max_tokens: 8, seed: 1 });
  const answer = await stream.finalChatCompletion();
  assert.equal(typeof answer.choices[0].message.content, "string");
});

test("a stream can be given up", async () => {
  const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true });
  for await (const chunk of stream) {
    assert.equal(chunk.object, "chat.completion.chunk");
    break;
  }
  assert.ok(stream.controller.signal.aborted);
});

test("a named tool is called, whole and streamed", async () => {
  const asked = {
    model: MODEL, messages, max_tokens: 64, tools: [tool],
    tool_choice: { type: "function", function: { name: "look_up" } },
  };
  const whole = await client.chat.completions.create(asked);
  const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
  for (const answer of [whole, streamed]) {
    const [call] = answer.choices[0].message.tool_calls;
    assert.equal(call.function.name, "look_up");
    assert.equal(typeof JSON.parse(call.function.arguments), "object");
  }
});

test("a legacy completion is answered and streamed", async () => {
  const asked = { model: MODEL, prompt: "Once upon a time", max_tokens: 4 };
  const whole = await client.completions.create(asked);
  assert.equal(whole.object, "text_completion");
  let text = "";
  for await (const chunk of await client.completions.create({ ...asked, stream: true }))
    text += chunk.choices[0].text;
  assert.ok(text.length > 0);
});

test("embeddings arrive as floats", async () => {
  const answer = await client.embeddings.create({ model: EMBEDDING_MODEL, input: ["a", "b"] });
  assert.equal(answer.data.length, 2);
  const norm = Math.hypot(...answer.data[0].embedding);
  assert.ok(Math.abs(norm - 1) < 1e-3);
});

test("models are listed and found", async () => {
  const ids = (await client.models.list()).data.map((model) => model.id);
  assert.ok(ids.includes(MODEL));
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
});

test("refusals are the client's own error classes", async () => {
  const create = (fields) => client.chat.completions.create({ model: MODEL, messages, ...fields });
  await assert.rejects(create({ temperature: 9 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "temperature");
    assert.equal(error.code, "decimal_above_max_value");
    return true;
  });
  await assert.rejects(create({ model: "no-such-model" }), OpenAI.NotFoundError);
  const stranger = new OpenAI({ baseURL: BASE_URL, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});
