"""A few passages to answer from."""

from index.answers.citations import Checker, Similar
from index.answers.sources import Source, numbered
from index.documents import Hit, Passage, StoredPassage

VACATION = (
    "Full-time employees receive 25 vacation days per calendar year. Part-time employees receive "
    "a share that matches their hours. Unused days expire on 31 March of the following year, "
    "unless the manager agrees otherwise in writing. Vacation requests are sent to Maria Gonzalez "
    "in Human Resources at least 14 days before the first day."
)
SICK = (
    "Sick leave must be reported before 9:30 on the first day. A doctor's note is required from "
    "the third day on. Employees are not allowed to work while on sick leave. The company pays "
    "100 % of the salary for 6 weeks."
)
PUMP = (
    "The X-200B pump delivers 1,250 litres per hour at 2.5 bar. It was certified on January 5, "
    "2024 by Karla Weiss. Revenue increased to $5.2 million in 2023."
)


def hit(number: int, document: str, text: str, start: int = 0, score: float = 0.9) -> Hit:
    """A passage on page `number`, under a heading of its own."""
    end = start + len(text)
    passage = Passage(number, text, start, end, 50, (f"Part {number}",), number, number)
    return Hit(StoredPassage(number, "hr", document, f"{document}.pdf", passage), score)


HITS = (hit(1, "vacation", VACATION), hit(2, "sick", SICK, 70), hit(3, "pump", PUMP, 1000))


def sources() -> tuple[Source, ...]:
    return numbered(HITS)


def checker(similar: Similar | None = None) -> Checker:
    return Checker(sources(), similar)
