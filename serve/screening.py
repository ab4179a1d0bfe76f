"""What goes in and what comes out, screened by the policies of a key and of collections.

Incoming texts are looked through before anything is done with them; masks are put in last, so that
documents are found by what was said while the engine reads masks. Answers are filtered as they
come from the engine, before they are cited and kept; the originals of masks are put back there.
"""

from asyncio import to_thread
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from index.answers.links import LinkFilter
from index.answers.pictures import PictureFilter
from models.engine import ChunkStream, Message, Prompt, Usage
from serve.documents.grounding import tokens_of
from serve.errors import BadRequest, ContentBlocked, NotAllowed
from serve.fitting import fitted, watched
from serve.policy.filters.forms import forms_of
from serve.policy.filters.incoming import is_readable, masked, texts_of
from serve.policy.filters.injection import trained
from serve.policy.filters.kinds import KINDS, ONLY_OUT, Kind
from serve.policy.filters.masks import Vault
from serve.policy.filters.outgoing import Outgoing
from serve.policy.filters.policy import Policy, together
from serve.policy.filters.scanner import Found, scan
from serve.receipt import Receipt
from serve.sections.filters import FilterSettings

LONG: Final = 50_000  # characters that are looked through in a thread of their own


@dataclass(frozen=True, slots=True)
class Screened:
    """What holds for one request that may go on. `own`: texts whose addresses may be in answers;
    `vault`: the masks, if there are any.
    """

    policy: Policy = field(default_factory=Policy)
    own: tuple[str, ...] = ()
    vault: Vault | None = None

    def under(self, prompt: Prompt) -> Prompt:
        """`prompt` as an engine may see it."""
        return prompt if self.vault is None else masked(prompt, self.vault)

    def answer(
        self, receipt: Receipt, prompt: Prompt, begin: Callable[[], ChunkStream]
    ) -> ChunkStream:
        """The chunks of one choice as their reader may see them. `begin` asks an engine."""
        originals = self.vault.originals if self.vault else {}
        outgoing = Outgoing(self.policy, originals, partial(receipt.filtered, "out"))
        links = self._links(prompt)
        chunks = self._fitted(prompt, receipt, begin)
        if outgoing.idle and links is None:
            return chunks
        return _filtered(chunks, outgoing, links, prompt)

    def _fitted(
        self, prompt: Prompt, receipt: Receipt, begin: Callable[[], ChunkStream]
    ) -> ChunkStream:
        fit, asked = self.policy.fit, prompt.format
        if fit == "off" or asked.kind == "text":
            return begin()
        note = partial(receipt.filtered, "out", "schema")
        return watched(begin(), asked, note) if fit == "note" else fitted(begin, asked, fit, note)

    def _links(self, prompt: Prompt) -> LinkFilter | None:
        """For answers that people read as Markdown."""
        if prompt.format.kind != "text" or isinstance(prompt.input, str):
            return None
        own = [*self.own, *(f"https://{host}" for host in self.policy.hosts)]
        if "link" in self.policy.outgoing:
            return LinkFilter(own)
        return PictureFilter(own) if "image" in self.policy.outgoing else None


async def _filtered(
    chunks: ChunkStream, outgoing: Outgoing, links: LinkFilter | None, prompt: Prompt
) -> ChunkStream:
    """An answer that is ended here has a usage that is partly guessed: its own came too late."""
    tokens = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            tokens += chunk.tokens
            told = outgoing.take(chunk)
            if links is not None:
                final = told.finish_reason is not None or outgoing.blocked is not None
                told = replace(told, text=links.feed(told.text, final))
            if outgoing.blocked:
                usage = told.usage or Usage(sum(tokens_of(t) for t, _ in texts_of(prompt)), tokens)
                yield replace(told, finish_reason="content_filter", usage=usage)
                return
            yield told


class Screening:
    """By the settings of one appliance."""

    def __init__(self, settings: FilterSettings) -> None:
        self._settings = settings
        self._policies = settings.named()

    @property
    def asks_for_collections(self) -> bool:
        return bool(self._settings.collections)

    def policy(self, named: str | None, collections: Iterable[str] = ()) -> Policy:
        """The strictest of a key's own, or the default, and those of `collections`, by name.

        Raises `NotAllowed` where the key's is not there: it may have been a strict one.
        """
        name = named or self._settings.default
        if name not in self._policies:
            known = ", ".join(self._policies)
            raise NotAllowed(f"The filters that this key names do not exist; there are {known}.")
        more = (self._settings.collections.get(collection) for collection in collections)
        names = dict.fromkeys([name, *(each for each in more if each)])
        return together(self._policies[each] for each in names)

    async def incoming(
        self, prompts: Sequence[Prompt], policy: Policy, receipt: Receipt
    ) -> Screened:
        """Of one request. Raises `ContentBlocked`; and `BadRequest` for token ids, which nobody
        can look through. Long texts hold up nobody else.
        """
        different = list({id(prompt.input): prompt for prompt in prompts}.values())
        look = partial(self._incoming, different, policy, receipt)
        size = sum(len(text) for prompt in different for text, _ in texts_of(prompt))
        return await to_thread(look) if size > LONG else look()

    def _incoming(self, different: Sequence[Prompt], policy: Policy, receipt: Receipt) -> Screened:
        if policy.kinds("in", "mask", "block") and not all(map(is_readable, different)):
            raise BadRequest("Token ids cannot be screened: send text.", "prompt", "invalid_value")
        own = tuple(text for prompt in different for text in _own(prompt))
        every = [each for prompt in different for each in texts_of(prompt)]
        texts = every if policy.incoming else []
        param = "prompt" if isinstance(different[0].input, str) else "messages"
        for text, foreign in texts:
            self._look(text, foreign, policy, param, receipt)
        hidden = forms_of(policy.kinds("in", "mask"), policy.terms)
        said = [text for text, _ in texts]
        vault = Vault(hidden, said, policy.reversible) if hidden else None
        return Screened(policy, own, vault)

    def _look(self, text: str, foreign: bool, policy: Policy, param: str, receipt: Receipt) -> None:
        found = list(self._kinds(text, policy))
        screened = foreign and "injection" in policy.incoming
        if screened and trained().likely(text) >= self._settings.injection:
            found.append("injection")
        for kind in found:
            action = policy.incoming[kind]
            receipt.filtered("in", kind, action)
            if action == "block":
                raise ContentBlocked.of(kind, param)

    def _kinds(self, text: str, policy: Policy) -> Iterator[Kind]:
        pieces = scan(text, forms_of(policy.incoming, policy.terms))
        return (piece.kind for piece in pieces if isinstance(piece, Found) and not piece.more)

    def found(self, text: str, policy: Policy) -> Mapping[Kind, float]:
        """How likely each kind is in `text`, 0 to 1; for those that requests may have."""
        scores: dict[Kind, float] = dict.fromkeys((k for k in KINDS if k not in ONLY_OUT), 0.0)
        scores["injection"] = trained().likely(text)
        pieces = scan(text, forms_of(KINDS, policy.terms))
        return scores | {piece.kind: 1.0 for piece in pieces if isinstance(piece, Found)}

    def says(self, scores: Mapping[Kind, float]) -> Mapping[Kind, bool]:
        """Which of `found` are there."""
        bar = self._settings.injection
        return {
            kind: score >= (bar if kind == "injection" else 1) for kind, score in scores.items()
        }


def _own(prompt: Prompt) -> Iterator[str]:
    """What the user and the operator wrote."""
    turns = prompt.input if isinstance(prompt.input, tuple) else ()
    for turn in turns:
        if isinstance(turn, Message) and turn.role in ("user", "system"):
            yield turn.content
