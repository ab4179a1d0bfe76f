"""Whether the sources say what an answer says that they say.

A sentence is compared with the spans of the sources that it cites: by its words, by what can be
wrong though the words are right (numbers, dates, names, quotations), and by whether one of the two
denies what the other states. All of it works on the text alone; similarity of meaning can be
added by whoever has an embedder at hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, NamedTuple

from index.answers.facts import Known, claims
from index.answers.sources import Source
from index.answers.statements import meaning, statement
from index.answers.support import Described, Evidence, Support
from index.answers.words import denies, is_negated, opposed, stems, words
from models.citation import Citation, Verdict

Similar = Callable[[str, Sequence[str]], Sequence[float]]  # cosines of a sentence to some texts

WEAK: Final = 0.35  # below it, a source has nothing to do with a sentence
STRONG: Final = 0.65  # from here on a source says a sentence
CLOSE: Final = 0.7  # from here on a sentence repeats what it cites, rather than sums it up
CREDIT: Final = 0.75  # from here on a source is named for a sentence that has no mark
CREDIT_WORDS: Final = 4  # a sentence of fewer words needs no source
NEGATION: Final = (
    "negation"  # is missing where the sentence denies and the source does not, or v.v.
)
_CLOSING = "\"'”\u2019)]*_» "


class _Backing(NamedTuple):
    """What one source has to say of a sentence."""

    described: Described
    support: Support

    @property
    def quote(self) -> str:
        return self.described.quote(self.support)


class Checker:
    """Checks the sentences of answers that were given from `sources`."""

    def __init__(self, sources: Sequence[Source], similar: Similar | None = None) -> None:
        self.count = len(sources)
        self._evidence = Evidence(sources)
        self._similar = similar
        self._known = cache(self._known_of)

    def check(self, sentence: str, numbers: Sequence[int]) -> list[Citation]:
        """A citation for each of `numbers`; these sources may say the sentence together.

        Places in the answer are left to the caller.
        """
        wanted = meaning(sentence)
        real = [number for number in numbers if number in self._evidence.sources]
        backings = {number: self._backing(sentence, wanted, number) for number in real}
        score, missing = self._judged(sentence, wanted, list(backings.values()))
        return [
            _citation(number, backings[number], _verdict(backings[number], score, missing), missing)
            if number in backings
            else Citation(number, "unsupported", 0.0, 0, 0)
            for number in numbers
        ]

    def credit(self, sentence: str) -> Citation | None:
        """A citation for a sentence without a mark, when a source says all of it."""
        wanted = meaning(sentence)
        if len(wanted) < CREDIT_WORDS or sentence.rstrip(_CLOSING).endswith("?"):
            return None
        every = {n: self._backing(sentence, wanted, n) for n in self._evidence.sources}
        number = max(every, key=lambda n: every[n].support.score, default=None)
        if number is None or every[number].support.score < CREDIT:
            return None
        silent = is_negated(sentence) and not is_negated(every[number].quote)
        if silent or self._judged(sentence, wanted, [every[number]])[1]:
            return None
        return replace(_citation(number, every[number], "verified", ()), added=True)

    def _backing(self, sentence: str, wanted: frozenset[str], number: int) -> _Backing:
        described = self._evidence.sources[number]
        support = self._evidence.best(wanted, number)
        if self._similar is not None and support.score < STRONG:
            support = max(support, _closest(sentence, described, self._similar))
        return _Backing(described, support)

    def _judged(
        self, sentence: str, wanted: frozenset[str], backings: Sequence[_Backing]
    ) -> tuple[float, tuple[str, ...]]:
        """How much of a sentence `backings` say together, and what they do not."""
        backings = [backing for backing in backings if backing.support.score]
        if not backings:
            return 0.0, ()
        contexts = [backing.described.context for backing in backings]
        said = frozenset[str]().union(*contexts, *(meaning(b.quote) for b in backings))
        best = max(backings, key=lambda backing: backing.support.score)
        score = max(self._evidence.share(wanted, said), best.support.score)
        wrong = self._wrong(sentence, said, backings) + opposed(sentence, best.quote)
        if denies(sentence, best.quote):
            wrong.append(NEGATION)
        if not wrong and score < STRONG:
            wrong = _unsaid(sentence, said)
        return score, tuple(dict.fromkeys(wrong))

    def _wrong(
        self, sentence: str, said: frozenset[str], backings: Sequence[_Backing]
    ) -> list[str]:
        """Claims that the sources do not make.

        What repeats a quote has its numbers from there, and its names, too, where the quote has
        others in their place.
        """
        known = self._known(tuple(b.described.source.number for b in backings))
        said_so = claims(sentence)
        wrong = [claim.text for claim in said_so if not known.says(claim)]
        if self._evidence.share(stems(sentence), said) >= CLOSE:
            named = [" ".join(b.described.source.names) for b in backings]
            quotes = [backing.quote for backing in backings]
            quoted = Known.of(map(statement, [*named, *quotes]))
            others = not Known.of([statement(sentence)]).names_all_of(" ".join(quotes))
            figures = [c for c in said_so if others or c.number is not None or c.dates]
            wrong += [claim.text for claim in figures if not quoted.says(claim)]
        return wrong

    def _known_of(self, numbers: tuple[int, ...]) -> Known:
        chosen = [self._evidence.sources[number] for number in numbers]
        return Known.of(statement for one in chosen for statement in one.statements())


def _closest(sentence: str, described: Described, similar: Similar) -> Support:
    spans = described.spans()
    if not spans:
        return Support()
    quotes = [span.said.text for span in spans]
    cosine, span = max(zip(similar(sentence, quotes), spans, strict=True))
    return Support(min(1.0, max(0.0, cosine)), span.start, span.end)


def _unsaid(sentence: str, said: frozenset[str]) -> list[str]:
    return [word for word in words(sentence) if stems(word) and not stems(word) <= said]


def _verdict(backing: _Backing, together: float, missing: Sequence[str]) -> Verdict:
    if min(together, 2 * backing.support.score) < WEAK:
        return "unsupported"
    return "partial" if missing or together < STRONG else "verified"


def _citation(
    number: int, backing: _Backing, verdict: Verdict, missing: tuple[str, ...]
) -> Citation:
    support, source = backing.support, backing.described.source
    found = source.passage_at(support.start)
    named = Citation(
        number,
        verdict,
        round(support.score, 4),
        0,
        0,
        document=found.document,
        document_name=found.document_name,
        collection=found.collection,
    )
    if verdict == "unsupported":
        return named
    return replace(
        named,
        passage=found.id,
        page=found.passage.page_at(support.start),
        heading=" > ".join(found.passage.headings) or None,
        quote=backing.quote,
        start=support.start,
        end=support.end,
        missing=missing,
    )
