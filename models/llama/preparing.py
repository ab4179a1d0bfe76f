"""A prompt into a task: text into tokens, and everything refused that cannot be answered."""

from collections.abc import Iterator, Mapping

import numpy as np

from models.engine import Message, Prompt
from models.errors import ContextLengthExceeded, PromptRefused
from models.llama.chat import ChatTemplate
from models.llama.grammar import Grammars, Vocabulary
from models.llama.library import Model, Tokens
from models.llama.sampling import Sampler
from models.llama.sequence import Sequence
from models.llama.task import Task


class Preparer:
    """Safe to use from several threads. `template` is the model's own, in Jinja."""

    def __init__(self, model: Model, template: str, context_length: int) -> None:
        self._model = model
        self._context_length = context_length
        control = {model.spelling(token) for token in model.control_tokens}
        bos, eos = model.spelling(model.bos), model.spelling(model.eos)
        self._template = ChatTemplate(template, bos, eos, control)
        self._grammars = Grammars(_vocabulary(model))

    def task(self, prompt: Prompt) -> Task:
        """Raises `PromptRefused`, and `ContextLengthExceeded` with both counts."""
        sampling = prompt.sampling
        tokens = self._tokens(prompt)
        room = self._context_length - len(tokens)
        output = sampling.max_tokens or max(1, room)
        if output > room:
            raise ContextLengthExceeded.of(
                context=self._context_length,
                prompt=len(tokens),
                output=sampling.max_tokens or 1,
                param="messages" if _is_chat(prompt) else "prompt",
            )
        self._check_bias(sampling.logit_bias)
        constraint = self._grammars.compile(prompt)
        sampler = Sampler(sampling)
        sequence = Sequence(prompt.tenant, tokens, len(tokens) + output, prompt.priority)
        return Task(self._model, sequence, sampler, constraint, sampling.top_logprobs)

    def _tokens(self, prompt: Prompt) -> Tokens:
        pieces = list(self._pieces(prompt))
        tokens = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
        bos = self._model.bos
        missing = not len(tokens) or (self._model.adds_bos and tokens[0] != bos)
        if missing and bos >= 0:
            tokens = np.concatenate((np.array([bos], np.int32), tokens))
        if not len(tokens):
            raise PromptRefused("prompt must not be empty: this model needs a text.", "prompt")
        return tokens

    def _pieces(self, prompt: Prompt) -> Iterator[Tokens]:
        if isinstance(prompt.input, str):
            yield self._model.tokenize(_utf8(prompt.input, "prompt"), special=False)
        elif _is_chat(prompt):
            for segment in self._template.render(prompt):
                data = _utf8(segment.text, "messages")
                yield self._model.tokenize(data, special=segment.special)
        else:
            yield self._checked_ids(prompt.input)

    def _checked_ids(self, ids: tuple[Message, ...] | tuple[int, ...]) -> Tokens:
        size = self._model.vocabulary_size
        if any(not isinstance(i, int) or not 0 <= i < size for i in ids):
            raise PromptRefused(f"prompt has a token id that is not 0 to {size - 1}.", "prompt")
        return np.array(ids, np.int32)

    def _check_bias(self, bias: Mapping[int, float]) -> None:
        size = self._model.vocabulary_size
        if any(not 0 <= token < size for token in bias):
            raise PromptRefused(
                f"logit_bias has a token id that is not 0 to {size - 1}.", "logit_bias"
            )


def _is_chat(prompt: Prompt) -> bool:
    return bool(prompt.input) and isinstance(prompt.input[0], Message)


def _utf8(text: str, param: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise PromptRefused(f"{param} has half a character (a lone surrogate).", param) from exc


def _vocabulary(model: Model) -> Vocabulary:
    pieces = [model.piece(i) for i in range(model.vocabulary_size)]
    for token in model.control_tokens:
        pieces[token] = model.spelling(token).encode()
    return Vocabulary(
        pieces,
        model.control_tokens,
        sorted(model.end_tokens),
        lambda text: [int(token) for token in model.tokenize(text, special=False)],
    )
