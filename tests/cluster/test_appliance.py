"""The whole appliance as its owner meets it: the command, the bundled model, the README's tour."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from serve.config import Settings
from serve.supervisor.launch import processes_of
from tests.cluster.appliance import eventually
from tests.contracts.engines import NO_VLLM

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
MODEL = "smollm2-135m-instruct"
READY = {"state": "ready", "reason": None}
HARD = (
    "Derive the equation of motion of a damped pendulum with friction coefficient c, given the "
    "moment of inertia I."
)


@dataclass(frozen=True)
class Running:
    home: Path
    url: str
    announced: str
    key: str

    def hearth(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return hearth(*arguments, "--home", str(self.home))

    def ask(self, text: str, timeout: float = 120, model: str = MODEL) -> httpx.Response:
        body = {
            "model": model,
            "max_tokens": 8,
            "messages": [{"role": "user", "content": text}],
        }
        headers = {"authorization": f"Bearer {self.key}"}
        url = f"{self.url}/v1/chat/completions"
        return httpx.post(url, json=body, headers=headers, timeout=timeout)

    def embeds(self) -> bool:
        """Whether the embedder, which starts last, is up."""
        headers = {"authorization": f"Bearer {self.key}"}
        body = {"model": "all-minilm-l6-v2", "input": "Hello"}
        url = f"{self.url}/v1/embeddings"
        return httpx.post(url, json=body, headers=headers, timeout=60).is_success

    def state(self, tier: str) -> object:
        return httpx.get(f"{self.url}/health/ready", timeout=10).json()["tiers"][tier]

    def processes(self) -> list[psutil.Process]:
        return processes_of(Settings.model_validate({"home": self.home}))

    def replica(self, application: str) -> psutil.Process:
        title = f"ServeReplica:{application}:"
        (found,) = [p for p in self.processes() if title in "".join(p.cmdline())]
        return found


def hearth(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "serve", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home").resolve()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    up = hearth("up", "--detach", "--home", str(home), "--port", port)
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        made = hearth("keys", "create", "test", "--json", "--home", str(home))
        key = json.loads(made.stdout)["key"]
        running = Running(home, f"http://127.0.0.1:{port}", up.stdout, key)
        assert eventually(running.embeds, 120)
        yield running
    finally:
        hearth("down", "--home", str(home), "--port", port)


def test_up_ends_with_the_urls_a_key_and_a_link(appliance: Running) -> None:
    assert f"{appliance.url}/v1" in appliance.announced
    assert f"{appliance.url}/ui/?signin=" in appliance.announced
    assert re.search(r"hearth-[0-9a-f]{12}-\S{40,}", appliance.announced)


@NO_VLLM
def test_auto_sends_an_easy_and_a_hard_prompt_to_different_tiers(appliance: Running) -> None:
    assert eventually(lambda: appliance.state("large") == READY, 300), appliance.state("large")
    easy = appliance.ask("Hello", model="auto")
    hard = appliance.ask(HARD, model="auto")
    assert (easy.status_code, hard.status_code) == (200, 200)
    assert easy.headers["x-hearth-tier"] == "small"
    assert easy.headers["x-hearth-reason"].startswith("easy")
    assert hard.headers["x-hearth-tier"] == "large"
    assert hard.headers["x-hearth-reason"].startswith("hard")


def test_status_tells_a_script_what_it_needs(appliance: Running) -> None:
    status = appliance.hearth("status", "--json")
    told = json.loads(status.stdout)
    assert status.returncode == 0
    assert (told["ready"], told["url"]) == (True, appliance.url)
    small = {"state": "ready", "reason": "", "engine": "llama", "model": MODEL}
    assert told["tiers"]["small"] == small


def test_the_chat_page_is_there(appliance: Running) -> None:
    page = httpx.get(f"{appliance.url}/ui/", timeout=30)
    assert page.status_code == 200
    assert "Hearth" in page.text


def test_a_second_up_on_the_same_data_says_so_and_stops(appliance: Running) -> None:
    second = appliance.hearth("up", "--detach", "--port", "1")
    assert second.returncode != 0
    assert "already" in second.stdout + second.stderr
    assert appliance.ask("Still there?").status_code == 200


def test_openais_clients_work_with_only_url_and_key_changed(appliance: Running) -> None:
    told = {"APPLIANCE_URL": appliance.url, "APPLIANCE_KEY": appliance.key}
    command = [sys.executable, "-m", "pytest", "-q", "tests/clients"]
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, timeout=500
    )
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.fixture(scope="module")
def newcomer(appliance: Running, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Pastes a command into a shell like the README's, and gives what it prints."""
    folder = tmp_path_factory.mktemp("newcomer")
    told = {
        "OPENAI_BASE_URL": f"{appliance.url}/v1",
        "OPENAI_API_KEY": appliance.key,
        "HEARTH_HOME": str(appliance.home),
        "HEARTH_PORT": appliance.url.rpartition(":")[2],
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def paste(*command: str) -> str:
        ran = subprocess.run(
            command, cwd=folder, env=os.environ | told, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        return ran.stdout

    return paste


def test_the_tour_in_the_readme_runs_as_pasted(newcomer: Callable[..., str]) -> None:
    readme = (ROOT / "README.md").read_text()
    client, with_documents = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    printed = newcomer(sys.executable, "-c", client)
    assert "get_weather" in printed
    assert printed.splitlines()[-1] == "3 384"
    (documents,) = re.findall(r"```bash\n(mkdir .*?)```", readme, re.DOTALL)
    printed = newcomer("bash", "-euo", "pipefail", "-c", documents)
    assert "14 weeks" in printed
    answer = json.loads(printed[printed.index("\n{") :])
    assert answer["sources"][0]["document_name"] == "leave.md"
    assert "leave.md" in newcomer(sys.executable, "-c", with_documents)


def test_documents_are_there_again_when_the_library_was_killed(
    appliance: Running, newcomer: Callable[..., str]
) -> None:
    appliance.replica("library").kill()
    search = ["hearth", "docs", "search", "parental leave", "--collection", "handbook", "--json"]

    def finds() -> bool:
        try:
            return "14 weeks" in newcomer(*search)
        except AssertionError:
            return False

    assert appliance.ask("Still there?").status_code == 200
    assert eventually(finds, 60)


def test_a_killed_engine_loses_nothing_and_is_back_soon(
    appliance: Running,
) -> None:
    appliance.replica("tier-small").kill()
    assert appliance.ask("Say hello.").status_code == 200
    assert eventually(lambda: appliance.ask("Again.").status_code == 200, 60)


@NO_VLLM
def test_a_large_engine_that_is_killed_leaves_no_process_with_its_model(appliance: Running) -> None:
    assert eventually(lambda: appliance.state("large") == READY, 300), appliance.state("large")
    engine = appliance.replica("tier-large")
    below = engine.children(recursive=True)
    assert any("EngineCore" in "".join(process.cmdline()) for process in below)
    engine.kill()
    _, alive = psutil.wait_procs(below, timeout=15)
    assert alive == []


def test_down_leaves_no_process_behind(appliance: Running) -> None:
    assert len(appliance.processes()) > 5
    assert appliance.hearth("down").returncode == 0
    assert appliance.processes() == []
    assert appliance.hearth("status").returncode != 0
