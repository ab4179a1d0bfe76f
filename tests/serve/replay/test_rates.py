"""How fast a tier is, from what its answers took."""

import random
from dataclasses import replace

import pytest

from serve.replay.past import Outcome, Past
from serve.replay.rates import Rates, measured
from tests.serve.replay.past_made import past

TRUE = Rates(0.05, 0.002, 0.03, None, 40)


def answers(stream: bool, noise: float = 0.0) -> list[Past]:
    """That took what `TRUE` says, and waited before."""
    draw, made = random.Random(1), []
    for n in range(40):
        one = past(float(n), prompt=draw.randrange(1, 400), output=draw.randrange(2, 90))
        more = 0.5 + draw.uniform(0, noise)
        first, whole = TRUE.first(one.truth) + more, TRUE.whole(one.truth) + more
        really = Outcome("small", ttft=first if stream else whole, total=whole)
        made.append(replace(one, stream=stream, really=really, queue=0.5))
    return made


@pytest.mark.parametrize("stream", [True, False])
def test_they_are_found_again(stream: bool) -> None:
    found = measured(answers(stream))["small"]
    assert (found.start, found.prompt, found.output) == pytest.approx((0.05, 0.002, 0.03))
    assert found.answers == 40


def test_noise_moves_them_little_and_none_is_negative() -> None:
    found = measured(answers(True, noise=0.02))["small"]
    assert found.output == pytest.approx(0.03, rel=0.1)
    assert min(found.start, found.prompt, found.output) >= 0


def test_the_same_answer_again_and_again_gives_its_time() -> None:
    one = answers(True)[0]
    found = measured([one] * 5)["small"]
    assert found.whole(one.truth) == pytest.approx(one.really.total - 0.5)


def test_what_was_given_again_or_went_wrong_says_nothing() -> None:
    good = answers(True)[0]
    again = replace(good, really=replace(good.really, again=True))
    assert measured([again, replace(good, usual=False), replace(good, usage=None)]) == {}


def test_places_are_the_most_that_were_told() -> None:
    one = answers(True)[0]
    told = [replace(one, features=replace(one.features, places=n)) for n in (3, None, 5)]
    assert measured(told)["small"].places == 5
