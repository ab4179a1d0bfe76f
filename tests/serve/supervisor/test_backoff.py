from hypothesis import given
from hypothesis import strategies as st

from serve.supervisor.backoff import LONGEST_DELAY, MISSES, Backoff, Vigil

LIVES = st.lists(st.floats(min_value=0, max_value=1e6), max_size=50)


def test_the_delay_doubles_with_every_failure() -> None:
    backoff = Backoff()
    assert [backoff.after(served=0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_steady_life_forgives_what_was_before() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(served=0)
    assert backoff.after(served=3600) == 1


@given(LIVES)
def test_there_is_always_a_pause_and_never_a_long_one(lives: list[float]) -> None:
    backoff = Backoff()
    assert all(1 <= backoff.after(served) <= LONGEST_DELAY for served in lives)


def test_an_appliance_is_asked_only_after_it_says_that_it_is_ready() -> None:
    vigil = Vigil(patience=10)
    vigil.said("starting", "Loading.")
    assert not vigil.expects_ready
    vigil.said("ready", "small running")
    assert vigil.expects_ready


def test_failed_is_the_end_unless_it_changes_its_word() -> None:
    vigil = Vigil(patience=10)
    vigil.said("failed", "small deploy_failed")
    assert "small deploy_failed" in (vigil.problem(uptime=1) or "")
    vigil.said("ready", "small running")
    assert vigil.problem(uptime=1) is None


def test_an_appliance_that_is_late_is_given_up() -> None:
    vigil = Vigil(patience=10)
    assert vigil.problem(uptime=9.9) is None
    assert "10 s" in (vigil.problem(uptime=10.1) or "")


def test_only_misses_in_a_row_mean_a_hang() -> None:
    vigil = Vigil(patience=10)
    answers = [False] * (MISSES - 1) + [True] + [False] * (MISSES - 1)
    assert [vigil.answered(alive) for alive in answers] == [None] * len(answers)
    assert vigil.answered(alive=False) is not None
