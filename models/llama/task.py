"""What the runner needs to know about one generation beyond its place in the schedule."""

from dataclasses import dataclass, field
from typing import Protocol

from models.engine import FinishReason, TokenLogprob, TopLogprob
from models.llama.library import Logits, Model, Tokens
from models.llama.sampling import Sampler, likeliest, log_probabilities
from models.llama.sequence import Sequence
from models.llama.speculation import Acceptance
from models.text.answer import Progress
from models.text.thinking import Thinking


class Constraint(Protocol):
    """A grammar's state in one answer; see `models.text.constraint`."""

    @property
    def done(self) -> bool: ...

    def mask(self, logits: Logits) -> None: ...

    def accept(self, token: int) -> None: ...

    def forced(self) -> list[int]: ...


@dataclass(eq=False, slots=True)
class Task:
    """A sequence with what it takes to sample it. `top_logprobs` None: none wanted."""

    model: Model
    sequence: Sequence
    sampler: Sampler
    constraint: Constraint | None = None
    top_logprobs: int | None = None
    thinking: Thinking = "never"
    acceptance: Acceptance = field(default_factory=Acceptance)

    def advance(self, draft: Tokens, logits: Logits) -> Progress:
        """Takes sampled tokens into the sequence, as many as the draft foresaw and one more.

        `logits`: (len(draft) + 1, vocabulary), behind the last token known and each one drafted;
        overwritten. A grammar may raise `PromptRefused`.
        """
        tokens: list[int] = []
        logprobs: list[TokenLogprob] = []
        finish: FinishReason | None = None
        for row, expected in zip(logits, (*draft.tolist(), None), strict=True):
            tokens.append(self._choose(row, logprobs))
            finish = self._finish(tokens[-1])
            if finish or tokens[-1] != expected:
                break
        self.sequence.computed += len(tokens) - 1
        self.acceptance.saw(len(tokens) - 1, len(draft))
        return Progress(tuple(tokens), tuple(logprobs), finish, self.sequence.cached)

    def _choose(self, logits: Logits, logprobs: list[TokenLogprob]) -> int:
        # Before mask and sampler, which overwrite the logits: they are the model's own.
        natural = None if self.top_logprobs is None else log_probabilities(logits)
        if self.constraint:
            self.constraint.mask(logits)
        token = self.sampler.sample(logits)
        if natural is not None and token not in self.model.end_tokens:
            top = [self._named(natural, i) for i in likeliest(natural, self.top_logprobs or 0)]
            chosen = self._named(natural, token)
            logprobs.append(
                TokenLogprob(chosen.token, chosen.token_bytes, chosen.logprob, tuple(top))
            )
        return token

    def _named(self, logprobs: Logits, token: int) -> TopLogprob:
        piece = self.model.piece(token) or self.model.spelling(token).encode()
        return TopLogprob(piece.decode(errors="replace"), piece, float(logprobs[token]))

    def _finish(self, token: int) -> FinishReason | None:
        """Takes the token into the sequence and says whether it was the last."""
        self.sequence.append(token)
        if token in self.model.end_tokens:
            return "stop"
        if self.constraint:
            self.constraint.accept(token)
            if self.constraint.done:
                return "stop"
        return "length" if self.sequence.is_full else None
