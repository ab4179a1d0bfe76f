"""Kept answers on a clock of their own."""

from dataclasses import replace
from typing import Any

import pytest

from serve.replay.keeping import Shelf
from serve.sections.cache import CacheSettings
from tests.serve.replay.past_made import past


def shelf(**options: Any) -> Shelf:
    """With the answer to aa, of 20 tokens, from second 0."""
    made = Shelf(CacheSettings(**options))
    made.keep(past(0.0, "aa"), "small", 0.0, 1.0)
    return made


def test_an_answer_is_there_until_it_is_too_old() -> None:
    kept = shelf(ttl=10)
    assert [kept.kept(past(at, "aa"), at) for at in (1.0, 10.0, 10.1)] == ["small", "small", None]
    assert kept.kept(past(1.0, "bb"), 1.0) is None


@pytest.mark.parametrize(
    "more",
    [
        {"read": False},
        {"keep": False},
        {"temperature": 1.0},
        {"digest": None},
    ],
)
def test_who_wants_a_new_one_or_a_varied_one_gets_none(more: dict[str, Any]) -> None:
    asked = past(1.0, "aa")
    assert shelf().kept(replace(asked, features=replace(asked.features, **more)), 1.0) is None


def test_a_varied_one_that_repeats_is_as_good() -> None:
    assert shelf().kept(past(1.0, "aa", temperature=1.0, repeatable=True), 1.0) == "small"


def test_what_is_too_large_for_the_memory_is_not_kept() -> None:
    small = Shelf(CacheSettings(memory=1 << 16))
    small.keep(past(0.0, "aa", output=2000), "small", 0.0, 1.0)
    assert small.kept(past(1.0, "aa"), 1.0) is None


def test_off_is_off() -> None:
    assert shelf(enabled=False).kept(past(1.0, "aa"), 1.0) is None
