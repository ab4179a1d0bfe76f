"""When a step counts as endless."""

from hypothesis import given
from hypothesis import strategies as st

from models.pace import LONGEST, SHORTEST, Pace


def test_before_anything_was_measured_patience_is_longest() -> None:
    assert Pace(512).limit == LONGEST


def test_a_fast_engine_is_stuck_after_ten_seconds() -> None:
    pace = Pace(512)
    pace.step(200, 0.1)
    assert pace.limit == SHORTEST


def test_a_machine_that_reads_slowly_is_given_the_time_of_its_largest_step() -> None:
    pace = Pace(512)
    pace.step(64, 0.7)  # 5.6 s for the largest step
    assert SHORTEST < pace.limit < LONGEST


def test_decoding_one_token_at_a_time_hides_no_speed_that_was_seen() -> None:
    pace = Pace(8192)
    pace.step(1000, 0.05)
    for _ in range(100):
        pace.step(1, 0.02)
    assert pace.limit == SHORTEST


def test_tokens_that_were_counted_late_do_not_make_an_engine_look_faster() -> None:
    pace = Pace(512)
    pace.step(4096, 5.0)
    assert pace.limit == 3 * 5.0


@given(
    fixed=st.floats(0, 1),
    per_token=st.floats(0.0001, 0.01),
    sizes=st.lists(st.integers(0, 512), min_size=1),
)
def test_no_honest_step_is_taken_for_endless(fixed: float, per_token: float, sizes) -> None:
    pace = Pace(512)
    for size in sizes:
        pace.step(size, fixed + per_token * size)
    assert min(LONGEST, fixed + per_token * 512) <= pace.limit
