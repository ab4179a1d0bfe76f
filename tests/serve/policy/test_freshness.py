from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.policy.freshness import Freshness


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("", Freshness()),
        ("no-store", Freshness(read=False, keep=False)),
        ("No-Cache", Freshness(read=False)),
        ("max-age=60", Freshness(max_age=60)),
        ("max-age=60, max-age=0 ,no-cache", Freshness(read=False, max_age=0)),
        (" , ", Freshness()),
    ],
)
def test_what_is_said_is_what_is_wished(said: str, wish: Freshness) -> None:
    assert Freshness().limited(said) == wish


@pytest.mark.parametrize("said", ["only-if-cached", "max-age", "max-age=-1", "max-age=²", "no"])
def test_what_is_not_known_is_named_or_passed_over(said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Freshness().limited(f"no-cache, {said}")
    assert Freshness().limited(f"no-cache, {said}", strict=False) == Freshness(read=False)


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_word_more_only_limits(one: str, other: str) -> None:
    wish = Freshness().limited(one, strict=False)
    both = wish.limited(other, strict=False)
    assert both.read <= wish.read
    assert both.keep <= wish.keep
    assert both.max_age <= wish.max_age <= inf


def test_an_owner_may_allow_less_whatever_is_wished() -> None:
    wish = Freshness(max_age=60)
    assert wish.within("on") == wish
    assert wish.within("exact") == Freshness(max_age=60, alike=False)
    for others in ("on", "exact", "off"):
        off = wish.within("off").within(others)  # type: ignore[arg-type]
        assert (off.read, off.keep, off.alike, off.allowed) == (False, False, False, False)
