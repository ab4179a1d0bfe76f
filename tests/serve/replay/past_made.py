"""Past requests that nobody made, and a world to replay them in."""

import random
from dataclasses import replace
from typing import Any

from models.engine import Usage
from serve.config import Settings
from serve.receipts.features import Features
from serve.replay.past import Outcome, Past
from serve.replay.rates import Rates
from serve.replay.simulation import World

TIERS: dict[str, Any] = {
    "small": {"engine": "scripted", "model": "echo", "price": {"output": 1e6}},
    "large": {"engine": "scripted", "model": "sage", "price": {"output": 1e7}},
}
FEATURES = Features("auto", 100, 50, False, False, False, 1, None, "c", False, read=True, keep=True)
SPEED = Rates(0.1, 0.001, 0.01, None, 1)


def past(at: float = 0.0, asked: str | None = None, **more: Any) -> Past:
    """`asked`: what, in hexadecimal; the same is the same. `more` are features, but for tokens."""
    usage = Usage(more.pop("prompt", 25), more.pop("output", 20))
    key, stream = more.pop("key", "anna"), more.pop("stream", True)
    features = replace(FEATURES, digest=asked, conversation=str(at), **{"difficulty": 0.5, **more})
    return Past(at, key, features, stream, 0, usage, Outcome("small", ttft=0.2, total=0.5))


def day(seed: int, many: int = 200, seconds: float = 600.0) -> list[Past]:
    """Of all kinds, in order of time."""
    draw = random.Random(seed)
    return [
        past(
            at,
            f"{draw.randrange(many // 5):04x}",
            key=draw.choice(["anna", "bert"]),
            wanted=draw.choice(["auto", "auto", "echo", "sage"]),
            difficulty=draw.choice([None, draw.random()]),
            code=draw.random() < 0.1,
            temperature=draw.choice([0.0, 0.0, 1.0]),
            output=draw.randrange(1, 200),
            stream=draw.random() < 0.5,
        )
        for at in sorted(draw.uniform(0, seconds) for _ in range(many))
    ]


def world(**options: Any) -> World:
    """`callers`, `rates` and `places` are given as they are, the rest are settings."""
    callers, rates = options.pop("callers", {}), options.pop("rates", None)
    places = options.pop("places", 4)
    settings = Settings(**{"tiers": TIERS, **options})
    return World(
        settings.tiers,
        settings.routing,
        settings.cache,
        settings.quotas,
        settings.admission,
        settings.deadlines.answer,
        callers,
        dict.fromkeys(settings.tiers, SPEED) if rates is None else rates,
        dict.fromkeys(settings.tiers, places),
        lambda quality: 1 - quality,
    )
