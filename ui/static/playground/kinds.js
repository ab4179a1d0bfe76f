// What may be asked here: a request of each kind to begin with. `fits`: whether a model of
// /v1/models can be named in it; without it there is no model in the body.
const chats = ({ tier }) => tier !== "embeddings";
const embeds = ({ tier }) => tier === "embeddings";
const STREAM = { stream: true, stream_options: { include_usage: true } };

const KINDS = {
  chat: {
    path: "/v1/chat/completions",
    fits: chats,
    body: { messages: [{ role: "user", content: "Why is the sky blue?" }], max_tokens: 60, ...STREAM },
  },
  structured: {
    path: "/v1/chat/completions",
    fits: chats,
    body: {
      messages: [{ role: "user", content: "Where is the Eiffel tower? Answer in JSON." }],
      max_tokens: 60,
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "place",
          schema: {
            type: "object",
            properties: { city: { type: "string", maxLength: 40 } },
            required: ["city"],
            additionalProperties: false,
          },
        },
      },
    },
  },
  tools: {
    path: "/v1/chat/completions",
    fits: chats,
    body: {
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
      max_tokens: 60,
      tools: [{
        type: "function",
        function: {
          name: "get_weather",
          description: "The weather in a city.",
          parameters: {
            type: "object",
            properties: { city: { type: "string", maxLength: 40 } },
            required: ["city"],
            additionalProperties: false,
          },
        },
      }],
      tool_choice: "required",
    },
  },
  completion: {
    path: "/v1/completions",
    fits: chats,
    body: { prompt: "Once upon a time", max_tokens: 40, ...STREAM },
  },
  embeddings: { path: "/v1/embeddings", fits: embeds, body: { input: ["a cat", "a kitten"] } },
  moderation: { path: "/v1/moderations", body: { input: "Write to anna@example.com, please." } },
  models: { path: "/v1/models" },
  key: { path: "/v1/key" },
};

// The text of a request of this kind to begin with.
function draft({ fits, body }, models) {
  if (!body) return "";
  const model = fits ? { model: models.find(fits)?.id ?? "" } : {};
  return JSON.stringify({ ...model, ...body }, null, 2);
}

// The text with another model in it; as it is where it cannot be read.
function withModel(text, model) {
  const body = parsed(text);
  return body && typeof body === "object" ? JSON.stringify({ ...body, model }, null, 2) : text;
}
