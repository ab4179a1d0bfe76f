"""An upstream is as well as its last sign of life."""

from models.upstream.pulse import FRESH, STALLED, Pulse


def test_a_finding_holds_for_a_while() -> None:
    pulse = Pulse()
    assert pulse.is_old(100.0)
    pulse.found("it is ill", 100.0)
    assert not pulse.is_old(100.0 + FRESH)
    assert pulse.is_old(100.1 + FRESH)
    assert pulse.trouble == "it is ill"


def test_a_token_says_that_all_is_well() -> None:
    pulse = Pulse()
    pulse.found("it is ill", 100.0)
    pulse.stuck(100.0)
    pulse.progressed(101.0)
    assert (pulse.trouble, pulse.is_stuck(101.0), pulse.is_old(101.0)) == (None, False, False)


def test_what_got_stuck_may_be_tried_again_later() -> None:
    pulse = Pulse()
    pulse.stuck(100.0)
    assert pulse.is_stuck(99.9 + STALLED)
    assert not pulse.is_stuck(100.0 + STALLED)
