"""Which tier answers `model: "auto"`: values in, a tier and the reason out.

Tiers are ordered from cheap to strong. What a request needs comes first, then the conversation's
own tier, then its difficulty against the dial, then how long each tier would let it wait.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.engine import Message, Prompt
from serve.sections.routing import RoutingSettings

TierState = Literal["ready", "loading", "asleep", "failed", "unavailable"]

CONVERSATIONS: Final = 10_000  # whose tier is remembered


@dataclass(frozen=True, slots=True)
class Asked:
    """What a prompt shows of itself. `size` in bytes; `context` in tokens it will take, guessed."""

    size: int
    context: int
    max_tokens: int | None
    tools: bool
    schema: bool
    code: bool
    passages: int = 0

    @classmethod
    def of(cls, prompt: Prompt, context: int, passages: int = 0) -> "Asked":
        text = last_turn(prompt)
        return cls(
            size_of(prompt),
            context,
            prompt.sampling.max_tokens,
            bool(prompt.tools) and prompt.tool_choice.mode != "none",
            prompt.format.kind == "json_schema",
            "```" in text or "def " in text or "();" in text,
            passages,
        )


@dataclass(frozen=True, slots=True)
class Option:
    """A tier as it is now. `wait` in seconds, `context_length` in tokens. `trouble`: what it is,

    where its state alone says too little.
    """

    name: str
    state: TierState
    context_length: int
    wait: float = 0.0
    resting: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """How likely a prompt needs the strong tier, and from which probability it gets it.

    `known`: the prompt is of a kind that the guess was trained on.
    """

    probability: float
    threshold: float
    known: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """`tiers`: who answers, and who does when that one cannot. `wake`: a tier to be loaded."""

    tiers: tuple[str, ...]
    reason: str
    wake: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What else is known. `before`: the conversation's tier so far. `spare`: under pressure,

    whatever may go to the cheapest tier does.
    """

    guess: Guess | None = None
    before: str | None = None
    spare: bool = False


def choose(
    asked: Asked, options: Sequence[Option], settings: RoutingSettings, hints: Hints
) -> Route:
    """`options` from cheap to strong, at least one."""
    able = [o for o in options if o.state == "ready" and not o.resting]
    fitting = [o for o in able if asked.context <= o.context_length] or able
    if not fitting:
        return Route(tuple(o.name for o in reversed(options)), "no tier is ready")
    wanted, reason = _wanted(asked, options, settings, hints)
    chosen, why = _available(wanted, fitting, settings)
    others = [o.name for o in reversed(fitting) if o.name != chosen]
    wake = wanted.name if wanted.state == "asleep" else None
    return Route((chosen, *others), why or reason, wake)


def _wanted(
    asked: Asked, options: Sequence[Option], settings: RoutingSettings, hints: Hints
) -> tuple[Option, str]:
    """The tier that would be best if every one were free."""
    cheap, strong = options[0], options[-1]
    if cheap is strong or settings.quality >= 1:
        return strong, "the only tier" if cheap is strong else "quality 1"
    if asked.context > cheap.context_length:
        return _shortest(options, asked.context), f"too long for {cheap.name}"
    if settings.quality <= 0 or hints.spare:
        return cheap, "quality 0" if settings.quality <= 0 else f"sparing {strong.name}"
    if (stuck := next((o for o in options if o.name == hints.before), None)) is not None:
        return stuck, "as before in this conversation"
    if kind := _hard_kind(asked, settings):
        return strong, f"it has {kind}"
    return _by_difficulty(cheap, strong, hints.guess)


def _by_difficulty(cheap: Option, strong: Option, guess: Guess | None) -> tuple[Option, str]:
    if guess is None:
        return strong, "its difficulty is unknown"
    hard = guess.probability >= guess.threshold
    relation = "over" if hard else "under"
    kind = "" if guess.known else ", an unfamiliar kind"
    words = f"{'hard' if hard else 'easy'}: {guess.probability:.2f} {relation} "
    return strong if hard else cheap, f"{words}{guess.threshold:.2f}{kind}"


def _hard_kind(asked: Asked, settings: RoutingSettings) -> str | None:
    found = {
        "tools": asked.tools,
        "a schema": asked.schema,
        "a long prompt": asked.size >= settings.long_prompt,
        "a long answer": (asked.max_tokens or 0) >= settings.long_output,
        "code": asked.code,
        "retrieved passages": asked.passages > 0,
    }
    return next((kind for kind, present in found.items() if present), None)


def _available(
    wanted: Option, fitting: Sequence[Option], settings: RoutingSettings
) -> tuple[str, str | None]:
    """`wanted`, or the strongest that is there, or one that need not wait."""
    if wanted not in fitting:
        state = wanted.trouble or ("failing" if wanted.resting else wanted.state)
        words = "too short" if wanted.state == "ready" and not wanted.resting else state
        return fitting[-1].name, f"{wanted.name} is {words}"
    quickest = min(fitting, key=lambda option: option.wait)
    if wanted.wait > settings.patience and quickest.wait < wanted.wait / 2:
        return quickest.name, f"{wanted.name} is busy for {wanted.wait:.0f} s"
    return wanted.name, None


def _shortest(options: Sequence[Option], context: int) -> Option:
    """The cheapest that fits, or the one that comes closest."""
    fitting = [option for option in options if option.context_length >= context]
    return fitting[0] if fitting else max(options, key=lambda option: option.context_length)


class Conversations:
    """Which tier answered a conversation last, by its tenant and first turns; bounded."""

    def __init__(self, limit: int = CONVERSATIONS) -> None:
        self._limit = limit
        self._tiers: OrderedDict[int, str] = OrderedDict()

    def before(self, prompt: Prompt) -> str | None:
        """None for a conversation that begins."""
        return self._tiers.get(hash(opening(prompt))) if is_going_on(prompt) else None

    def answered(self, prompt: Prompt, tier: str) -> None:
        key = hash(opening(prompt))
        self._tiers[key] = tier
        self._tiers.move_to_end(key)
        if len(self._tiers) > self._limit:
            self._tiers.popitem(last=False)


def last_turn(prompt: Prompt) -> str:
    """The text that asks: of a chat its last user turn."""
    if isinstance(prompt.input, str):
        return prompt.input
    turns = [m.content for m in prompt.input if isinstance(m, Message) and m.role == "user"]
    return turns[-1] if turns else ""


def size_of(prompt: Prompt) -> int:
    """Bytes of text, tools and what of the answer is there included; four for a token id."""
    if isinstance(prompt.input, str):
        return len(prompt.input.encode(errors="replace"))
    texts = [prompt.begun, *(m.content for m in prompt.input if isinstance(m, Message))]
    tools = [f"{t.name}{t.description}{t.parameters}" for t in prompt.tools]
    ids = 4 * sum(isinstance(i, int) for i in prompt.input)
    return ids + sum(len(text.encode(errors="replace")) for text in (*texts, *tools))


def is_going_on(prompt: Prompt) -> bool:
    answers = (isinstance(m, Message) and m.role == "assistant" for m in prompt.input)
    return bool(prompt.begun) or any(answers)


def opening(prompt: Prompt) -> tuple[str | int, ...]:
    """The tenant and the turns up to the first answer, which every later request repeats."""
    if isinstance(prompt.input, str):
        return prompt.tenant, prompt.input
    turns: list[str | int] = []
    for turn in prompt.input:
        if isinstance(turn, Message) and turn.role == "assistant":
            break
        turns.append(turn.content if isinstance(turn, Message) else turn)
    return prompt.tenant, *turns
