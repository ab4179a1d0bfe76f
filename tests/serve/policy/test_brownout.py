"""Steps that are taken one by one and do not flap."""

from hypothesis import given
from hypothesis import strategies as st

from serve.policy.brownout import Brownout
from serve.sections.admission import BrownoutSettings

SETTINGS = BrownoutSettings()
PERIOD = 0.25
PRESSURES = st.lists(st.floats(0, 3), max_size=200)


def feel(brownout: Brownout, pressure: float, seconds: float, since: float = 0.0) -> float:
    """Under `pressure` for `seconds` from `since`; when it ended."""
    for reading in range(round(seconds / PERIOD)):
        brownout.feel(pressure, since + reading * PERIOD)
    return since + seconds


def test_nothing_is_given_up_without_pressure() -> None:
    brownout = Brownout(SETTINGS)
    feel(brownout, 0.1, 60)
    assert brownout.steps == ()


def test_steps_are_taken_in_their_order() -> None:
    brownout = Brownout(SETTINGS)
    seen = {brownout.feel(1.0, reading * PERIOD) for reading in range(40)}
    assert sorted(seen, key=len) == [SETTINGS.steps[:count] for count in range(1, 5)]


def test_a_little_pressure_takes_the_first_step_only() -> None:
    brownout = Brownout(SETTINGS)
    feel(brownout, 0.25, 60)
    assert brownout.steps == SETTINGS.steps[:1]


def test_everything_comes_back_when_the_pressure_is_gone() -> None:
    brownout = Brownout(SETTINGS)
    gone = feel(brownout, 2.0, 10)
    feel(brownout, 0.0, len(SETTINGS.steps) * (SETTINGS.hold + 1), gone)
    assert brownout.steps == ()


@given(PRESSURES)
def test_a_step_is_kept_for_its_time(pressures: list[float]) -> None:
    brownout = Brownout(SETTINGS)
    level, changed = 0, float("-inf")
    for reading, pressure in enumerate(pressures):
        now = reading * PERIOD
        new = len(brownout.feel(pressure, now))
        assert abs(new - level) <= 1
        if new < level:
            assert now - changed >= SETTINGS.hold
        changed = now if new != level else changed
        level = new


@given(st.integers(1, 4), st.lists(st.floats(-1, 1), min_size=1, max_size=200))
def test_noise_between_the_two_marks_of_a_step_changes_nothing(
    level: int, noise: list[float]
) -> None:
    marks = [0.2, 0.2 + 0.5 / 3, 0.2 + 1.0 / 3, 0.7]
    mark = marks[level - 1]
    above = marks[level] if level < len(marks) else 2.0
    brownout = Brownout(SETTINGS)
    now = feel(brownout, (mark + min(above, mark + 0.1)) / 2, 60)
    assert len(brownout.steps) == level
    low, high = SETTINGS.leave * mark, min(above, mark + 0.1)
    for swing in noise:
        brownout.feel((low + high) / 2 + swing * (high - low) * 0.49, now)
        now += PERIOD
        assert len(brownout.steps) == level


def test_a_ladder_of_one_step_is_a_ladder() -> None:
    brownout = Brownout(BrownoutSettings(steps=("small_tier",)))
    feel(brownout, 1.0, 10)
    assert brownout.steps == ("small_tier",)


def test_a_ladder_without_steps_does_nothing() -> None:
    brownout = Brownout(BrownoutSettings(steps=()))
    feel(brownout, 1.0, 10)
    assert brownout.steps == ()
