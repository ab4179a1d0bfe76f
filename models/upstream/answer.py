"""Events of OpenAI's two streams, chat and completions, into chunks."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import orjson

from models.engine import CallDelta, Chunk, FinishReason, TokenLogprob, TopLogprob, Usage
from models.errors import EngineInterrupted, PromptRefused
from models.upstream.refusals import Refusals
from models.upstream.request import Question

REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
}
FILTERED: Final = "content_filter"
BROKEN: Final = "The upstream stopped before the answer was complete."


class AnswerReader:
    """One answer's state. `finished`: it is complete, whatever may still come.

    Streams tell how many tokens there were only at the end. Until then a piece of text counts as
    one, and the last chunk carries what is missing. An upstream that never tells is believed to
    have sent a token with every piece, and the prompt's length stays a guess.
    """

    def __init__(self, question: Question, refusals: Refusals) -> None:
        self.refusals = refusals
        self._question = question
        self._calls = _Calls()
        self._usage: Usage | None = None
        self._reason: str | None = None
        self._pieces = 0
        self.tokens = 0

    @property
    def finished(self) -> bool:
        return self._reason is not None

    @property
    def held(self) -> int:
        """Tokens of prompt and answer so far, as far as they are known."""
        return self._question.tokens + self.tokens

    def feed(self, event: bytes) -> Chunk | None:
        """What one event says, if anything. Raises `EngineError`."""
        try:
            return self._read(orjson.loads(event))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as exc:
            raise EngineInterrupted("The upstream's answer cannot be read.") from exc

    def last(self) -> Chunk:
        """The chunk that ends the answer. Raises `EngineError` when it is not complete."""
        if self._reason == FILTERED:
            raise PromptRefused("The upstream's content filter ended the answer.", None, FILTERED)
        reason = REASONS.get(self._reason or "")
        if reason is None:
            raise EngineInterrupted(BROKEN)
        if reason != "length":  # a call that was forced by name ends with "stop" at OpenAI
            reason = "tool_calls" if self._calls.count else "stop"
        usage = self._usage or Usage(self._question.tokens, self._pieces)
        missing = max(0, usage.completion_tokens - self.tokens)
        self.tokens += missing
        return Chunk(tokens=missing, finish_reason=reason, usage=usage)

    def _read(self, event: dict[str, Any]) -> Chunk | None:
        if error := event.get("error"):
            raise self.refusals.of_event(error)
        if usage := event.get("usage"):
            self._usage = _usage(usage)
        choices = event.get("choices") or []
        return self._chunk(choices[0]) if choices else None

    def _chunk(self, choice: dict[str, Any]) -> Chunk | None:
        self._reason = choice.get("finish_reason") or self._reason
        delta = choice.get("delta") or {}
        text = _text(delta, "content") or _text(delta, "refusal") or _text(choice, "text")
        reasoning = _text(delta, "reasoning_content") or _text(delta, "reasoning")
        calls = tuple(self._calls.read(delta.get("tool_calls") or []))
        logprobs = tuple(self._logprobs(choice.get("logprobs") or {}))
        if not (text or reasoning or calls or logprobs):
            return None
        tokens = len(logprobs) or int(bool(text or reasoning))
        self._pieces += tokens or 1
        self.tokens += tokens
        return Chunk(text, tokens, logprobs, calls, reasoning=reasoning)

    def _logprobs(self, told: dict[str, Any]) -> Iterator[TokenLogprob]:
        top = self._question.top_logprobs
        if top is None:
            return
        for one in told.get("content") or []:
            named = _named(one)
            likeliest = tuple(_named(t) for t in (one.get("top_logprobs") or [])[:top])
            yield TokenLogprob(named.token, named.token_bytes, named.logprob, likeliest)
        for i, token in enumerate(told.get("tokens") or []):
            known = (told.get("top_logprobs") or [])[i : i + 1]
            likeliest = tuple(_spelt(*pair) for pair in (known[0] or {}).items()) if known else ()
            chosen = _spelt(token, told["token_logprobs"][i])
            yield TokenLogprob(chosen.token, chosen.token_bytes, chosen.logprob, likeliest[:top])


class _Calls:
    """Numbers calls from 0, names each once, and invents ids where the upstream has none."""

    def __init__(self) -> None:
        self.count = 0
        self._open: dict[int, tuple[int, str]] = {}  # the upstream's index: ours, the id

    def read(self, pieces: list[dict[str, Any]]) -> Iterator[CallDelta]:
        for piece in pieces:
            at, function = int(piece.get("index") or 0), piece.get("function") or {}
            id, name = _text(piece, "id"), _text(function, "name")
            known = self._open.get(at)
            # Some repeat the id with every piece, some give every call the index 0.
            if known is None or (name and id and id != known[1]):
                yield self._begun(at, id, function)
            elif arguments := _text(function, "arguments"):
                yield CallDelta(known[0], arguments)

    def _begun(self, at: int, id: str, function: dict[str, Any]) -> CallDelta:
        ours, id = self.count, id or f"call_{secrets.token_hex(12)}"
        self._open[at] = ours, id
        self.count += 1
        return CallDelta(ours, _text(function, "arguments"), id, str(function["name"]))


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _named(token: dict[str, Any]) -> TopLogprob:
    """Chat's way to tell of one token."""
    spelt = str(token["token"])
    told = token.get("bytes")
    token_bytes = spelt.encode(errors="replace") if told is None else bytes(told)
    return TopLogprob(spelt, token_bytes, float(token["logprob"]))


def _spelt(token: str, logprob: float | None) -> TopLogprob:
    """The completions' way."""
    return TopLogprob(token, token.encode(errors="replace"), float(logprob or 0.0))


def _usage(told: dict[str, Any]) -> Usage:
    prompt = int(told["prompt_tokens"])
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(prompt, int(told.get("completion_tokens") or 0), min(prompt, int(cached)))
