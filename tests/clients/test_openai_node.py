"""OpenAI's own Node client, in a process of its own; its tests are in node/client.test.mjs."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "node"


@pytest.fixture
def installed() -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    if (FOLDER / "node_modules" / "openai").is_dir():
        return
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    ran = subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=200, check=False)
    if ran.returncode != 0:
        pytest.skip("the Node client cannot be installed: npm reaches no registry")


@pytest.mark.usefixtures("installed")
def test_the_node_client_works_with_only_url_and_key_changed(appliance: Any) -> None:
    told = {
        "BASE_URL": appliance.base_url,
        "KEY": appliance.key,
        "MODEL": appliance.model,
        "EMBEDDING_MODEL": appliance.embedding_model,
    }
    ran = subprocess.run(
        ["node", "--test", "--test-reporter=spec"],
        cwd=FOLDER,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
