"""What to try when a model does not fit: less of what was asked for, in few steps.

What is asked for is first fitted to the memory that is there; then everything is halved. A step
never asks for more of anything.
"""

from dataclasses import replace
from typing import Final

from models.errors import Lack
from models.memory.plan import LEAST_CONTEXT, Room
from models.vllm.settings import VllmSettings

GIB: Final = 1 << 30
CPU_SHARE: Final = 0.5  # of the machine's free memory, for the KV cache; others need the rest
MARGIN: Final = 0.02  # of a GPU's memory that stays free when the share is fitted to it
LEAST_SHARE: Final = 0.1  # of a GPU's memory: no model fits into less
STEP: Final = 0.95  # times the share that did fit and was too much in the end


def smaller(settings: VllmSettings, lack: Lack, room: Room | None) -> VllmSettings | None:
    """The next to try after `settings` failed; None when nothing is left to give up.

    `room`: the memory that is there for it, as far as is known.
    """
    if lack == "cache":  # less memory for all would leave even less for the cache
        lower = _fewer(settings)
    else:
        fitted = _fitted(settings, room)
        lower = fitted if fitted != settings else _less(_fewer(settings))
    return lower if lower != settings else None


def told(wanted: VllmSettings, used: VllmSettings) -> str:
    """What `used` has less than `wanted`, for people."""
    cut = [
        f"{less} instead of {more} {unit}"
        for more, less, unit in (
            (wanted.context_length, used.context_length, "tokens of context"),
            (wanted.slots, used.slots, "answers at once"),
            (wanted.kv_bytes >> 30, used.kv_bytes >> 30, "GiB of KV cache"),
            (f"{wanted.memory_share:.0%}", f"{used.memory_share:.0%}", "of the GPU's memory"),
        )
        if more != less
    ]
    return ", ".join(cut)


def _fitted(settings: VllmSettings, room: Room | None) -> VllmSettings:
    """With no more memory than there is."""
    if room is None:
        return settings
    if settings.device == "cpu":
        kv_bytes = max(GIB, int(CPU_SHARE * room.free) // GIB * GIB)
        return replace(settings, kv_bytes=min(settings.kv_bytes, kv_bytes))
    share = max(LEAST_SHARE, int(100 * (room.free / room.total - MARGIN)) / 100)
    return replace(settings, memory_share=min(settings.memory_share, share))


def _fewer(settings: VllmSettings) -> VllmSettings:
    """Half of the tokens and of the sequences."""
    length = max(min(LEAST_CONTEXT, settings.context_length), settings.context_length // 2)
    return replace(settings, context_length=length, slots=max(1, settings.slots // 2))


def _less(settings: VllmSettings) -> VllmSettings:
    """Less memory in all."""
    if settings.device == "cpu":
        kv_bytes = max(GIB, settings.kv_bytes // 2)
        return replace(settings, kv_bytes=min(settings.kv_bytes, kv_bytes))
    share = max(LEAST_SHARE, round(STEP * settings.memory_share, 3))
    return replace(settings, memory_share=min(settings.memory_share, share))
