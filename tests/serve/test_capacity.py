"""Whether the models of tiers fit, or why nobody can say."""

from pathlib import Path
from typing import Any

import pytest

from models.gpu.readings import GpuReading
from models.memory.plan import Plan
from serve.capacity import plans
from serve.config import Settings

NO_GPU = GpuReading("absent", "no driver", 0.0)
UPSTREAM = {"base_url": "https://models.example/v1", "model": "large"}


def planned(home: Path, **tier: Any) -> Plan | str:
    settings = Settings(home=home, tiers={"small": {"model": "m", **tier}})
    return plans(settings, NO_GPU)["small"]


def test_the_bundled_model_is_planned_for_this_machine(tmp_path: Path) -> None:
    found = planned(tmp_path, engine="llama", context_length=1024, slots=4)
    assert isinstance(found, Plan)
    assert (found.room.where, found.context_length) == ("this machine", 1024)
    assert found.concurrency == 4
    assert found.weights > 10_000_000


@pytest.mark.parametrize(
    ("tier", "reason"),
    [
        ({"engine": "scripted"}, "It has no weights."),
        ({"engine": "openai", "upstream": UPSTREAM}, "It runs elsewhere."),
        ({"engine": "llama", "path": "/nowhere.gguf"}, "Its weights are not here."),
        (
            {"engine": "vllm", "vllm": {"device": "gpu"}},
            "There is no GPU to plan for: no driver.",
        ),
    ],
)
def test_what_cannot_be_planned_says_why(tmp_path: Path, tier: Any, reason: str) -> None:
    assert planned(tmp_path, **tier) == reason
