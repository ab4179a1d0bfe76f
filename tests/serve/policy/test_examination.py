"""Telling a question with options from an open request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.policy.examination import form_of


@pytest.mark.parametrize(
    "options",
    [
        "\nA. one\nB. two\nC. three\nD. four\nAnswer:",
        "\n(A) one\n(B) two\n(C) three\n(D) four",
        "\n  A) one\n  B) two\n  C) three\n  D) four",
        " A) one B) two C) three D) four",
    ],
)
def test_lettered_options_make_an_exam(options: str) -> None:
    form = form_of(f"How many?{options}")
    assert form.options == 4
    assert form.exam == 1
    assert form.question.strip() == "How many?"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "Is vitamin A. good for the eyes?",
        "B. two\nC. three",
        "1. one\n2. two\n3. three",
    ],
)
def test_anything_else_is_an_open_request(text: str) -> None:
    form = form_of(text)
    assert form.exam == 0
    assert form.question == text


def test_two_options_are_half_an_exam() -> None:
    assert form_of("Which plan is better, and why?\nA. stay\nB. go").exam == 0.5


def test_options_follow_what_was_quoted_before_them() -> None:
    text = "A. Smith wrote:\nA. letter\nthen asked\nA. one\nB. two\nC. three"
    assert form_of(text).question == "A. Smith wrote:\nA. letter\nthen asked\n"


@given(st.text(max_size=300))
def test_the_question_begins_every_text(text: str) -> None:
    form = form_of(text)
    assert text.startswith(form.question)
    assert 0 <= form.exam <= 1


@given(st.text("xyz ", min_size=1, max_size=30), st.integers(0, 10))
def test_options_are_counted(question: str, count: int) -> None:
    lines = "".join(f"\n{chr(ord('A') + i)}. option" for i in range(count))
    assert form_of(question + lines).options == (count if count > 1 else 0)
