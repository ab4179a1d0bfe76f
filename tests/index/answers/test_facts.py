"""Numbers, dates, names and quotations of a sentence, found again however they are spelled."""

import pytest

from index.answers.dates import Date, dates
from index.answers.facts import Known, claims
from index.answers.numbers import numbers
from index.answers.statements import statement


def wrong(sentence: str, *source: str) -> list[str]:
    """What of `sentence` the source does not say."""
    known = Known.of(map(statement, source))
    return [claim.text for claim in claims(sentence) if not known.says(claim)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,000 litres", "1000 litres"),
        ("12 % of it", "12% of it"),
        ("12 percent of it", "12 % of it"),
        ("$5.2 million a year", "$5,200,000 a year"),
        ("5 million people", "5,000,000 people"),
        ("two weeks off", "2 weeks off"),
        ("twenty-five days off", "25 days off"),
        ("1.000,50 Euro paid", "1000.5 € paid"),
        ("a 6-week break", "a break of six weeks"),
        ("on Jan 5, 2024", "on 2024-01-05"),
        ("on 5 January 2024", "on January 5th, 2024"),
        ("on 5.1.2024", "on 5 January 2024"),
        ("in January 2024", "on January 5, 2024"),
        ("on 5 January", "on January 5, 2024"),
        ("the x-200b pump", "the X-200B pump"),
        ("the X200B pump", "the X-200B pump"),
        ("by HR staff", "by the Human Resources staff"),
        ("for Maria's team", "for the team of Maria"),
        ("in STRASSE five", "in Straße five"),
        ("he said \u201cnever on a Sunday\u201d", 'he wrote: "Never on a  Sunday!"'),
    ],
)
def test_the_same_fact_is_found_in_another_spelling(one: str, other: str) -> None:
    assert wrong(one, other) == []


@pytest.mark.parametrize(
    ("sentence", "source", "missing"),
    [
        ("They get 30 days off.", "They get 25 days off.", "30 days"),
        ("They get 6 months off.", "They get 6 weeks off.", "6 months"),
        ("It was -5 degrees outside.", "It was 5 degrees outside.", "-5"),
        ("It began on January 6, 2024.", "It began on January 5, 2024.", "January 6, 2024"),
        ("It began on January 5, 2023.", "It began on January 5, 2024.", "January 5, 2023"),
        ("Ask Maria Lopez first.", "Ask Maria Gonzalez first.", "Lopez"),
        ("Paris is the capital.", "Rome is the capital.", "Paris"),
        ("Use the X-300B pump.", "Use the X-200B pump.", "X-300B"),
        ("It says \u201cnever at dawn\u201d.", "It says: never at dusk.", "never at dawn"),
        ("It cost \u20ac5 in all.", "It cost $5 in all.", "\u20ac5"),
    ],
)
def test_another_fact_is_named(sentence: str, source: str, missing: str) -> None:
    assert wrong(sentence, source) == [missing]


def test_a_number_that_counts_something_else_is_none() -> None:
    source = ["Employees receive 25 vacation days.", "Requests reach the office 14 days before."]
    assert wrong("Employees receive 14 vacation days.", *source) == ["14"]


def test_nouns_of_a_language_that_writes_them_in_capitals_are_no_names() -> None:
    assert wrong("Der Urlaub ist nicht übertragbar.", "Ferien verfallen.") == []


def test_a_version_is_one_number() -> None:
    assert [n.readings for n in numbers("version 1.2.3")] == [frozenset({"1.2.3"})]


def test_a_date_that_can_be_read_in_two_ways_is() -> None:
    assert set(dates("on 5/1/2024")[0].readings) == {Date(2024, 1, 5), Date(2024, 5, 1)}


def test_a_date_that_does_not_exist_is_none() -> None:
    assert dates("on 45/13/2024") == []
