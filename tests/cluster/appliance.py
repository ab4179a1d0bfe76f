"""A real appliance: Ray, Serve and HAProxy, with scripted engines unless a test says otherwise."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from serve.config import Settings
from serve.environment import cluster_environment, run_folder
from serve.ledger.keys import Keys
from serve.ledger.rights import Rights

START_DEADLINE = 180.0  # seconds; two busy cores
# An answer takes half a minute: who is gone long before has left early, however busy the machine.
WORDS = [f" w{i}" for i in range(600)]
PLACES, WAITING = 8, 24
SCRIPTED = {"small": {"engine": "scripted", "model": "echo"}}


@dataclass(frozen=True)
class Appliance:
    settings: Settings
    key: str
    process: psutil.Process

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def client(self) -> httpx.Client:
        # Without `verify` a client reads no certificates, which takes longer than an answer.
        return httpx.Client(
            base_url=self.settings.url, headers=self.headers, timeout=60, verify=False
        )

    def replicas(self, application: str) -> list[psutil.Process]:
        title = f"ray::ServeReplica:{application}:"
        return [p for p in self.process.children(recursive=True) if _title(p).startswith(title)]

    def ready(self) -> bool:
        try:
            status = httpx.get(f"{self.settings.url}/health/ready", timeout=5).status_code
        except httpx.TransportError:
            return False
        assert status != 500, "However early it is asked, it knows that it is not ready."
        return status == 200


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether `holds` comes true within `seconds`; for what tells nobody when it happens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Appliance]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    chosen = {
        "home": folder,
        "port": port,
        "gateway": {"drain_seconds": 2},
        "tiers": SCRIPTED,
        "embedder": {"engine": "hashing"},
        "cache": {"enabled": False},  # engines are to be asked
        "ui": {"enabled": False},
    }
    settings = Settings.model_validate(chosen | options)
    _, key = Keys(settings.database).create("test", Rights(scopes=["admin"]))
    file = folder / "hearth.yaml"
    file.write_text(settings.model_dump_json())
    environment = os.environ | cluster_environment(settings) | {"HEARTH_CONFIG": str(file)}
    command = [sys.executable, "-m", "serve.app"]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "app.log").open("w"))
        child = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        appliance = Appliance(settings, key, psutil.Process(child.pid))
        stack.callback(stop, child, settings)
        eventually(lambda: child.poll() is not None or appliance.ready(), START_DEADLINE)
        if not appliance.ready():
            pytest.fail(f"The appliance did not start: {(folder / 'app.log').read_text()[-2000:]}")
        yield appliance


def stop(child: subprocess.Popen[bytes], settings: Settings) -> None:
    """Ask it to stop, then make sure that nothing of it is left."""
    family = _family(child.pid)
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=settings.gateway.drain_seconds + 30)
    finally:
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()
        subprocess.run(["rm", "-rf", str(run_folder(settings))], check=True)


def _title(process: psutil.Process) -> str:
    try:
        return "".join(process.cmdline())
    except psutil.Error:  # dead or a zombie
        return ""


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def events(response: httpx.Response) -> Iterator[dict[str, Any] | str]:
    """The payloads of an event stream: JSON objects, and "[DONE]"."""
    for line in response.iter_lines():
        if line.startswith("data: "):
            payload = line.removeprefix("data: ")
            yield payload if payload == "[DONE]" else json.loads(payload)
