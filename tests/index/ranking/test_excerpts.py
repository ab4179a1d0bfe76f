"""Neighbours become one text, and the budget holds."""

from hypothesis import given
from hypothesis import strategies as st

from index.documents import Hit, Passage, StoredPassage
from index.ranking.excerpts import excerpts

TEXT = "".join(chr(ord("a") + i % 26) for i in range(400))


def hit(document: str, ordinal: int, score: float, tokens: int = 10) -> Hit:
    """Passages of 12 characters, 2 of which they share with the one before."""
    start = ordinal * 10
    passage = Passage(ordinal, TEXT[start : start + 12], start, start + 12, tokens)
    return Hit(StoredPassage(ordinal, "c", document, document, passage), score)


hits = st.lists(
    st.tuples(st.sampled_from("xy"), st.integers(0, 8)), unique=True, max_size=12
).flatmap(
    lambda places: st.tuples(
        *(
            st.builds(hit, st.just(d), st.just(o), st.floats(0, 1), st.integers(1, 30))
            for d, o in places
        )
    )
)


@given(found=hits, budget=st.integers(0, 200))
def test_excerpts_fit_into_the_budget_and_are_the_documents_text(found, budget: int) -> None:
    got = excerpts(found, budget)
    assert sum(excerpt.tokens for excerpt in got) <= budget
    for excerpt in got:
        assert excerpt.text == TEXT[excerpt.start : excerpt.end]
        ordinals = [hit.found.passage.ordinal for hit in excerpt.hits]
        assert ordinals == list(range(ordinals[0], ordinals[0] + len(ordinals)))
    scores = [excerpt.score for excerpt in got]
    assert scores == sorted(scores, reverse=True)


@given(found=hits)
def test_with_room_enough_every_hit_is_in_one_excerpt(found) -> None:
    inside = [hit for excerpt in excerpts(found, 10_000) for hit in excerpt.hits]
    assert len(inside) == len(found)
    assert all(hit in inside for hit in found)


def test_neighbours_of_one_document_are_read_as_one() -> None:
    [both, other] = excerpts([hit("x", 3, 0.9), hit("y", 4, 0.5), hit("x", 2, 0.4)], 100)
    assert (both.first.passage.ordinal, both.start, both.end) == (2, 20, 42)
    assert other.first.document == "y"


def test_passages_with_a_gap_between_them_are_joined_by_a_blank_line() -> None:
    first = StoredPassage(1, "c", "d", "d", Passage(0, "one", 0, 3, 2))
    second = StoredPassage(2, "c", "d", "d", Passage(1, "two", 5, 8, 2))
    [joined] = excerpts([Hit(second, 0.5), Hit(first, 0.4)], 10)
    assert joined.text == "one\n\ntwo"


def test_a_smaller_hit_takes_the_room_that_a_larger_one_cannot() -> None:
    got = excerpts([hit("x", 0, 0.9, 50), hit("x", 4, 0.8, 200), hit("y", 0, 0.7, 40)], 100)
    assert [excerpt.first.document for excerpt in got] == ["x", "y"]
