"""Outcomes, added up."""

from serve.replay.past import Outcome
from serve.replay.summary import summary


def test_each_outcome_counts_once() -> None:
    found = summary(
        [
            Outcome("small", cost=1.0, energy=0.5),
            Outcome("small", again=True),
            Outcome("large", cost=2.0),
            Outcome(refusal="limit"),
            Outcome(refusal="admission"),
            Outcome(refusal="model"),
        ]
    )
    assert found.tiers == {"large": 1, "small": 2}
    assert (found.by_limit, found.by_admission, found.no_model) == (1, 1, 1)
    assert (found.cost, found.energy, found.hit_rate) == (3.0, 0.5, 1 / 6)


def test_times_are_of_those_that_were_answered() -> None:
    answered = [Outcome("small", ttft=n / 2, total=float(n)) for n in range(1, 21)]
    found = summary([*answered, Outcome(refusal="limit")])
    assert (found.total_p50, found.total_p95, found.ttft_p95) == (10.0, 19.0, 9.5)


def test_of_nothing_all_is_0() -> None:
    assert (summary([]).total_p95, summary([]).hit_rate) == (0.0, 0.0)
