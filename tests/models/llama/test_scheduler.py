"""The scheduler's rules, driven without llama.cpp against a model of the KV cache."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llama.scheduler import AGEING_STEPS, Admission, Scheduler, Step, Work
from models.llama.sequence import Sequence, Tokens
from models.llama.speculation import MAX_DRAFT_ROWS, NO_DRAFT, lookup

SYSTEM = np.arange(40, dtype=np.int32)


def tokens(*values: int) -> Tokens:
    return np.array(values, np.int32)


def sequence(
    prompt: Tokens | int = 8, output: int = 4, tenant: str = "a", priority: int = 0
) -> Sequence:
    if isinstance(prompt, int):
        prompt = np.arange(prompt, dtype=np.int32)
    return Sequence(tenant, prompt, len(prompt) + output, priority)


def no_draft(_: Sequence, __: int) -> Tokens:
    return NO_DRAFT


def from_history(sequence: Sequence, _: int) -> Tokens:
    return lookup(sequence.known_tokens(), 5)


@dataclass
class Cache:
    """A KV cache that checks what the scheduler makes of it, and a model that counts to seven."""

    scheduler: Scheduler
    held: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    tenants: dict[int, str] = field(default_factory=dict)
    finished: list[Sequence] = field(default_factory=list)
    steps: int = 0

    def step(self) -> Step:
        step = self.scheduler.plan()
        self.steps += 1
        for admission in step.admissions:
            self._admit(admission)
        for work in step.work:
            self._compute(work)
        return step

    def run(self, most: int = 2000) -> None:
        while self.scheduler.has_work:
            self.step()
            assert self.steps < most, "something never finishes"

    def _admit(self, admission: Admission) -> None:
        reused = admission.sequence.computed
        if reused:
            assert admission.source is not None
            assert self.tenants[admission.source] == admission.sequence.tenant
            prefix = self.held[admission.source][:reused]
            assert prefix == admission.sequence.prompt[:reused].tolist()
            self.held[admission.slot] = prefix
        else:
            self.held[admission.slot] = []
        self.tenants[admission.slot] = admission.sequence.tenant

    def _compute(self, work: Work) -> None:
        owner, held = work.sequence, self.held[work.slot]
        assert len(held) == owner.computed, "a step must go on where the last one ended"
        held += work.tokens().tolist()
        owner.computed += work.count
        assert work.samples == (owner.pending == 0)
        if work.samples:
            self._sample(work)
        del held[owner.computed :]

    def _sample(self, work: Work) -> None:
        owner = work.sequence
        for expected in (*work.draft.tolist(), None):
            owner.append(self.next_token(owner))
            if owner.is_full:
                self.scheduler.remove(owner)
                self.finished.append(owner)
                return
            if owner.history[owner.known - 1] != expected:
                return
            owner.computed += 1

    @staticmethod
    def next_token(sequence: Sequence) -> int:
        return sequence.known % 7


prompts = st.builds(
    lambda shared, own: np.concatenate((SYSTEM[:shared], np.array(own, np.int32))),
    st.sampled_from([0, 10, 40]),
    st.lists(st.integers(0, 3), min_size=1, max_size=30),
)
requests = st.lists(
    st.tuples(
        st.integers(0, 30),  # the step at which it comes
        st.builds(
            sequence,
            prompt=prompts,
            output=st.integers(1, 12),
            tenant=st.sampled_from("ab"),
            priority=st.integers(-2, 2),
        ),
        st.one_of(st.none(), st.integers(0, 40)),  # the step at which it is cancelled
    ),
    max_size=20,
)


@given(requests, st.integers(1, 6), st.integers(0, 60), st.booleans(), st.booleans())
def test_everything_finishes_within_the_budget_and_no_slot_leaks(
    arriving: list[tuple[int, Sequence, int | None]],
    slots: int,
    spare: int,
    adjacent: bool,
    drafts: bool,
) -> None:
    budget = slots + spare
    propose = from_history if drafts else no_draft
    scheduler = Scheduler(slots, budget, propose, adjacent=adjacent)
    cache = Cache(scheduler)
    cancelled = set()
    for now in range(45):
        for at, new, _ in arriving:
            if at == now:
                scheduler.submit(new)
        for at, old, end in arriving:
            if end == now and at <= now and old not in cache.finished:
                scheduler.remove(old)
                cancelled.add(old)
        step = cache.step()
        assert sum(work.size for work in step.work) <= budget
        assert sum(len(work.draft) for work in step.work) <= MAX_DRAFT_ROWS
        taken = [work.slot for work in step.work]
        assert taken == sorted(set(taken)), "one part for each slot, in order"
    cache.run()
    assert not any(slot.running for slot in scheduler.slots)
    assert set(cache.finished) | cancelled == {new for _, new, _ in arriving}
    assert all(s.generated == s.limit - len(s.prompt) for s in cache.finished)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(4, 40))
def test_drafts_change_nothing_but_the_number_of_steps(lengths: list[int], output: int) -> None:
    results = []
    for propose in (no_draft, from_history):
        cache = Cache(Scheduler(4, 32, propose))
        asked = [sequence(length, output) for length in lengths]
        for one in asked:
            cache.scheduler.submit(one)
        cache.run()
        results.append(([s.known_tokens().tolist() for s in asked], cache.steps))
    assert results[0][0] == results[1][0]
    assert results[1][1] <= results[0][1]


def test_a_long_prompt_is_read_in_chunks_while_others_decode() -> None:
    scheduler = Scheduler(2, 16, no_draft)
    cache = Cache(scheduler)
    talking, reading = sequence(8, 30), sequence(100, 4, tenant="b")
    scheduler.submit(talking)
    cache.step()
    scheduler.submit(reading)
    step = cache.step()
    assert [(w.sequence, w.size) for w in step.work] == [(talking, 1), (reading, 15)]
    assert not step.work[1].samples


def test_the_first_come_are_read_first() -> None:
    scheduler = Scheduler(4, 10, no_draft)
    cache = Cache(scheduler)
    for tenant in "abc":
        scheduler.submit(sequence(30, 1, tenant))
    cache.run()
    assert [s.tenant for s in cache.finished] == ["a", "b", "c"]


def test_a_higher_priority_goes_first() -> None:
    scheduler = Scheduler(1, 64, no_draft)
    cache = Cache(scheduler)
    for tenant, priority in (("a", 0), ("b", 1), ("c", 0)):
        scheduler.submit(sequence(4, 2, tenant, priority))
    cache.run()
    assert [s.tenant for s in cache.finished] == ["b", "a", "c"]


def test_waiting_long_enough_beats_priority() -> None:
    scheduler = Scheduler(1, 64, no_draft)
    cache = Cache(scheduler)
    humble = sequence(4, 2, "humble")
    scheduler.submit(sequence(4, AGEING_STEPS, "first"))
    scheduler.submit(humble)
    for _ in range(4 * AGEING_STEPS):
        if len(scheduler.waiting) < 3:
            scheduler.submit(sequence(4, 2, "favoured", priority=1))
        cache.step()
    assert humble in cache.finished


def test_a_cancelled_sequence_frees_its_slot_at_once() -> None:
    scheduler = Scheduler(1, 64, no_draft)
    cache = Cache(scheduler)
    first, second = sequence(4, 50, "a"), sequence(4, 2, "b")
    scheduler.submit(first)
    scheduler.submit(second)
    cache.step()
    scheduler.remove(first)
    assert [w.sequence for w in cache.step().work] == [second]


def test_eight_at_once_over_one_prefix_read_it_once() -> None:
    scheduler = Scheduler(8, 64, no_draft)
    cache = Cache(scheduler)
    shared = np.arange(512, dtype=np.int32)
    sessions = [sequence(np.append(shared, tokens(1000 + i)), 2) for i in range(8)]
    for session in sessions:
        scheduler.submit(session)
    read = 0
    while scheduler.has_work:
        read += sum(w.count for w in cache.step().work if w.sequence.generated <= 1)
    assert [s.cached for s in sessions] == [0] + [512] * 7
    assert read < 512 + 8 * 4


def test_a_prefix_is_never_taken_from_another_tenant() -> None:
    scheduler = Scheduler(4, 64, no_draft)
    cache = Cache(scheduler)
    for tenant in ("a", "b", "a"):
        scheduler.submit(sequence(60, 2, tenant))
        cache.run()
    assert [s.cached for s in cache.finished] == [0, 0, 59]


def test_the_next_turn_of_a_chat_goes_on_in_its_own_slot() -> None:
    scheduler = Scheduler(4, 64, no_draft)
    cache = Cache(scheduler)
    turn = sequence(50, 10)
    scheduler.submit(turn)
    cache.run()
    further = sequence(np.append(turn.known_tokens(), tokens(5, 5, 5)), 2)
    scheduler.submit(further)
    step = cache.step()
    assert step.admissions[0].slot == step.admissions[0].source == turn.slot
    assert further.cached == turn.computed


def test_the_prefix_that_was_not_used_for_longest_is_given_up_first() -> None:
    scheduler = Scheduler(2, 64, no_draft)
    cache = Cache(scheduler)
    for start in (0, 100, 0, 200, 0):
        scheduler.submit(sequence(np.arange(start, start + 40, dtype=np.int32), 2))
        cache.run()
    assert [s.cached for s in cache.finished] == [0, 0, 39, 0, 39]


@pytest.mark.parametrize("running", [{0, 2}, {0, 3}])
def test_neighbours_of_what_runs_are_preferred_where_that_is_quicker(running: set[int]) -> None:
    scheduler = Scheduler(6, 64, no_draft, adjacent=True)
    cache = Cache(scheduler)
    long = [sequence(4 + i, 50, f"t{i}") for i in range(4)]
    for one in long:
        scheduler.submit(one)
    cache.step()
    for index, one in enumerate(long):
        if index not in running:
            scheduler.remove(one)
    new = sequence(20, 2, "new")
    scheduler.submit(new)
    cache.step()
    assert new.slot in set(range(4)) - running
