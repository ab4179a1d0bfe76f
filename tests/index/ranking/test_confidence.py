"""A score is a likelihood, whatever was known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ranking.confidence import likelihood

share = st.floats(0, 1)
cosine = st.floats(-1, 1)
stages = st.fixed_dictionaries(
    {"coverage": share, "words": share}, optional={"dense": cosine, "late": cosine}
).filter(lambda known: "dense" in known or "late" not in known)


@given(known=stages)
def test_it_is_between_0_and_1(known) -> None:
    assert 0 < likelihood(known) < 1


@pytest.mark.parametrize("name", ["words", "dense", "late"])
@given(known=stages, more=st.floats(0, 1))
def test_more_of_anything_makes_it_likelier(name: str, known, more: float) -> None:
    if name in known:
        assert likelihood(known | {name: known[name] + more}) >= likelihood(known)


def test_other_stages_do_not_count() -> None:
    known = {"coverage": 0.5, "words": 0.5}
    assert likelihood(known | {"fused": 9.0}) == likelihood(known)
