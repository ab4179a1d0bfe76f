"""A prompt into tokens and a grammar, and everything refused that no engine could answer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.engine import Message, Prompt
from models.errors import ContextLengthExceeded, PromptRefused
from models.text.chat import ChatTemplate, Segment
from models.text.constraint import Constraint, Grammars, Vocabulary
from models.text.grammar import grammar_of
from models.text.thinking import THINK, Thinking

Tokens = NDArray[np.int32]


class Tokenizer(Protocol):
    """A model's vocabulary. Safe to use from several threads; ids are 0 to `vocabulary_size`-1.

    `bos` and `eos` are -1 where the model has none; `adds_bos`: it was trained on texts that all
    begin with `bos`. `end_tokens` end a generation; `control_tokens` are no text.
    """

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def end_tokens(self) -> Collection[int]: ...

    @property
    def control_tokens(self) -> Collection[int]: ...

    @property
    def bos(self) -> int: ...

    @property
    def eos(self) -> int: ...

    @property
    def adds_bos(self) -> bool: ...

    def spelling(self, token: int) -> str:
        """A token as the vocabulary writes it; empty for one that does not exist (-1)."""

    def piece(self, token: int) -> bytes:
        """What a token adds to the text; nothing for a control token or one that ends it."""

    def tokenize(self, data: bytes, *, special: bool) -> Tokens:
        """UTF-8 into tokens. `special`: control tokens spelt in it become tokens."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`tokens` (n,) of the prompt, how many may come out at most, and what they are held to.

    `thinking`: whether thoughts are to be looked for before the answer.
    """

    tokens: Tokens
    output: int
    constraint: Constraint | None
    grammar: str | None
    thinking: Thinking


class Reader:
    """Safe to use from several threads. `template` is the model's own, in Jinja."""

    def __init__(self, tokenizer: Tokenizer, template: str, context_length: int) -> None:
        self._tokenizer = tokenizer
        self._context_length = context_length
        control = {tokenizer.spelling(token) for token in tokenizer.control_tokens}
        bos, eos = tokenizer.spelling(tokenizer.bos), tokenizer.spelling(tokenizer.eos)
        self._template = ChatTemplate(template, bos, eos, control)
        self._thinks = THINK.opening in template or THINK.closing in template
        self._grammars = Grammars(_vocabulary(tokenizer))

    def read(self, prompt: Prompt) -> Reading:
        """Raises `PromptRefused`, and `ContextLengthExceeded` with both counts."""
        segments = self._template.render(prompt) if _is_chat(prompt) else ()
        tokens = self._tokens(prompt, segments)
        room = self._context_length - len(tokens)
        output = prompt.sampling.max_tokens or max(1, room)
        if output > room:
            raise ContextLengthExceeded.of(
                context=self._context_length,
                prompt=len(tokens),
                output=prompt.sampling.max_tokens or 1,
                param="messages" if _is_chat(prompt) else "prompt",
            )
        self._check_bias(prompt.sampling.logit_bias)
        grammar = grammar_of(prompt)
        constraint = self._grammars.compile(grammar)
        return Reading(tokens, output, constraint, grammar, self._thinking(prompt, segments))

    def _thinking(self, prompt: Prompt, segments: Sequence[Segment]) -> Thinking:
        """Raw text is no chat; an answer that has begun, or is held to a shape, has no thoughts."""
        if not self._thinks or not segments or prompt.begun or _is_shaped(prompt):
            return "never"
        return "begun" if segments[-1].text.rstrip().endswith(THINK.opening) else "maybe"

    def _tokens(self, prompt: Prompt, segments: Sequence[Segment]) -> Tokens:
        pieces = list(self._pieces(prompt, segments))
        tokens = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
        bos = self._tokenizer.bos
        missing = not len(tokens) or (self._tokenizer.adds_bos and tokens[0] != bos)
        if missing and bos >= 0:
            tokens = np.concatenate((np.array([bos], np.int32), tokens))
        if not len(tokens):
            raise PromptRefused("prompt must not be empty: this model needs a text.", "prompt")
        return tokens

    def _pieces(self, prompt: Prompt, segments: Sequence[Segment]) -> Iterator[Tokens]:
        if isinstance(prompt.input, str):
            data = _utf8(prompt.input + prompt.begun, "prompt")
            yield self._tokenizer.tokenize(data, special=False)
        elif _is_chat(prompt):
            for segment in segments:
                data = _utf8(segment.text, "messages")
                yield self._tokenizer.tokenize(data, special=segment.special)
            if prompt.begun:
                yield self._tokenizer.tokenize(_utf8(prompt.begun, "messages"), special=False)
        else:
            yield self._checked_ids(prompt.input)

    def _checked_ids(self, ids: tuple[Message, ...] | tuple[int, ...]) -> Tokens:
        size = self._tokenizer.vocabulary_size
        if any(not isinstance(i, int) or not 0 <= i < size for i in ids):
            raise PromptRefused(f"prompt has a token id that is not 0 to {size - 1}.", "prompt")
        return np.array(ids, np.int32)

    def _check_bias(self, bias: Mapping[int, float]) -> None:
        size = self._tokenizer.vocabulary_size
        if any(not 0 <= token < size for token in bias):
            raise PromptRefused(
                f"logit_bias has a token id that is not 0 to {size - 1}.", "logit_bias"
            )


def _is_chat(prompt: Prompt) -> bool:
    return bool(prompt.input) and isinstance(prompt.input[0], Message)


def _is_shaped(prompt: Prompt) -> bool:
    """Whether the first token already belongs to JSON or to a call."""
    must_call = bool(prompt.tools) and prompt.tool_choice.mode == "required"
    return prompt.format.kind != "text" or must_call


def _utf8(text: str, param: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise PromptRefused(f"{param} has half a character (a lone surrogate).", param) from exc


def _vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    pieces = [tokenizer.piece(i) for i in range(tokenizer.vocabulary_size)]
    for token in tokenizer.control_tokens:
        pieces[token] = tokenizer.spelling(token).encode()
    return Vocabulary(
        pieces,
        tokenizer.control_tokens,
        sorted(tokenizer.end_tokens),
        lambda text: [int(token) for token in tokenizer.tokenize(text, special=False)],
    )
