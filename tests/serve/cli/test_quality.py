"""`hearth quality` as a person runs it; the engine repeats what it is asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from serve.cli.appliance import status
from tests.serve.cli.served import Appliance, started

GOOD = [{"question": f"Question {n}", "model": "echo", "contains": f"{n}"} for n in range(8)]


def write(file: Path, *golden: dict[str, Any]) -> None:
    file.write_text("\n".join(map(json.dumps, golden)))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "golden.jsonl"
    write(file, *GOOD)
    return file


@pytest.fixture
def appliance(tmp_path: Path, questions: Path) -> Iterator[Appliance]:
    with started(tmp_path / "home", quality={"questions": questions}) as made:
        yield made


def status_of(appliance: Appliance, *more: str) -> Result:
    app = typer.Typer()
    app.command()(status)
    told = {"HEARTH_QUALITY__QUESTIONS": str(appliance.settings.quality.questions)}
    return CliRunner().invoke(app, more, env=appliance.environment | told)


def test_a_run_is_asked_for_waited_for_and_shown(appliance: Appliance) -> None:
    done = appliance.quality("run", "--wait", "60")
    assert done.exit_code == 0, done.stderr
    assert "wished   golden           100%" in done.stdout
    told = json.loads(appliance.quality("show", "--json").stdout)
    assert told["runs"][0]["sets"]["golden"]["share"] == 1
    assert len(told["questions"]) == 8
    assert "quality" not in appliance.active_keys()
    assert "forgotten" in appliance.quality("forget").stdout
    assert "never asked" in appliance.quality("show").stdout


def test_documents_are_searched_for_an_answer(
    appliance: Appliance, tmp_path: Path, questions: Path
) -> None:
    (tmp_path / "leave.md").write_text("# Leave\nParental leave lasts 14 weeks for everyone.")
    added = appliance.docs("add", str(tmp_path / "leave.md"), "--collection", "handbook")
    assert added.exit_code == 0, added.stderr
    asked = {"question": "How long is parental leave?", "model": "echo", "contains": "14 weeks"}
    write(questions, asked | {"collections": "handbook"}, asked | {"set": "alone"})
    told = json.loads(appliance.quality("run", "--json").stdout)
    assert {one["set"]: one["passed"] for one in told["questions"]} == {
        "golden": True,
        "alone": False,
    }


def test_what_cannot_be_asked_is_said_with_exit_code_1(
    appliance: Appliance, questions: Path
) -> None:
    write(questions, {"question": "a"})
    done = appliance.quality("run")
    assert done.exit_code == 1
    assert "Line 1: expects nothing" in done.stdout


def test_a_drop_is_a_line_of_the_status(appliance: Appliance) -> None:
    from serve.ledger.quality import Outcome, QualityFile, Run

    file = QualityFile(appliance.settings.quality_file)
    for passed in (True, True, True, False):
        outcomes = [Outcome(str(n), f"Question {n}", "house", passed) for n in range(8)]
        file.add(Run(0, 1, "due", ""), outcomes)
    assert "answers have become worse: house" in status_of(appliance).stdout
    assert json.loads(status_of(appliance, "--json").stdout)["worse"] == ["house"]
    assert "WORSE (p = 0.0000)" in appliance.quality("show").stdout


def test_a_damaged_file_of_runs_is_said_and_then_it_goes_on(appliance: Appliance) -> None:
    file = appliance.settings.quality_file
    for rest in ("-wal", "-shm"):
        file.with_name(file.name + rest).unlink(missing_ok=True)
    file.write_bytes(b"no database at all" * 400)
    assert "worse" not in status_of(appliance).stdout
    done = appliance.quality("run", "--wait", "60")
    assert done.exit_code == 0, done.stderr
    assert file.with_suffix(".damaged").exists()


def test_a_file_is_checked_before_it_is_used(appliance: Appliance, questions: Path) -> None:
    done = appliance.quality("check", str(questions))
    assert done.stdout == "8 questions in golden.\n"
    write(questions, *GOOD, {"question": "a", "exact": 1})
    done = appliance.quality("check", str(questions))
    assert done.exit_code == 1
    assert done.stderr.startswith("Line 9: 'exact'")
