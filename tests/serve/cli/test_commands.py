"""The command as a person runs it, in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from serve.config import load
from serve.ledger.keys import Keys
from serve.receipts.receipt_file import ReceiptFile
from serve.supervisor.place import Place
from serve.supervisor.probe import READY
from tests.serve.conftest import Answers
from tests.serve.receipts.receipts_made import row

ROOT = Path(__file__).parents[3]


def hearth(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEARTH_")}
    return subprocess.run(
        [sys.executable, "-m", "serve", *arguments],
        env=inherited | {"HEARTH_HOME": str(home), "HEARTH_PROFILE": "small"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_key_is_made_shown_once_and_works(home: Path) -> None:
    done = hearth(home, "keys", "create", "ada", "--json")
    made = json.loads(done.stdout)
    assert set(made) == {"id", "key"}
    key = Keys(home / "hearth.db").authenticate(made["key"])
    assert (key.id, key.name, key.admin) == (made["id"], "ada", False)
    assert made["key"] not in hearth(home, "keys", "list").stdout


def test_an_admin_key_is_asked_for_by_name(home: Path) -> None:
    hearth(home, "keys", "create", "root", "--admin")
    assert [key.admin for key in Keys(home / "hearth.db").all()] == [True]


def test_a_revoked_key_is_listed_as_such(home: Path) -> None:
    made = json.loads(hearth(home, "keys", "create", "ada", "--json").stdout)
    assert hearth(home, "keys", "revoke", made["id"]).returncode == 0
    (listed,) = json.loads(hearth(home, "keys", "list", "--json").stdout)
    assert listed["id"] == made["id"]
    assert listed["revoked_at"] is not None


def test_a_rotated_key_has_a_successor(home: Path) -> None:
    old = json.loads(hearth(home, "keys", "create", "ada", "--json").stdout)
    new = json.loads(hearth(home, "keys", "rotate", "ada", "--json").stdout)
    assert new["key"] != old["key"]
    assert Keys(home / "hearth.db").authenticate(new["key"]).name == "ada"


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_a_key_that_is_not_there_is_one_line(home: Path, command: str) -> None:
    done = hearth(home, "keys", command, "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 65])
def test_a_name_that_cannot_be_read_is_refused(home: Path, name: str) -> None:
    assert hearth(home, "keys", "create", name).returncode == 1


def test_keys_lie_where_only_the_owner_may_look(home: Path) -> None:
    hearth(home, "keys", "create", "ada")
    assert [oct(p.stat().st_mode)[-3:] for p in (home, home / "hearth.db")] == ["700", "600"]


def test_a_stopped_appliance_has_a_status_and_exit_code_1(home: Path) -> None:
    done = hearth(home, "status", "--json", "--port", "18999")
    assert done.returncode == 1
    status = json.loads(done.stdout)
    assert status["ready"] is False
    assert status["url"] == "http://127.0.0.1:18999"
    model = {"engine": "llama", "model": "smollm2-135m-instruct"}
    assert status["tiers"] == {"small": {"state": "stopped", "reason": "", **model}}


def test_a_tier_that_gives_less_than_it_should_says_why(
    home: Path, served: tuple[str, Answers]
) -> None:
    url, answers = served
    reason = "It runs smaller than configured, for lack of memory."
    tiers = {"small": {"state": "ready", "reason": reason}}
    answers[READY] = (200, json.dumps({"ready": True, "degraded": True, "tiers": tiers}).encode())
    place = Place(home)
    with place.occupied():
        place.tell("ready", "", url)
        done = hearth(home, "status")
        told = json.loads(hearth(home, "status", "--json").stdout)
    assert done.returncode == 0
    assert [line.strip() for line in done.stdout.splitlines()][2:] == [reason]
    assert told["tiers"]["small"]["reason"] == reason


def test_the_status_has_the_essence_of_the_last_minutes(
    home: Path, served: tuple[str, Answers]
) -> None:
    url, answers = served
    tiers = {"small": {"state": "ready", "reason": None}}
    answers[READY] = (200, json.dumps({"ready": True, "tiers": tiers}).encode())
    place = Place(home)
    with place.occupied():
        place.tell("ready", "", url)
        file = ReceiptFile(load(home=home).receipts_file)
        file.add([row(number, time.time(), ttft_ms=250.0) for number in range(10)])
        file.close()
        done = hearth(home, "status")
        told = json.loads(hearth(home, "status", "--json").stdout)["recent"]
    assert done.stdout.splitlines()[-1].strip() == (
        "last 5 minutes: 2.0 requests/min, first token in 0.25 s (p95 0.25 s), 0.2 tokens/s, "
        "0% from the cache, 0 refused, 0 failed"
    )
    assert (told["requests_per_minute"], told["ttft_p95_ms"]) == (2.0, 250.0)


def test_without_the_headers_of_its_receiver_of_traces_it_does_not_start(home: Path) -> None:
    traces = {"HEARTH_TRACING__ENDPOINT": "http://127.0.0.1:1"}
    done = hearth(home, "up", HEARTH_TRACING__HEADERS_FROM="NOT_SET_HERE", **traces)
    assert done.returncode == 1
    assert "NOT_SET_HERE" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_stopping_what_does_not_run_is_no_error(home: Path) -> None:
    assert hearth(home, "down").returncode == 0


def test_the_configuration_in_force_is_shown(home: Path) -> None:
    shown = yaml.safe_load(hearth(home, "config", "show", HEARTH_RETRY__ATTEMPTS="5").stdout)
    assert (shown["home"], shown["retry"]["attempts"]) == (str(home), 5)


def test_the_schema_is_json(home: Path) -> None:
    schema = json.loads(hearth(home, "config", "schema").stdout)
    assert schema["additionalProperties"] is False
    assert "tiers" in schema["properties"]


@pytest.mark.parametrize("command", [["config", "check"], ["up"], ["status"], ["keys", "list"]])
def test_a_broken_configuration_stops_every_command_with_one_line(
    home: Path, tmp_path: Path, command: list[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("prot: 8080")
    done = hearth(home, *command, "--config", str(file))
    assert done.returncode == 2
    assert done.stderr == "prot: Extra inputs are not permitted\n"
    assert not home.exists()


def test_up_on_an_occupied_directory_says_so_and_stops(home: Path) -> None:
    with Place(home).occupied():
        done = hearth(home, "up", "--detach")
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_up_on_a_taken_port_names_it_and_stops(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = hearth(home, "up", "--port", port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} cannot be used")


def test_up_on_a_damaged_database_says_so_and_stops(home: Path) -> None:
    home.mkdir()
    (home / "hearth.db").write_bytes(b"not a database, but long enough" * 100)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = hearth(home, "up", "--port", port)
    assert done.returncode == 1
    assert done.stderr == "The database is damaged; restore it from a backup.\n"


def test_up_with_an_unreadable_secret_says_which_and_stops(home: Path) -> None:
    (home / "ray-token").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = hearth(home, "up", "--port", port)
    assert done.returncode == 1
    assert "ray-token" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_doctor_speaks_json(home: Path) -> None:
    findings = json.loads(hearth(home, "doctor", "--json").stdout)
    assert {"name", "verdict", "detail", "mend"} == set(findings[0])


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['hearth', '--help']\n"
        "from serve.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'torch', 'numpy', 'pydantic', 'gradio', 'llama_cpp', 'apsw'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
