"""Answers with citations that are checked, whole or while they come.

How a stream was cut makes no difference: text, marks and citations are those of the whole answer.
Held back are at most `scanner.HELD` characters, and they come with the last chunk at the latest.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple

from index.answers.citations import Checker
from index.answers.scanner import End, Mark, Piece, Scanner, Text
from models.citation import Citation
from models.engine import ChunkStream


class Cited(NamedTuple):
    """`text` has its marks in one spelling, `[1]`."""

    text: str
    citations: tuple[Citation, ...] = ()


class Citer:
    """Puts citations into one answer. `add`: sentences without a mark may be given one."""

    def __init__(self, checker: Checker, add: bool = True) -> None:
        self._checker = checker
        self._add = add
        self._scanner = Scanner(checker.count)
        self._length = 0  # of what has gone out
        self._sentence = ""
        self._begin = 0
        self._numbers: dict[int, None] = {}

    def feed(self, text: str, final: bool = False) -> Cited:
        """What is certain of the answer so far; `final`: nothing more comes."""
        out, citations = [], list[Citation]()
        for piece in self._scanner.feed(text, final):
            said = self._take(piece, citations)
            self._length += len(said)
            out.append(said)
        return Cited("".join(out), tuple(citations))

    def _take(self, piece: Piece, citations: list[Citation]) -> str:
        if isinstance(piece, End):
            return self._end(piece, citations)
        if isinstance(piece, Text) and not piece.said:
            return piece.text
        if not (self._sentence or self._numbers):
            self._begin = self._length
        if isinstance(piece, Mark):
            self._numbers.update(dict.fromkeys(piece.numbers))
            return "".join(f"[{number}]" for number in piece.numbers)
        self._sentence += piece.text
        return piece.text

    def _end(self, end: End, citations: list[Citation]) -> str:
        """The mark that is added to the sentence that ends here, if it is given one."""
        sentence, numbers = self._sentence, list(self._numbers)
        self._sentence, self._numbers = "", {}
        if numbers:
            citations += self._placed(self._checker.check(sentence, numbers), self._length)
        elif self._add and end.prose and sentence and (found := self._checker.credit(sentence)):
            mark = f" [{found.number}]"
            citations += self._placed([found], self._length + len(mark))
            return mark
        return ""

    def _placed(self, found: Sequence[Citation], end: int) -> list[Citation]:
        return [replace(one, sentence_start=self._begin, sentence_end=end) for one in found]


def cited(answer: str, checker: Checker, add: bool = True) -> Cited:
    """A whole answer with its citations."""
    return Citer(checker, add).feed(answer, final=True)


async def with_citations(chunks: ChunkStream, checker: Checker, add: bool = True) -> ChunkStream:
    """`chunks` of one choice; a citation comes with the chunk that ends its sentence.

    Reasoning, calls, logprobs and usage stay on the chunks that brought them: a mark that was
    added has no logprobs.
    """
    citer = Citer(checker, add)
    async with aclosing(chunks):
        async for chunk in chunks:
            text, citations = citer.feed(chunk.text, final=chunk.finish_reason is not None)
            yield replace(chunk, text=text, citations=citations)
