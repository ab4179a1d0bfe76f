"""What the tiers of an appliance do with its models."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.llama.settings import bundled_model
from models.store.store import StoreError
from serve.config import Settings
from serve.sections.tiers import TierSettings
from serve.supervisor import probe
from serve.supervisor.model_states import entries_of, path_of
from serve.supervisor.place import Place
from serve.weights import store_of
from tests.models.small_models import small_gguf


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A model in the store, used by a tier; one that is bundled; one that does not exist."""
    (tmp_path / "tiny.gguf").write_bytes(small_gguf())
    store = store_of(Settings(home=tmp_path / "home"))
    store.add(tmp_path / "tiny.gguf", "kept", ignore)
    tiers = {
        "large": TierSettings(engine="llama", model="big", path=store.path("kept")),
        "small": TierSettings(engine="llama", model="bundled"),
        "other": TierSettings(engine="llama", model="lost", path=tmp_path / "lost.gguf"),
        "trial": TierSettings(engine="scripted", model="parrot"),
    }
    return Settings(home=tmp_path / "home", tiers=tiers)


@pytest.fixture
def appliance(settings: Settings) -> Iterator[Callable[[dict[str, str]], None]]:
    """An appliance that runs, and says of its tiers what it is told to say."""
    said: dict[str, dict[str, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == probe.READY
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"tiers": said}).encode())

        def log_message(self, *_: object) -> None:
            return

    def say(states: dict[str, str]) -> None:
        said.update({tier: {"state": state} for tier, state in states.items()})

    place = Place(settings.data)
    with place.occupied(), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        place.tell("ready", "", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield say
        server.shutdown()
        thread.join()


def states(settings: Settings) -> dict[str, str]:
    return {entry.name: entry.state for entry in entries_of(settings)}


def test_without_an_appliance_models_are_ready_or_absent(settings: Settings) -> None:
    assert states(settings) == {"kept": "ready", "bundled": "ready", "lost": "absent"}


def test_a_running_appliance_serves_its_models(
    settings: Settings, appliance: Callable[[dict[str, str]], None]
) -> None:
    appliance({"large": "ready", "small": "unavailable", "other": "ready"})
    assert states(settings) == {"kept": "serving", "bundled": "ready", "lost": "absent"}


def test_before_its_tiers_answer_an_appliance_loads(
    settings: Settings, appliance: Callable[[dict[str, str]], None]
) -> None:
    appliance({"small": "ready"})
    assert states(settings) == {"kept": "loading", "bundled": "serving", "lost": "absent"}


def test_a_damaged_model_has_failed_whatever_a_tier_says(
    settings: Settings, appliance: Callable[[dict[str, str]], None]
) -> None:
    store_of(settings).path("kept").unlink()
    appliance({"large": "ready", "small": "ready"})
    assert states(settings)["kept"] == "failed"


def test_a_model_is_found_by_its_tier_its_name_or_its_path(
    settings: Settings, tmp_path: Path
) -> None:
    assert path_of(settings, "bundled") == bundled_model()
    assert path_of(settings, "big") == path_of(settings, "kept") == store_of(settings).path("kept")
    assert path_of(settings, str(tmp_path / "tiny.gguf")) == tmp_path / "tiny.gguf"
    with pytest.raises(StoreError):
        path_of(settings, "nope")
