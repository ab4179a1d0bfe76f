"""Citations that hold, and those that do not."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.answers.citations import Checker
from index.answers.sources import numbered
from index.answers.stream import cited
from index.documents import Hit
from tests.index.answers.handbook import HITS, PUMP, SICK, VACATION, checker, hit, sources

SENTENCES = [s.strip() + "." for t in (VACATION, SICK, PUMP) for s in t.split(". ")]
WORDS = st.lists(
    st.sampled_from([*" ".join(SENTENCES).split(), "not", "7", "[1]", "[2, 3].", "Rome", "\n-"]),
    max_size=30,
).map(" ".join)


@pytest.mark.parametrize(
    "answer",
    [
        "Full-time employees get 25 vacation days a year [1].",
        "Unused days expire on March 31 [1].",
        "Employees may not work while they are on sick leave. [2]",
        "The X-200B delivers 1250 l/h at 2.5 bar【3】.",
        "It was certified on 2024-01-05 by Karla Weiss (Source 3).",
        "The company pays the full salary for six weeks [2].",
        "The document says \u201cUnused days expire on 31 March\u201d [1].",
        "Vacation requests go to Maria Gonzalez in HR 14 days before the first day [1].",
    ],
)
def test_what_a_source_says_is_verified(answer: str) -> None:
    (citation,) = cited(answer, checker()).citations
    assert (citation.verdict, citation.missing) == ("verified", ())


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("Full-time employees get 30 vacation days a year [1].", "30"),
        ("Employees get 14 vacation days per year [1].", "14"),
        ("Vacation requests go to Maria Lopez [1].", "Lopez"),
        ("Employees are allowed to work while on sick leave [2].", "negation"),
        ("Unused days do not expire on 31 March [1].", "negation"),
        ("The company pays 100% of the salary for 6 months [2].", "6 months"),
        ("Revenue decreased to $5.2 million in 2023 [3].", "decreased"),
        (
            "It says \u201cUnused days never expire at all\u201d [1].",
            "Unused days never expire at all",
        ),
        ("Sick leave must be reported before 9:30 by telegram and pigeon [2].", "pigeon"),
    ],
)
def test_what_it_does_not_say_is_named(answer: str, missing: str) -> None:
    (citation,) = cited(answer, checker()).citations
    assert citation.verdict == "partial"
    assert missing in citation.missing


@pytest.mark.parametrize("answer", ["The moon is made of cheese [1].", "It is paid in full [7]."])
def test_what_no_source_says_is_unsupported(answer: str) -> None:
    (citation,) = cited(answer, checker()).citations
    assert (citation.verdict, citation.quote) == ("unsupported", "")


def test_what_is_said_of_one_is_not_said_of_another_in_the_same_source() -> None:
    text = (
        "Copenhagen has started several green building programs. Its roofs are planted. "
        "The port was closed. In Vancouver nothing of the kind is planned."
    )
    one = Checker(numbered([hit(1, "cities", text)]))
    right = one.check("Copenhagen has started several green building programs.", [1])
    wrong = one.check("Vancouver has started several green building programs.", [1])
    assert [c.verdict for c in right] == ["verified"]
    assert [(c.verdict, c.missing) for c in wrong] == [("partial", ("Vancouver",))]


def test_a_citation_leads_to_its_place() -> None:
    (citation,) = cited(
        "A doctor's note is required from the third day on [2].", checker()
    ).citations
    assert citation.quote == "A doctor's note is required from the third day on."
    assert SICK[citation.start - 70 : citation.end - 70] == citation.quote
    assert (citation.document, citation.document_name) == ("sick", "sick.pdf")
    assert (citation.page, citation.heading, citation.passage) == (2, "Part 2", 2)
    assert citation.collection == "hr"


def test_a_citation_names_the_page_of_its_quote_and_not_of_its_passage() -> None:
    found = hit(2, "sick", SICK, 70)
    second = SICK.index("A doctor's note")
    passage = replace(found.found.passage, last_page=3, turns=((70 + second, 3),))
    sources = numbered([replace(found, found=replace(found.found, passage=passage))])
    said = ("A doctor's note is required from the third day on.", "The company pays 100 % [1].")
    pages = [one.page for text in said for one in Checker(sources).check(text, [1])]
    assert pages == [3, 3]
    (before,) = Checker(sources).check("Sick leave must be reported before 9:30.", [1])
    assert before.page == 2


def test_sources_may_say_a_sentence_together() -> None:
    answer = (
        "Unused days expire on 31 March and a doctor's note is required from the third day [1][2]."
    )
    assert [c.verdict for c in cited(answer, checker()).citations] == ["verified", "verified"]
    alone = cited(answer.replace("[2]", ""), checker()).citations
    assert [c.verdict for c in alone] == ["partial"]


def test_a_sentence_without_a_mark_is_given_one_that_is_told_apart() -> None:
    answer = "Here is what I found. Full-time employees receive 25 vacation days per year.\n\nBye."
    text, citations = cited(answer, checker())
    assert text == answer.replace("year.", "year. [1]")
    assert [(c.number, c.added, c.verdict) for c in citations] == [(1, True, "verified")]
    assert cited(answer, checker(), add=False) == (answer, ())


@pytest.mark.parametrize(
    "answer",
    [
        "Full-time employees receive 30 vacation days per calendar year.",
        "The documents do not say whether unused vacation days expire on 31 March.",
        "Do full-time employees receive 25 vacation days per calendar year?",
        "# Full-time employees receive 25 vacation days per calendar year",
        "| Full-time employees receive | 25 vacation days per calendar year |",
        "```\nFull-time employees receive 25 vacation days per calendar year.\n```",
        "25 days.",
    ],
)
def test_no_mark_is_added_where_none_belongs(answer: str) -> None:
    assert cited(answer, checker()) == (answer, ())


def test_marks_come_out_in_one_spelling_and_code_stays() -> None:
    answer = "Sick leave is paid【2】. See `days[1]`, [Source 1] and (2).\n\n```\nrow[3]\n```\n"
    assert cited(answer, checker()).text == (
        "Sick leave is paid[2]. See `days[1]`, [1] and [2].\n\n```\nrow[3]\n```\n"
    )


def test_a_list_of_sources_is_believed() -> None:
    found = cited("Sources:\n[1] vacation.pdf\n[2] sick.pdf\n", checker()).citations
    assert [c.verdict for c in found] == ["verified", "verified"]


def test_similarity_finds_what_is_said_in_other_words() -> None:
    answer = "If you are ill, ring the office in the morning [2]."

    def similar(_: str, texts: Sequence[str]) -> list[float]:
        return [0.8 if text.startswith("Sick leave must") else 0.1 for text in texts]

    assert [c.verdict for c in cited(answer, checker()).citations] == ["unsupported"]
    (citation,) = cited(answer, checker(similar)).citations
    assert citation.quote == "Sick leave must be reported before 9:30 on the first day."
    assert (citation.verdict, citation.score) == ("verified", 0.8)


def test_a_document_without_sentences_supports_nothing() -> None:
    empty = Checker(numbered([hit(1, "blank", " \n ")]))
    assert [c.verdict for c in empty.check("Employees receive 25 days.", [1])] == ["unsupported"]


@given(WORDS)
def test_every_quote_is_verbatim_and_every_sentence_is_where_it_is_said_to_be(answer: str) -> None:
    places = {h.found.document: h.found.passage for h in HITS}
    text, citations = cited(answer, checker())
    for citation in citations:
        sentence = text[citation.sentence_start : citation.sentence_end]
        assert f"[{citation.number}]" in sentence
        assert 0 <= citation.score <= 1
        if citation.quote:
            passage = places[citation.document]
            start, end = citation.start - passage.start, citation.end - passage.start
            assert passage.text[start:end] == citation.quote
        assert (citation.verdict == "unsupported") == (citation.quote == "")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=6))
def test_neighbours_are_one_source_that_repeats_nothing(cuts: list[tuple[int, int]]) -> None:
    document = "".join(f"{i:02d} " for i in range(40))
    hits: list[Hit] = [hit(n, "d", document[a : a + b], a) for n, (a, b) in enumerate(cuts)]
    found = numbered(hits)
    for source in found:
        for part in source.parts:
            assert document[part.start : part.end] == part.text
        assert all(a.end < b.start for a, b in pairwise(source.parts))
    covered = {i for s in found for p in s.parts for i in range(p.start, p.end)}
    assert covered == {i for a, b in cuts for i in range(a, a + b)}
    assert [source.number for source in found] == list(range(1, len(found) + 1))


def test_sources_stand_in_the_order_of_their_best_passage() -> None:
    hits = [hit(3, "b", "Third.", 40), hit(1, "a", "First."), hit(2, "b", "Second.", 32)]
    found = numbered(hits)
    assert [s.first.document for s in found] == ["b", "a"]
    assert found[0].text == "Second.\n\nThird."
    assert found[0].passage_at(41).id == 3


def test_a_passage_that_was_found_twice_counts_once() -> None:
    assert len(numbered([*HITS, *HITS])) == len(sources())
