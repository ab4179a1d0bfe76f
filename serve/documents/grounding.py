"""Answers from documents: what was asked for, what was found, and the prompt that comes of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from index.answers.citations import Checker
from index.answers.links import without_foreign_links
from index.answers.prompt import Budget, Mode, grounded
from index.answers.sources import Source
from index.answers.stream import with_citations
from index.answers.verdict import refusal
from index.documents import Hit
from index.errors import Unknown
from index.filters import Filter
from index.library import Library, Search
from index.retriever import RetrievalPlan
from index.store.records import Reader
from models.engine import ChunkStream, Message, Prompt, PromptInput
from serve.documents.questions import Asking
from serve.errors import BadRequest
from serve.policy.routing import last_turn
from serve.receipt import Reference
from serve.sections.library import RetrievalSettings

FEW: Final = 2  # passages under the brownout's `fewer_passages`
BYTES_PER_TOKEN: Final = 3  # of prose in most tokenizers 4; too many passages would be refused
ANSWER: Final = 256  # tokens that are left for an answer of no stated length
FRAME: Final = 120  # tokens of what is said around passages
NEAR_THE_BEST: Final = 0.25  # of its score
CONTINUES: Final = 6  # a last turn of fewer words may mean what the turn before it spoke of


@dataclass(frozen=True, slots=True)
class FromDocuments:
    """`collections` by id or name. `only`: nothing but documents may answer.

    `most` passages and the `threshold` of their scores (0 to 1): None is as configured.
    """

    collections: tuple[str, ...]
    only: bool = False
    most: int | None = None
    threshold: float | None = None
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks for what. `context` in tokens: of the longest tier that may answer. `tiny`: the
    bundled model may, which is told everything in few words.
    """

    wanted: FromDocuments
    reader: Reader
    context: int
    brownout: Collection[str] = ()
    tiny: bool = False


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer stands on. `input`: None is as it was. `refusal`: documents alone may answer,
    and they do not tell.

    `plain`: the answer is text for people, so that marks may be put into it. `keep`: it may be
    kept.
    """

    input: PromptInput | None = None
    sources: tuple[Source, ...] = ()
    refusal: str | None = None
    notes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    plain: bool = True
    keep: bool = True

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(map(_reference, self.sources))

    @property
    def identity(self) -> tuple[tuple[str, str, str], ...]:
        """Collection, document and words of every source: what an answer from them depends on."""
        told = ((source.first, source.text) for source in self.sources)
        return tuple((first.collection, first.document, text) for first, text in told)

    def under(self, prompt: Prompt) -> Prompt:
        """`prompt` with what was found."""
        return prompt if self.input is None else replace(prompt, input=self.input)

    def cited(self, chunks: ChunkStream) -> ChunkStream:
        """An answer's chunks with checked citations, and without links that documents brought."""
        if not self.sources or not self.plain:
            return chunks
        return with_citations(without_foreign_links(chunks, self.own), Checker(self.sources))


class Grounding:
    """`library` None: there are no documents here."""

    def __init__(
        self, library: Library | None = None, settings: RetrievalSettings | None = None
    ) -> None:
        self._library = library
        self._settings = settings or RetrievalSettings()

    async def ground(self, prompt: Prompt, asking: Asking, looking: Looking) -> Grounds:
        """Raises `IndexRefusal`, and `BadRequest` where there are no documents at all."""
        if self._library is None:
            raise BadRequest("There are no documents here: the library is off.", "collections")
        wanted, messages = looking.wanted, _messages(prompt)
        question = await asking.question(self._settings.patience)
        plan = self._plan(looking)
        search = Search(question, wanted.collections, plan, wanted.filter)
        found = await self._library.search(looking.reader, search)
        least = self._settings.threshold if wanted.threshold is None else wanted.threshold
        if wanted.only and (refused := refusal(found.hits, least)) is not None:
            return Grounds(refusal=refused.text, notes=found.notes)
        hits = worth_reading(found.hits, wanted.threshold)
        budget = Budget(self._room(prompt, looking), tokens_of)
        mode: Mode = "grounded" if wanted.only else "helpful"
        made = grounded(messages, hits, budget, mode, looking.tiny)
        own = tuple(message.content for message in messages)
        plain = prompt.format.kind == "text"
        return Grounds(made.messages, made.sources, None, found.notes, own, plain, found.keep)

    async def names(self, collections: Sequence[str], reader: Reader) -> list[str]:
        """Of `collections`, each by its id or already by its name."""
        return [await self._name(each, reader) for each in collections]

    async def _name(self, collection: str, reader: Reader) -> str:
        if self._library is None:
            return collection
        try:
            return (await self._library.collection(reader, collection)).record.name
        except Unknown:
            return collection

    def _plan(self, looking: Looking) -> RetrievalPlan:
        few = "fewer_passages" in looking.brownout
        most = looking.wanted.most or self._settings.passages
        rerank = self._settings.rerank and "no_rerank" not in looking.brownout
        return RetrievalPlan(passages=min(most, FEW) if few else most, rerank=rerank)

    def _room(self, prompt: Prompt, looking: Looking) -> int:
        """Tokens that passages may take."""
        said = (prompt.begun, *(message.content for message in _messages(prompt)))
        talk = sum(map(tokens_of, said))
        left = looking.context - talk - FRAME - (prompt.sampling.max_tokens or ANSWER)
        return max(0, min(left, int(self._settings.prompt_share * looking.context)))


def worth_reading(hits: Sequence[Hit], threshold: float | None) -> list[Hit]:
    """Without what is much less likely about the question than the best: it only distracts."""
    best = max((hit.score for hit in hits), default=0.0)
    least = best * NEAR_THE_BEST if threshold is None else threshold
    return [hit for hit in hits if hit.score >= least]


def asked_text(prompt: Prompt, documents: FromDocuments | None) -> str:
    """What a request asks. A short last turn may need the one before it to be understood, where
    documents are to be found by it.
    """
    last = last_turn(prompt)
    if documents is None or len(last.split()) >= CONTINUES:
        return last
    turns = [m.content for m in _messages(prompt) if m.role == "user"]
    return "\n".join(turns[-2:])


def tokens_of(text: str) -> int:
    """Guessed, and rather too many: the tokenizers are where the engines are."""
    return len(text.encode()) // BYTES_PER_TOKEN + 1


def _messages(prompt: Prompt) -> tuple[Message, ...]:
    turns = prompt.input if isinstance(prompt.input, tuple) else ()
    return tuple(turn for turn in turns if isinstance(turn, Message))


def _reference(source: Source) -> Reference:
    first = source.first
    return Reference(
        number=source.number,
        collection=first.collection,
        document=first.document,
        document_name=first.document_name,
        passages=tuple(hit.found.id for hit in source.hits),
        page=first.passage.first_page,
        heading=" > ".join(first.passage.headings) or None,
        score=source.score,
    )
