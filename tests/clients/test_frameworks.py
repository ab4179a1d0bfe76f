"""LangChain and LlamaIndex, with their own OpenAI classes, in an environment of their own."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(__file__).parent / "frameworks"
PYTHON = Path(__file__).parents[2] / ".venv" / "clients" / "bin" / "python"
LEAVE = b"# Leave\n\nParental leave lasts 14 weeks.\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="scripts/install-test makes their environment"),
]


@pytest.fixture
def collection(appliance: Any) -> Iterator[str]:
    """One with a document in it, for this test; its id."""
    headers = {"authorization": f"Bearer {appliance.key}"}
    with httpx.Client(base_url=appliance.base_url, headers=headers, timeout=60) as client:
        files = {"file": ("leave.md", LEAVE, "text/markdown")}
        file = client.post("/files", files=files, data={"purpose": "assistants"}).json()
        made = client.post("/vector_stores", json={"name": "frameworks"}).json()["id"]
        document = client.post(f"/vector_stores/{made}/files", json={"file_id": file["id"]}).json()
        deadline = time.monotonic() + 60
        while document["status"] == "in_progress" and time.monotonic() < deadline:
            time.sleep(0.1)
            document = client.get(f"/vector_stores/{made}/files/{file['id']}").json()
        assert document["status"] == "completed", document
        yield made
        client.delete(f"/vector_stores/{made}")
        client.delete(f"/files/{file['id']}")


@pytest.mark.parametrize("script", sorted(path.name for path in FOLDER.glob("with_*.py")))
def test_only_the_url_and_the_key_are_ours(appliance: Any, collection: str, script: str) -> None:
    told = {
        "OPENAI_BASE_URL": appliance.base_url,
        "OPENAI_API_KEY": appliance.key,
        "MODEL": appliance.model,
        "EMBEDDING_MODEL": appliance.embedding_model,
        "COLLECTION": collection,
    }
    ran = subprocess.run(
        [PYTHON, FOLDER / script],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
