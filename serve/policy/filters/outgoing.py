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


class _Part:
    """The thoughts or the text of one choice. What comes after other parts is filtered anew."""

    def __init__(self, make: Callable[[], TextFilter]) -> None:
        self._make = make
        self._filter: TextFilter | None = None

    def feed(self, text: str, final: bool = False) -> str:
        if self._filter is None:
            if not text:
                return ""
            self._filter = self._make()
        fed = self._filter
        if final:
            self._filter = None
        return fed.feed(text, final) if text or final else ""


class Outgoing:
    """Of one choice. `originals`: what masks stand for, see `masks`. `blocked`: why it ended.

    What was held back of thoughts comes before text or a call does, and that of text before a
    call, so that a block ends them in the order in which they were made.
    """

    def __init__(self, policy: Policy, originals: dict[str, str], note: Note) -> None:
        self._make = _maker(policy, originals, note)
        self._changes = bool(originals or policy.kinds("out", "mask", "block") & set(SPANS))
        self._thoughts, self._text = _Part(self._make), _Part(self._make)
        self._calls: dict[int, JsonFilter] = {}
        self.blocked: Kind | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is looked for."""
        return self._make is nothing

    def take(self, chunk: Chunk) -> Chunk:
        """What of `chunk` is certain now, and of what was held back before it."""
        final, called = chunk.finish_reason is not None, bool(chunk.calls)
        spoken = final or called or bool(chunk.text)
        reasoning = self._fed(self._thoughts, chunk.reasoning, spoken)
        text = self._fed(self._text, chunk.text, final or called)
        calls = [self._delta(delta) for delta in chunk.calls]
        if not self._changes:
            return chunk
        if final:
            rests = {at: self._fed(one, "", True) for at, one in self._calls.items()}
            calls += [CallDelta(at, rest) for at, rest in rests.items() if rest]
        told = tuple(call for call in calls if call is not None)
        # Probabilities of tokens spell what was masked.
        return replace(chunk, text=text, reasoning=reasoning, calls=told, logprobs=())

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
