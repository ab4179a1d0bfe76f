"""Answering from documents only, or refusing in words."""

from index.answers.verdict import NOTHING, refusal
from tests.index.answers.handbook import hit


def test_one_good_passage_is_enough() -> None:
    hits = [hit(1, "a", "A.", score=0.2), hit(2, "b", "B.", score=0.5)]
    assert refusal(hits, 0.5) is None


def test_a_refusal_names_the_nearest_documents_once() -> None:
    scores = [(1, "a", 0.1), (2, "b", 0.4), (3, "b", 0.3), (4, "c", 0.2), (5, "d", 0.05)]
    said = refusal([hit(n, name, "X.", score=score) for n, name, score in scores], 0.5)
    assert said is not None
    assert said.nearest == ("b.pdf", "c.pdf", "a.pdf")
    assert "`b.pdf`, `c.pdf`, `a.pdf`" in said.text
    assert "d.pdf" not in said.text


def test_without_documents_none_is_named() -> None:
    said = refusal([], 0.5)
    assert said is not None
    assert (said.text, said.nearest) == (NOTHING, ())


def test_a_name_that_is_markup_is_shown_as_code() -> None:
    said = refusal([hit(1, "`![x](https://evil.example)\n`", "X.", score=0.1)], 0.5)
    assert said is not None
    assert "`'![x](https://evil.example) '.pdf`" in said.text
