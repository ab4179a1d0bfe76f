"""Answers held to a grammar, token by token.

The work is llguidance's (the library that vLLM uses too): a lazily built automaton over the
vocabulary's bytes says before each token which ones may follow.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from models.errors import PromptRefused

KEPT_GRAMMARS: Final = 64

# What one caller's grammar may cost everybody's next step: some 20 ms at worst, as measured.
_LIMITS: Final = LLParserLimits(
    max_grammar_size=100_000,
    max_lexer_states=20_000,
    step_lexer_fuel=50_000,
    step_max_items=10_000,
    verbose_errors=False,
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`pieces[i]` are the bytes of token i; `control` are the tokens that are no text.

    `ends` are the tokens that end an answer. `tokenize` splits plain text as the model does.
    """

    pieces: Sequence[bytes]
    control: Collection[int]
    ends: Sequence[int]
    tokenize: Callable[[bytes], list[int]]


class Constraint:
    """What one answer may still say. Not safe for use in two threads at once.

    Any method but `done` raises `PromptRefused` when the grammar has become too complex to follow;
    that concerns this answer only.
    """

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def done(self) -> bool:
        """Nothing but an end-of-generation token may follow."""
        return self._matcher.is_stopped()

    def mask(self, logits: NDArray[np.float32]) -> None:
        """Sets the logits (of one position, one per token) of what may not follow to -inf."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        _check(self._matcher)
        logits[np.unpackbits(bits, count=logits.size, bitorder="little") == 0] = -np.inf

    def accept(self, token: int) -> None:
        """Moves on by a token that `mask` allowed."""
        self._matcher.consume_token(token)
        _check(self._matcher)

    def forced(self) -> list[int]:
        """Tokens that must come next, as far as that is certain; often none."""
        return self._matcher.compute_ff_tokens()


class Grammars:
    """Compiles grammars for one vocabulary and keeps the latest."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        wrapped = TokenizerWrapper(_Tokenizer(vocabulary))
        self._tokenizer = LLTokenizer(wrapped, eos_token=list(vocabulary.ends))
        self._compiled = lru_cache(KEPT_GRAMMARS)(self._compile)

    def compile(self, grammar: str | None) -> Constraint | None:
        """None where the answer is free. `grammar` is `models.text.grammar.grammar_of`'s.

        Takes up to half a second, without the interpreter lock, for the worst of schemas.
        Raises `PromptRefused` when it is too complex.
        """
        return Constraint(self._compiled(grammar).deep_copy()) if grammar else None

    def _compile(self, grammar: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=_LIMITS)
        matcher.compute_bitmask()  # the most expensive step: a grammar that fails fails here
        _check(matcher)
        return matcher


class _Tokenizer:
    """A vocabulary under the names that llguidance looks for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.eos_token_id = vocabulary.ends[0]
        self.bos_token_id = None
        self.tokens = list(vocabulary.pieces)
        self.special_token_ids = list(vocabulary.control)
        self._tokenize = vocabulary.tokenize

    def __call__(self, text: bytes) -> list[int]:
        return self._tokenize(text)


def _check(matcher: LLMatcher) -> None:
    if matcher.is_error():
        raise PromptRefused(
            "The answer's schema is too complex to follow.", "response_format", "schema_too_complex"
        )
