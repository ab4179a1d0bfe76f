"""An answer on its way out: its text, its thoughts and its calls, each filtered as it comes.

What is held back comes with the last chunk at the latest.
"""

from collections.abc import Callable
from dataclasses import replace

from models.engine import CallDelta, Chunk
from serve.policy.filters.forms import forms_of
from serve.policy.filters.json_text import JsonFilter
from serve.policy.filters.kinds import SPANS, Kind
from serve.policy.filters.masks import Blocked, Chain, Masker, Note, Noter, Restorer, TextFilter
from serve.policy.filters.policy import Policy


class Outgoing:
    """Of one choice. `originals`: what masks stand for, see `masks`. `blocked`: why it ended."""

    def __init__(self, policy: Policy, originals: dict[str, str], note: Note) -> None:
        self._make = _maker(policy, originals, note)
        self._changes = bool(originals or policy.kinds("out", "mask", "block") & set(SPANS))
        self._text, self._thoughts = self._make(), self._make()
        self._calls: dict[int, JsonFilter] = {}
        self.blocked: Kind | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is looked for."""
        return self._make is nothing

    def take(self, chunk: Chunk) -> Chunk:
        """What of `chunk` is certain now, and of what was held back before it."""
        final = chunk.finish_reason is not None
        reasoning = self._fed(self._thoughts, chunk.reasoning, final)
        text = self._fed(self._text, chunk.text, final)
        calls = [self._delta(delta) for delta in chunk.calls]
        if final and self._changes:
            rests = {at: self._fed(one, "", final) for at, one in self._calls.items()}
            calls += [CallDelta(at, rest) for at, rest in rests.items() if rest]
        elif self.blocked and chunk.calls and not chunk.text:
            text = self._text.feed("", final=True)
        if not self._changes:
            return chunk
        told = tuple(call for call in calls if call is not None)
        logprobs = () if self._changes else chunk.logprobs  # they spell what was masked
        return replace(chunk, text=text, reasoning=reasoning, calls=told, logprobs=logprobs)

    def _fed(self, one: TextFilter, text: str, final: bool) -> str:
        """Nothing more, once something was blocked."""
        if self.blocked or not (text or final):
            return ""
        try:
            return one.feed(text, final)
        except Blocked as blocked:
            self.blocked = blocked.kind
            return blocked.said

    def _delta(self, delta: CallDelta) -> CallDelta | None:
        if self.blocked:
            return None
        arguments = self._calls.setdefault(delta.index, JsonFilter(self._make))
        told = self._fed(arguments, delta.arguments, False)
        return replace(delta, arguments=told) if self._changes else delta


def nothing() -> TextFilter:
    return Chain(())


def _maker(policy: Policy, originals: dict[str, str], note: Note) -> Callable[[], TextFilter]:
    """What makes the filter of one text."""
    noted = forms_of(policy.kinds("out", "note"), policy.terms)
    changed = forms_of(policy.kinds("out", "mask", "block"), policy.terms)
    blocked = policy.kinds("out", "block")
    if not (noted or changed or originals):
        return nothing

    def make() -> TextFilter:
        filters: list[TextFilter] = []
        if noted:
            filters.append(Noter(noted, note))
        if changed:
            filters.append(Masker(changed, blocked, note))
        if originals:
            filters.append(Restorer(originals))
        return filters[0] if len(filters) == 1 else Chain(filters)

    return make
