"""Answers as bytes that tell whether they are whole, and whose they are."""

from dataclasses import replace

import pytest

from index.caches.sealed import Given, Owner, Sealed
from models.engine import Chunk

KEY = b"k" * 32
OWNER = Owner("tenant", (("m", "1"),))
GIVEN = Given((Chunk("yes"),), "small", "m", 5.0)


def sealed() -> Sealed:
    return Sealed.of(KEY, GIVEN, OWNER)


def test_an_answer_comes_out_as_it_was_put_in() -> None:
    assert sealed().opened(OWNER) == GIVEN
    assert sealed().opened(replace(OWNER, collections=("vs_1",))) == GIVEN


@pytest.mark.parametrize(
    "damaged",
    [
        replace(sealed(), answer=b'[{"text": "no"}]'),
        replace(sealed(), cost=1.0),
        replace(sealed(), owner=replace(OWNER, tenant="other")),
        replace(sealed(), seal=b"0" * 32),
        replace(sealed(), key=b"o" * 32),
    ],
)
def test_a_damaged_answer_is_none(damaged: Sealed) -> None:
    assert damaged.opened(OWNER) is None


@pytest.mark.parametrize(
    "other", [replace(OWNER, tenant="other"), replace(OWNER, models=(("m", "2"),))]
)
def test_an_answer_is_opened_only_for_its_tenant_and_models(other: Owner) -> None:
    assert sealed().opened(other) is None
