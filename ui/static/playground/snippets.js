// The same request as a program would make it, the key left out.
const OPENAI = {
  "/v1/chat/completions": "chat.completions",
  "/v1/completions": "completions",
  "/v1/embeddings": "embeddings",
  "/v1/moderations": "moderations",
};
// What OpenAI's Python client has no name for goes by `extra_body`.
const EXTRA = [
  "collections", "documents_only", "cache", "top_k", "min_p", "typical_p", "repeat_penalty",
  "continue_final_message", "add_generation_prompt",
];

const SNIPPETS = { curl, python, javascript };

function curl({ path, body }) {
  const lines = [`curl -sN ${location.origin}${path}`, `-H "Authorization: Bearer $OPENAI_API_KEY"`];
  if (body) {
    const quoted = JSON.stringify(body, null, 2).replaceAll("'", `'\\''`);
    lines.push("-H 'Content-Type: application/json'", `-d '${quoted}'`);
  }
  return lines.join(" \\\n  ");
}

function python({ path, body }) {
  const name = OPENAI[path];
  const head = `import os\n\nfrom openai import OpenAI\n\nclient = OpenAI(base_url="${location.origin}/v1", api_key=os.environ["OPENAI_API_KEY"])\n`;
  if (!name || !body) return `${head}print(client.get("${path.replace("/v1", "")}", cast_to=object))`;
  const extra = Object.entries(body).filter(([field]) => EXTRA.includes(field));
  const known = Object.entries(body).filter(([field]) => !EXTRA.includes(field));
  const fields = extra.length ? [...known, ["extra_body", Object.fromEntries(extra)]] : known;
  const given = fields.map(([field, value]) => `    ${field}=${literal(value, "    ")},\n`).join("");
  const asked = `answer = client.${name}.create(\n${given})\n`;
  return head + asked + (body.stream ? "for chunk in answer:\n    print(chunk)" : "print(answer)");
}

function javascript({ path, body }) {
  const name = OPENAI[path];
  const head = `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${location.origin}/v1", apiKey: process.env.OPENAI_API_KEY });\n`;
  if (!name || !body) return `${head}console.log(await client.get("${path.replace("/v1", "")}"));`;
  const asked = `const answer = await client.${name}.create(${JSON.stringify(body, null, 2)});\n`;
  return head + asked + (body.stream ? "for await (const chunk of answer) console.log(chunk);" : "console.log(answer);");
}

// A JSON value as Python spells it.
function literal(value, indent) {
  const names = { true: "True", false: "False", null: "None" };
  if (value === null || typeof value === "boolean") return names[value];
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const items = Array.isArray(value)
    ? value.map((one) => literal(one, inner))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return items.length ? `${open}\n${items.map((one) => `${inner}${one},\n`).join("")}${indent}${close}` : open + close;
}
