import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.supervisor.processes import end_all
from tests.serve.supervisor.supervised import Supervised


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    there = Supervised(tmp_path / "home", port)
    yield there
    for supervisor in there.supervisors:
        supervisor.kill()
        supervisor.communicate(timeout=30)
    assert end_all(there.remaining, 1.0) == []
