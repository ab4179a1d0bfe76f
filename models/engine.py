"""What every engine promises: prompts in, chunks out.

`tests/contracts/test_engine.py` is the definition of correct; every engine kind runs it.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from models.citation import Citation
from models.load import Load

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
JsonSchema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made in an earlier turn. `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: JsonSchema


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`required` without a `name` means any tool; with one, that tool."""

    mode: Literal["none", "auto", "required"] = "auto"
    name: str | None = None
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    """The shape the answer is forced into, token by token. `schema` only for `json_schema`."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    schema: JsonSchema | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """`max_tokens` None: up to the context's end. `top_logprobs` None: no log probabilities."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    top_logprobs: int | None = None


PromptInput = tuple[Message, ...] | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One generation. `input` is a chat, raw text, or raw token ids.

    `tenant` bounds what may be shared: no engine reuses state between tenants.
    A higher `priority` is served earlier; `timeout` is in seconds from arrival. `whole` says that
    nobody reads the answer while it is made: it may cross a process boundary as one chunk.
    `begun` is text that the answer begins with and that its reader has already: an engine goes
    on from there and gives only what is new. Who is not `patient` has somebody else to ask: an
    engine that is loading or being replaced says so at once.
    """

    request_id: str
    tenant: str
    input: PromptInput
    sampling: Sampling = field(default_factory=Sampling)
    format: Format = field(default_factory=Format)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    priority: int = 0
    timeout: float | None = None
    whole: bool = False
    begun: str = ""
    patient: bool = True


@dataclass(frozen=True, slots=True)
class TopLogprob:
    token: str
    token_bytes: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """Natural-log probability of one produced token, with the likeliest alternatives first."""

    token: str
    token_bytes: bytes
    logprob: float
    top: tuple[TopLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A piece of a tool call: the first piece of each `index` has `id` and `name`."""

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some more of an answer. Text never ends inside a character.

    `reasoning` is what a thinking model thought, no part of `text`. `tokens` counts what this
    chunk carries, held-back text included. `index` tells the choices of one request apart;
    engines always say 0. `citations` come with the chunk that ends their sentence; never from an
    engine.
    """

    text: str = ""
    tokens: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()
    calls: tuple[CallDelta, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    index: int = 0
    reasoning: str = ""
    citations: tuple[Citation, ...] = ()


ChunkStream = AsyncGenerator[Chunk, None]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`created` is in unix seconds; `revision` changes whenever the answers might."""

    name: str
    engine: str
    context_length: int
    created: int
    revision: str


class Engine(Protocol):
    """Turns prompts into chunks.

    A stream has at least one chunk; exactly the last has a finish reason and usage.
    Closing it frees its slot within one engine step. Raises only `EngineError`, before
    the first chunk wherever it can.
    """

    @property
    def card(self) -> ModelCard: ...

    def generate(self, prompt: Prompt) -> ChunkStream: ...

    async def load(self) -> Load:
        """How busy it is; raises what `health` raises."""

    async def health(self) -> None:
        """Return while tokens can be produced; raise `EngineUnavailable` otherwise."""

    async def close(self) -> None:
        """Stop for good. Running streams end with `EngineInterrupted`."""


def merge(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk that says what `chunks` (of one choice, in order, at least one) said."""
    if len(chunks) == 1:
        return chunks[0]
    return replace(
        chunks[-1],
        text="".join(c.text for c in chunks),
        reasoning="".join(c.reasoning for c in chunks),
        tokens=sum(c.tokens for c in chunks),
        logprobs=tuple(p for c in chunks for p in c.logprobs),
        calls=_merge_calls([d for c in chunks for d in c.calls]),
        citations=tuple(found for c in chunks for found in c.citations),
    )


def _merge_calls(deltas: Sequence[CallDelta]) -> tuple[CallDelta, ...]:
    merged: dict[int, CallDelta] = {}
    for delta in deltas:
        known = merged.get(delta.index)
        merged[delta.index] = (
            replace(known, arguments=known.arguments + delta.arguments) if known else delta
        )
    return tuple(merged[i] for i in sorted(merged))
