"""Why vLLM could not load a model: its own error says only that one of its processes failed.

The cause is in the log of that process. It is written to memory, too, for us to read.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from models.errors import DoesNotFit, ModelRefused

_CACHE: Final = re.compile(
    r"No available memory for the cache blocks|larger than the available KV cache"
)
_MEMORY: Final = re.compile(
    r"out of memory|not enough (?:\w+ )?memory|less than desired GPU memory"
    r"|less than requested memory|t allocate memory|bad_alloc|MemoryError"
    r"|proc\(s\): \{[^}]*: -9\b",  # what the kernel kills when the machine has no memory left
    re.IGNORECASE,
)


class LoadingLog:
    """What vLLM's processes log, this one's and those that it starts.

    Files in memory, which end with this process however it ends. The others open them by the names
    that the kernel gives them, and see nothing else of ours.
    """

    def __init__(self) -> None:
        self._words = os.memfd_create("vllm-log")
        self._config = os.memfd_create("vllm-log-config")
        os.write(self._config, json.dumps(_logging(_path(self._words))).encode())

    @property
    def environment(self) -> dict[str, str]:
        return {"VLLM_LOGGING_CONFIG_PATH": _path(self._config)}

    def clear(self) -> None:
        os.ftruncate(self._words, 0)

    def read(self) -> str:
        return os.pread(self._words, os.fstat(self._words).st_size, 0).decode(errors="replace")


@cache
def loading_log() -> LoadingLog:
    """The one of this process: vLLM may read where it is only once."""
    return LoadingLog()


def refusal(error: Exception, log: str) -> ModelRefused:
    """`error`, which vLLM raised, in our words; `log` is what its processes told meanwhile."""
    message = f"vLLM cannot load the model: {first_line(error)}"
    said = f"{type(error).__name__}: {error}\n{log}"
    if _CACHE.search(said):
        return DoesNotFit(message, "cache")
    return DoesNotFit(message, "memory") if _MEMORY.search(said) else ModelRefused(message)


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _path(descriptor: int) -> str:
    return f"/proc/{os.getpid()}/fd/{descriptor}"


def _logging(words: str) -> Mapping[str, object]:
    """Warnings to the output as ever, errors to `words` as well; for `logging.config`."""
    output = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    memory = {"class": "logging.FileHandler", "filename": words, "level": "ERROR"}
    plain = {"format": "%(levelname)s %(asctime)s %(processName)s %(name)s: %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": plain},
        "handlers": {
            "output": output | {"formatter": "plain"},
            "memory": memory | {"formatter": "plain"},
        },
        "loggers": {
            "vllm": {"handlers": ["output", "memory"], "level": "WARNING", "propagate": False}
        },
    }
