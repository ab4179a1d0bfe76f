"""Calls of tools, read out of a stream of text.

The form is that of NousResearch's Hermes models, white space allowed between its parts:
`<tool_call>{"name": "f", "arguments": {...}}</tool_call>`.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from models.engine import CallDelta, Chunk, ChunkStream, Prompt
from models.text.detokenizer import held_back

OPENING: Final = "<tool_call>"
CLOSING: Final = "</tool_call>"

_END_OF_CALL: Final = re.compile(r"\s*\}\s*" + CLOSING)
_JSON_TOKEN: Final = re.compile(r'\\.|["{}\[\]]', re.DOTALL)


async def parse_calls(chunks: ChunkStream, prompt: Prompt) -> ChunkStream:
    """The same stream with calls of `prompt.tools` as deltas instead of text.

    A call's name comes as soon as it is known, then its arguments piece by piece. Text is held
    back only while it may be the start of a call, and comes as text when it turns out to be none.
    How the text was cut into chunks makes no difference.
    """
    parser = _Parser([tool.name for tool in prompt.tools])
    async with aclosing(chunks):
        async for chunk in chunks:
            parser.feed(chunk.text)
            yield parser.finish(chunk) if chunk.finish_reason else parser.take(chunk)


class _Parser:
    """Each state takes what it can from `_pending`; True asks for the next state to go on."""

    def __init__(self, names: Sequence[str]) -> None:
        choice = "|".join(map(re.escape, names))
        self._header = re.compile(
            rf'\s*\{{\s*"name"\s*:\s*"({choice})"\s*,\s*"arguments"\s*:\s*(?=\{{)'
        )
        self._headers = tuple(f'{{"name":"{name}","arguments":{{' for name in names)
        self._state = self._text
        self._pending = ""
        self._said: list[str] = []
        self._deltas: list[CallDelta] = []
        self._calls = 0
        self._depth = 0
        self._in_string = False

    def feed(self, text: str) -> None:
        self._pending += text
        while self._state():
            pass

    def take(self, chunk: Chunk) -> Chunk:
        """`chunk` with what was read since the last time instead of its text."""
        text, calls = "".join(self._said), tuple(self._deltas)
        self._said.clear()
        self._deltas.clear()
        return replace(chunk, text=text, calls=calls)

    def finish(self, chunk: Chunk) -> Chunk:
        """`take` for the last chunk: nothing more can become a call."""
        if self._state == self._text:
            self._said.append(self._pending)
        elif self._state == self._name:
            self._said.append(OPENING + self._pending)
        last = self.take(chunk)
        complete = self._calls and self._state != self._arguments
        return replace(last, finish_reason="tool_calls") if complete and _stopped(last) else last

    def _go(self, state: Callable[[], bool], pending: str) -> bool:
        self._state, self._pending = state, pending
        return True

    def _text(self) -> bool:
        text, opening, rest = self._pending.partition(OPENING)
        safe = len(text) - (0 if opening else held_back(text, OPENING))
        self._said.append(text[:safe])
        self._pending = text[safe:]
        return bool(opening) and self._go(self._name, rest)

    def _name(self) -> bool:
        if header := self._header.match(self._pending):
            self._deltas.append(CallDelta(self._calls, id=_new_id(), name=header[1]))
            self._calls += 1
            return self._go(self._arguments, self._pending[header.end() :])
        if _may_become(self._pending, *self._headers):
            return False
        self._said.append(OPENING)
        return self._go(self._text, self._pending)

    def _arguments(self) -> bool:
        """A JSON object, up to the bracket that closes its first one."""
        for token in _JSON_TOKEN.finditer(self._pending):
            if token[0] == '"':
                self._in_string = not self._in_string
            elif len(token[0]) == 1 and not self._in_string:
                self._depth += 1 if token[0] in "{[" else -1
                if self._depth == 0:
                    self._argue(token.end())
                    return self._go(self._closing, self._pending)
        self._argue(len(self._pending) - _unpaired_backslash(self._pending))
        return False

    def _argue(self, end: int) -> None:
        piece, self._pending = self._pending[:end], self._pending[end:]
        if self._deltas and self._deltas[-1].index == self._calls - 1:
            last = self._deltas.pop()
            self._deltas.append(replace(last, arguments=last.arguments + piece))
        elif piece:
            self._deltas.append(CallDelta(self._calls - 1, piece))

    def _closing(self) -> bool:
        if closing := _END_OF_CALL.match(self._pending):
            return self._go(self._between, self._pending[closing.end() :])
        return not _may_become(self._pending, "}" + CLOSING) and self._go(self._text, self._pending)

    def _between(self) -> bool:
        """White space around calls says nothing."""
        stripped = self._pending.lstrip()
        if stripped.startswith(OPENING):
            return self._go(self._name, stripped.removeprefix(OPENING))
        return not OPENING.startswith(stripped) and self._go(self._text, self._pending)


def _stopped(chunk: Chunk) -> bool:
    return chunk.finish_reason == "stop"


def _may_become(text: str, *forms: str) -> bool:
    """Whether more text may complete one of `forms`, white space aside."""
    compact = "".join(text.split())
    return any(form.startswith(compact) for form in forms)


def _unpaired_backslash(text: str) -> int:
    """1 when the last backslash waits for the character that it escapes."""
    return (len(text) - len(text.rstrip("\\"))) % 2


def _new_id() -> str:
    return f"call_{secrets.token_hex(12)}"
