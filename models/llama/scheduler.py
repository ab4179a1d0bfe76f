"""Which sequences compute how many tokens in the next step. Pure: no llama.cpp, no clock.

Time is counted in steps. A step has a budget of tokens:

1. every decoding sequence gets one token;
2. what is drafted for them comes next, while few of them run;
3. sequences that still read their prompt share the rest, the most urgent first (chunked prefill,
   Agrawal et al. 2023, arXiv:2308.16369);
4. waiting sequences are admitted while slots and budget are left.

Urgency is priority, then arrival. Waiting `AGEING_STEPS` steps is worth one priority, so nothing
starves. A sequence that shares a long prefix with one whose prompt is being read waits for that.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.llama.placing import find_slot, longest_prefix
from models.llama.prefix import common_prefix
from models.llama.sequence import Sequence, Slot, Tokens
from models.llama.speculation import MAX_DRAFT_ROWS, NO_DRAFT

AGEING_STEPS = 100
LOOK_AHEAD = 64  # waiting sequences looked at for each admission
WORTH_WAITING = 32  # tokens: a shorter prefix is read again rather than waited for

Propose = Callable[[Sequence, int], Tokens]


@dataclass(frozen=True, slots=True)
class Admission:
    """`sequence` starts in its slot with the first `sequence.computed` tokens that `source` holds.

    `source` may be the slot itself. None: with nothing.
    """

    sequence: Sequence
    slot: int
    source: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """Compute `count` pending tokens of `sequence`, then `draft`.

    `samples`: the last pending token and each drafted one have an output to sample from.
    """

    sequence: Sequence
    slot: int
    count: int
    draft: Tokens
    samples: bool

    @property
    def size(self) -> int:
        return self.count + len(self.draft)

    def tokens(self) -> Tokens:
        start = self.sequence.computed
        pending = self.sequence.history[start : start + self.count]
        return np.concatenate((pending, self.draft)) if len(self.draft) else pending

    @property
    def outputs(self) -> int:
        return 1 + len(self.draft) if self.samples else 0


@dataclass(frozen=True, slots=True)
class Step:
    """Admissions happen in order, then all work in one batch, ordered by slot."""

    admissions: tuple[Admission, ...]
    work: tuple[Work, ...]


class Scheduler:
    """Slots, a waiting room and the rules above.

    `propose(sequence, decoding)` drafts tokens for a sequence while `decoding` sequences decode.
    `step_tokens` must be at least `slots`. `adjacent`: prefer neighbouring slots, which a split
    KV cache computes together.
    """

    def __init__(
        self, slots: int, step_tokens: int, propose: Propose, *, adjacent: bool = False
    ) -> None:
        self.slots = [Slot(index) for index in range(slots)]
        self.waiting: list[Sequence] = []
        self.running: list[Sequence] = []
        self._budget = step_tokens
        self._propose = propose
        self._adjacent = adjacent
        self._now = 0
        self._arrivals = 0

    @property
    def has_work(self) -> bool:
        return bool(self.running or self.waiting)

    def submit(self, sequence: Sequence) -> None:
        self._arrivals += 1
        sequence.order, sequence.since = self._arrivals, self._now
        self.waiting.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """It ended or nobody wants it any more; a slot of its own is free at once."""
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        elif sequence in self.running:
            self.running.remove(sequence)
            self._release(sequence)

    def forget(self) -> None:
        """Nothing in the KV cache can be trusted any more; everything that ran is dropped."""
        self.running.clear()
        self.slots = [Slot(slot.index) for slot in self.slots]

    def plan(self) -> Step:
        """The next step. Each sequence in it must be brought up to date or removed afterwards."""
        self._now += 1
        work = self._decoding()
        budget = self._budget - sum(w.size for w in work)
        for sequence in sorted(self.running, key=self._urgency):
            if budget > 0 and not sequence.is_decoding:
                work.append(_reading(sequence, budget))
                budget -= work[-1].size
        admissions = []
        while budget > 0 and (admission := self._admit_next()):
            admissions.append(admission)
            work.append(_reading(admission.sequence, budget))
            budget -= work[-1].size
        return Step(tuple(admissions), tuple(sorted(work, key=lambda w: w.slot)))

    def _decoding(self) -> list[Work]:
        sequences = [s for s in self.running if s.is_decoding]
        many = len(sequences)
        spare = min(self._budget - many, MAX_DRAFT_ROWS) // max(many, 1)
        return [self._decode(s, self._propose(s, many)[:spare]) for s in sequences]

    def _decode(self, sequence: Sequence, draft: Tokens) -> Work:
        # One token more than is drafted comes out of a step.
        room = sequence.limit - sequence.known - 1
        return Work(sequence, _slot(sequence), 1, draft[:room], True)

    def _admit_next(self) -> Admission | None:
        """Takes the most urgent waiting sequence that need not wait for a prefix."""
        if all(slot.running for slot in self.slots):
            return None
        for sequence in heapq.nsmallest(LOOK_AHEAD, self.waiting, key=self._urgency):
            source, length = longest_prefix(self.slots, sequence)
            if not self._is_coming(sequence, length):
                return self._admit(sequence, source, length)
        return None

    def _admit(self, sequence: Sequence, source: Slot | None, length: int) -> Admission:
        slot = find_slot(self.slots, source, length, adjacent=self._adjacent)
        self.waiting.remove(sequence)
        self.running.append(sequence)
        sequence.slot = slot.index
        sequence.computed = sequence.cached = length
        slot.holder, slot.running, slot.used = sequence, True, self._now
        return Admission(sequence, slot.index, source.index if source else None)

    def _is_coming(self, sequence: Sequence, length: int) -> bool:
        """Whether a running sequence will soon have computed much more than `length` of it."""
        return any(
            common_prefix(other.prompt, sequence.prompt) >= length + WORTH_WAITING
            for other in self.running
            if other.tenant == sequence.tenant and other.computed < len(other.prompt)
        )

    def _release(self, sequence: Sequence) -> None:
        slot = self.slots[_slot(sequence)]
        slot.running, slot.used = False, self._now

    def _urgency(self, sequence: Sequence) -> tuple[int, int]:
        aged = sequence.priority + (self._now - sequence.since) // AGEING_STEPS
        return -aged, sequence.order


def _reading(sequence: Sequence, budget: int) -> Work:
    count = min(sequence.pending, budget)
    return Work(sequence, _slot(sequence), count, NO_DRAFT, count == sequence.pending)


def _slot(sequence: Sequence) -> int:
    assert sequence.slot is not None
    return sequence.slot
