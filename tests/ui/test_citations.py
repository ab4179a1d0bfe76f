import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.shelf import Item
from ui import words
from ui.citations import Citation, Source, grounds, read
from ui.markdown import to_html

TEXT = "Leave lasts a year [1]. It began in 2023 [2][1]."
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def cited(number: int = 1, start: int = 0, end: int = len(TEXT), **more: object) -> Citation:
    fields: Item = {
        "number": number, "verdict": "verified", "sentence_start": start, "sentence_end": end,
        "document": "doc_1", "document_name": "handbook.pdf", "page": 12,
    }  # fmt: skip
    return Citation.model_validate(fields | more)


# ---- what the appliance sends


def test_an_event_tells_its_sources_and_citations() -> None:
    citation = cited().model_dump()
    found = grounds({"sources": [{"number": 3}], "choices": [{"delta": {"citations": [citation]}}]})
    assert found is not None
    assert [source.number for source in found.sources] == [3]
    assert found.citations == [cited()]


def test_a_source_of_several_passages_is_read_from_the_first_one_on() -> None:
    found = grounds({"sources": [{"number": 1, "passages": [7, 8]}, {"number": 2, "passages": 7}]})
    assert found is not None
    assert [source.passage for source in found.sources] == [7, None]


@pytest.mark.parametrize("event", [{}, {"choices": []}, {"choices": [{"delta": {"content": "x"}}]}])
def test_an_event_about_no_documents_tells_none(event: Item) -> None:
    assert grounds(event) is None


@given(JSON)
def test_what_cannot_be_read_costs_no_more_than_itself(value: object) -> None:
    entries = [value, cited().model_dump() | {"new": value}]
    assert cited() in read(Citation, entries)
    event = {"sources": value, "choices": [{"delta": {"citations": value}}]}
    assert grounds(event) is None or grounds(event) == grounds(event)
    assert read(Source, value) == [] or isinstance(value, list)


def test_the_number_of_entries_is_limited() -> None:
    assert len(read(Source, [{"number": 1}] * 1000)) == 200


# ---- marks


def test_a_mark_becomes_a_button_that_names_its_source() -> None:
    html = to_html(TEXT, [cited(end=23)])
    assert html.count("<button") == 1
    assert 'aria-label="Source 1: handbook.pdf, page 12"' in html
    assert 'class="mark verified" data-place="0"' in html
    assert "[2][1]" in html


def test_a_mark_has_the_citation_of_its_own_sentence() -> None:
    partial = cited(start=23, verdict="partial", missing=["2023"])
    html = to_html(TEXT, [cited(end=23), cited(2, 23), partial])
    places = [part.partition('"')[0] for part in html.split('data-place="')[1:]]
    assert places == ["0", "1", "2"]
    assert f"page 12{words.table('VERDICTS')['partial']}" in html


def test_marks_are_drawn_as_soon_as_their_citation_is_there() -> None:
    assert "<button" not in to_html("Leave lasts a year [1].")
    assert "<button" in to_html("Leave lasts a year [1].", [cited()])


@pytest.mark.parametrize("text", ["`x[1]`", "```\nx[1]\n```", "    x[1]", "```python\nx[1]\n```"])
def test_in_code_a_mark_is_code(text: str) -> None:
    html = to_html(text, [cited()])
    assert "mark" not in html
    assert html.count("1") == 1
    assert "\ue000" not in html


def test_a_mark_stands_in_emphasis_lists_and_tables() -> None:
    text = "**bold [1]**\n\n* item [1]\n\n| a |\n|---|\n| [1] |\n"
    assert to_html(text, [cited(end=len(text))]).count("<button") == 3


@given(st.text(alphabet="[]1\ue000\ue001`*<>&\"' \n()0", max_size=40))
def test_no_text_makes_a_mark_without_a_citation(text: str) -> None:
    assert "<button" not in to_html(text).replace('<button type="button" class="copy-code">', "")
    assert "\ue000" not in to_html(text, [cited(end=100)])


def test_the_name_of_a_document_cannot_leave_its_place() -> None:
    html = to_html("x [1]", [cited(document_name="\"><img src=x onerror='a()'>")])
    assert "<img" not in html
    assert "&quot;&gt;&lt;img src=x onerror=&#x27;a()&#x27;&gt;" in html


def test_a_source_that_does_not_exist_is_said_to_be_none() -> None:
    label = cited(document_name="", page=None, verdict="unsupported").label
    assert label == "Source 1: no such document, does not say this"
