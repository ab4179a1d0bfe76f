"""vLLM's own HTTP server, with what the configured tier's engine is told, to compare with."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from models.vllm.loading import settings_of, weights
from models.vllm.settings import VllmSettings
from serve.bench.target import Target, TargetRefused
from serve.config import Settings
from serve.sections.tiers import TierSettings
from serve.specs import engine_spec
from serve.supervisor.probe import get

NAME: Final = "vLLM"
START_DEADLINE: Final = 900.0  # seconds; a large model on a slow disk
STOP_DEADLINE: Final = 30.0
HALF: Final = 0.5  # of a GPU's memory: two engines share it
LAST_WORDS: Final = 15  # lines of its log


def tier_to_compare(settings: Settings, model: str) -> TierSettings:
    """The vllm tier with this model, or else the first one. Raises `TargetRefused`."""
    tiers = [tier for tier in settings.tiers.values() if tier.engine == "vllm"]
    if not tiers:
        raise TargetRefused("The configuration has no vllm tier to compare with.")
    return next((tier for tier in tiers if tier.model == model), tiers[0])


@contextmanager
def vllm_server(settings: Settings, tier: TierSettings) -> Iterator[Target]:
    """Runs from its first healthy answer to the end of the block, and is always stopped.

    Raises `TargetRefused`, and `ModelRefused` when there are no weights.
    """
    if find_spec("vllm") is None:
        raise TargetRefused("vLLM is not installed here: scripts/install says why.")
    spec = engine_spec(settings, tier)
    told = settings_of(spec, weights(spec))
    if told.device == "gpu" and told.memory_share > HALF:
        raise TargetRefused(
            f"Two engines do not fit into one GPU when each takes {told.memory_share:.0%} of its "
            "memory: start Hearth with vllm.memory_share at 0.45 in this tier."
        )
    key, port = secrets.token_urlsafe(16), _free_port()
    target = Target(NAME, f"http://127.0.0.1:{port}", told.name, key)
    with TemporaryDirectory(prefix="hearth-bench-") as folder:
        log = Path(folder) / "vllm.log"
        inherited = dict(os.environ)  # noqa: TID251  (by a child that is none of ours)
        environment = {**inherited, **told.environment, "VLLM_API_KEY": key}
        with running(command_of(told, port), environment, log) as process:
            _wait(target, process, log)
            yield target


def command_of(told: VllmSettings, port: int) -> list[str]:
    """The engine's arguments as flags. (`vllm serve` refuses to run from vLLM's CPU build.)"""
    flags = [flag for name, value in told.arguments.items() for flag in _flag(name, value)]
    place = ["--host", "127.0.0.1", "--port", str(port), "--disable-uvicorn-access-log"]
    return [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *flags, *place]


@contextmanager
def running(
    command: list[str], environment: Mapping[str, str], log: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process group of its own, ended with the block: asked first, then made."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_DEADLINE)
        _signal(process, signal.SIGKILL)  # also what it left behind
        process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", json.dumps(value) if isinstance(value, dict) else str(value)]


def _wait(target: Target, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while get(target.url, "/health", timeout=5.0)[0] != 200:
        if process.poll() is not None or time.monotonic() > deadline:
            words = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_WORDS:])
            raise TargetRefused(f"vLLM's own server did not start. Its last words:\n{words}")
        time.sleep(0.5)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
