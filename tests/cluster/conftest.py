"""One appliance for all tests of a cluster that do not need one of their own: a start is long."""

from collections.abc import Iterator

import pytest

from tests.cluster.appliance import PLACES, WAITING, WORDS, Appliance, eventually, running

GATEWAYS = 3


@pytest.fixture(scope="package")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Three gateways before two engines of `PLACES` places that say `WORDS`, and a broken one."""
    script = {"words": WORDS, "token_delay": 0.05}
    scripted = {"engine": "scripted", "slots": PLACES, "script": script}
    tiers = {
        "small": {**scripted, "model": "little"},
        "broken": {"engine": "llama", "model": "broken", "path": "/nonexistent.gguf"},
        "large": {**scripted, "model": "big"},
    }
    options = {
        "tiers": tiers,
        "gateway": {"replicas": GATEWAYS},
        "admission": {"waiting": WAITING},
        "cache": {},  # whoever names no temperature asks an engine
    }
    with running(tmp_path_factory.mktemp("home"), **options) as started:
        # It is ready with the first of them.
        assert eventually(lambda: len(started.replicas("gateway")) == GATEWAYS, 60)
        assert eventually(lambda: len(started.replicas("limits")) == 1, 60)
        yield started
