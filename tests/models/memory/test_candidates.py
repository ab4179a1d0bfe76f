"""The model that a GPU gets fits it, and a larger GPU gets no lesser one."""

from hypothesis import given
from hypothesis import strategies as st

from models.memory.candidates import AT_ONCE, CANDIDATES, CONTEXT, choose
from models.memory.plan import Room, plan

GB = 10**9


@given(st.integers(10 * GB, 300 * GB))
def test_what_is_chosen_fits_with_several_answers(total: int) -> None:
    choice = choose(total)
    assert choice.plan.lacking == 0
    assert choice.plan.concurrency * choice.plan.context_length >= 2 * CONTEXT


@given(st.integers(1 * GB, 300 * GB), st.integers(0, 300 * GB))
def test_more_memory_never_means_a_lesser_model(total: int, more: int) -> None:
    assert _rank(total) <= _rank(total + more)


def test_a_larger_one_would_not_have_left_room() -> None:
    chosen = choose(80 * GB)
    larger = CANDIDATES[CANDIDATES.index(chosen.candidate) + 1]
    room = Room("the GPU", 80 * GB, 72 * GB)
    assert plan(larger.footprint, room, context_length=CONTEXT, concurrency=AT_ONCE).lacking > 0


def test_a_gpu_too_small_for_any_gets_the_smallest() -> None:
    assert choose(2 * GB).candidate is CANDIDATES[0]
    assert choose(2 * GB).plan.lacking > 0


def _rank(total: int) -> int:
    return CANDIDATES.index(choose(total).candidate)
