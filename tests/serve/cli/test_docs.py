"""`hearth docs` as a person runs it, against an appliance that really keeps documents."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve.cli.docs_folder import Found, Skipped, files_in
from serve.cli.docs_judging import FINAL, QuestionsRefused, judged_by, read_questions
from serve.ledger.keys import Keys
from tests.serve.cli.served import Appliance, started

ROOT = Path(__file__).resolve().parents[3]
FOX = "# Animals\n\nThe quick brown fox jumps over the lazy dog.\n"
TAX = "# Money\n\nIncome tax is due in the month of March every year.\n"
PAPERS = ("--collection", "papers", "--json")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    with started(tmp_path / "home") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents, and what is none."""
    made = tmp_path / "papers"
    (made / "zoo").mkdir(parents=True)
    (made / ".git").mkdir()
    (made / "zoo" / "fox.md").write_text(FOX)
    (made / "tax.md").write_text(TAX)
    (made / ".git" / "config").write_text("[core]")
    (made / ".hidden.md").write_text("hidden")
    (made / "empty.txt").write_bytes(b"")
    (made / "cat.png").write_bytes(PICTURE)
    return made


def test_a_folder_is_added_once_and_called_by_its_paths(appliance: Appliance, folder: Path) -> None:
    first = appliance.told("add", str(folder), "--collection", "papers")
    assert sorted(first["added"]) == ["tax.md", "zoo/fox.md"]
    reasons = {one["name"]: one["reason"] for one in first["skipped"]}
    assert reasons == {
        ".git": "hidden",
        ".hidden.md": "hidden",
        "cat.png": "unsupported",
        "empty.txt": "empty",
    }
    second = appliance.told("add", str(folder), "--collection", "papers")
    assert (second["added"], second["unchanged"]) == ([], 2)
    (folder / "tax.md").write_text(TAX.replace("March", "June"))
    third = appliance.told("add", str(folder), "--collection", "papers")
    assert (third["added"], third["unchanged"]) == (["tax.md"], 1)
    listed = appliance.told("list", "--collection", "papers")
    assert sorted(one["name"] for one in listed) == ["tax.md", "zoo/fox.md"]
    originals = [
        p for p in (appliance.settings.data / "library" / "files").rglob("*") if p.is_file()
    ]
    assert len(originals) == 2
    assert appliance.active_keys() == ["owner"]


def test_what_is_added_belongs_to_the_owner(appliance: Appliance, folder: Path) -> None:
    appliance.told("add", str(folder), "--collection", "papers")
    (one,) = appliance.told("collections")
    assert (one["name"], one["file_counts"]["completed"]) == ("papers", 2)
    keys = Keys(appliance.settings.database)
    owner = keys.rotate("owner")[1]
    keys.close()
    seen = appliance.docs("collections", "--json", HEARTH_KEY=owner)
    assert json.loads(seen.stdout)[0]["access"] == "owner"
    assert (
        json.loads(appliance.docs("collections", "--json", "--key", appliance.make_key("x")).stdout)
        == []
    )


def test_a_file_that_cannot_be_read_is_one_line_and_exit_code_1(
    appliance: Appliance, folder: Path
) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    done = appliance.docs("add", str(folder), "--collection", "papers")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("broken.pdf: ")
    assert "2 added" in done.stdout
    assert "1 refused" in done.stdout
    assert "2 hidden, 1 empty, 1 unsupported" in done.stdout
    (failed,) = appliance.told("status")
    assert failed["last_error"]["message"] in line


def test_passages_are_found_with_their_scores(appliance: Appliance, folder: Path) -> None:
    appliance.told("add", str(folder), "--collection", "papers")
    done = appliance.docs("search", "quick brown fox", "--collection", "papers")
    assert done.exit_code == 0, done.stderr
    assert "zoo/fox.md" in done.stdout.splitlines()[0]
    assert "The quick brown fox" in done.stdout
    told = appliance.told("search", "quick brown fox", "--collection", "papers", "--results", "1")
    assert len(told["data"]) == 1
    assert told["data"][0]["stages"]


def test_a_collection_is_judged_by_questions(
    appliance: Appliance, folder: Path, tmp_path: Path
) -> None:
    appliance.told("add", str(folder), "--collection", "papers")
    asked = [
        {"question": "quick brown fox", "document": "zoo/fox.md", "quote": "jumps over"},
        {"question": "income tax", "document": ["tax.md", "other.md"]},
    ]
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(map(json.dumps, asked)))
    options = ("--questions", str(questions), "--collection", "papers")
    verdict = appliance.told("eval", *options)
    assert verdict["questions"] == 2
    assert verdict["stages"]["final"]["mrr"] == 1
    assert verdict["quotes"] == 1
    assert verdict["latency"]["p50"] > 0
    assert "recall@10" in appliance.docs("eval", *options).stdout


def test_documents_and_whole_collections_are_removed_with_their_files(
    appliance: Appliance, folder: Path
) -> None:
    files = appliance.settings.data / "library" / "files"
    appliance.told("add", str(folder), "--collection", "papers")
    assert appliance.docs("rm", "tax.md", "--collection", "papers").exit_code == 0
    assert [one["name"] for one in appliance.told("list")] == ["zoo/fox.md"]
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1
    again = appliance.docs("rm", "tax.md", "--collection", "papers")
    assert (again.exit_code, len(again.stderr.splitlines())) == (1, 1)
    assert appliance.docs("rm", "--everything", "--collection", "papers").exit_code == 0
    assert appliance.told("collections") == []
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert appliance.docs("rm", "--collection", "papers").exit_code == 2


def test_answers_from_a_collection_are_kept_or_not_as_its_owner_says(
    appliance: Appliance, folder: Path
) -> None:
    appliance.told("add", str(folder), "--collection", "papers")
    for use, words in (("off", "are not kept"), ("on", "are kept")):
        assert words in appliance.docs("cache", "papers", use).stdout
        (collection,) = appliance.told("collections")
        assert collection["cache"] == use
    assert appliance.docs("cache", "papers", "maybe").exit_code == 2


def test_a_collection_is_shared_and_taken_back(appliance: Appliance, folder: Path) -> None:
    friend = appliance.make_key("friend")
    appliance.told("add", str(folder), "--collection", "papers")
    assert appliance.docs("share", "papers", "friend").exit_code == 0
    seen = json.loads(appliance.docs("collections", "--json", "--key", friend).stdout)
    assert [one["access"] for one in seen] == ["reader"]
    assert appliance.docs("unshare", "papers", "friend").exit_code == 0
    assert json.loads(appliance.docs("collections", "--json", "--key", friend).stdout) == []
    nobody = appliance.docs("share", "papers", "nobody")
    assert (nobody.exit_code, nobody.stderr) == (1, "No active key has this id or name.\n")


def test_the_way_back_to_the_former_embedder_is_shown_gone_and_given_up(
    tmp_path: Path, folder: Path
) -> None:
    home = tmp_path / "home"
    with started(home) as before:
        before.told("add", str(folder), "--collection", "papers")
        [only] = before.told("embedder")[0]["sets"]
        assert (only["embedder"], only["use"]) == ("hash/hashing-1", "current")
        assert "hash/hashing-1 since 20" in before.docs("embedder").stdout
    with started(home, "other") as after:
        changed(after, "other/hashing-1")
        shown = after.docs("embedder").stdout
        assert "found 100% of sampled passages" in shown
        assert "kept, of before: hash/hashing-1, 2 of 2 passages" in shown
        refused = after.docs("embedder", "--back")
        assert refused.exit_code == 1
        assert "Set 'embedder' in the configuration to what it was" in refused.stderr
    with started(home) as again:
        changed(again, "hash/hashing-1")
        assert "kept, of before: other/hashing-1" in again.docs("embedder").stdout
        [only] = json.loads(again.docs("embedder", "--confirm", "--json").stdout)[0]["sets"]
        assert (only["embedder"], only["use"]) == ("hash/hashing-1", "current")
        assert again.docs("embedder", "--confirm").exit_code == 1


def changed(appliance: Appliance, embedder: str) -> None:
    """Once all vectors are of this one."""
    deadline = time.monotonic() + 30
    while appliance.told("embedder")[0]["sets"][0]["embedder"] != embedder:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_watched_folder_is_followed(appliance: Appliance, folder: Path) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "serve", "docs", "add", str(folder), "--watch", *PAPERS],
        env=appliance.environment | {"PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(60, watching.kill)
    killer.start()
    try:
        assert watching.stdout is not None
        lines = iter(watching.stdout.readline, "")
        assert sorted(json.loads(next(lines))["added"]) == ["tax.md", "zoo/fox.md"]
        (folder / "new.md").write_text("# New\n\nSomething that came later.\n")
        (folder / "tax.md").unlink()
        added, deleted = set[str](), set[str]()
        while (added, deleted) != ({"new.md"}, {"tax.md"}):
            told = json.loads(next(lines))
            added |= set(told["added"])
            deleted |= set(told["deleted"])
    finally:
        watching.terminate()
        watching.communicate(timeout=30)
        killer.cancel()
    listed = appliance.told("list")
    assert sorted(one["name"] for one in listed) == ["new.md", "zoo/fox.md"]
    assert appliance.active_keys() == ["owner"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "x", "--collection", "nowhere"), "There is no collection 'nowhere'"),
        (("collections", "--key", "wrong"), "Incorrect API key provided"),
        (("collections", "--url", "http://127.0.0.1:1"), "Nothing answers at http://127.0.0.1:1"),
        (("unshare", "nowhere", "x"), "There is no collection 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    appliance: Appliance, arguments: tuple[str, ...], words: str
) -> None:
    done = appliance.docs(*arguments)
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_files_are_told_from_what_is_none(folder: Path) -> None:
    (folder / "link.md").symlink_to(folder / "nowhere")
    (folder / "wide.txt").write_text("Zwei Wörter", "utf-16")
    (folder / "a\nb.md").write_text("x")
    found = list(files_in([folder, folder / "tax.md"], 10_000))
    assert [one.name for one in found if isinstance(one, Found)] == [
        "tax.md",
        "wide.txt",
        "zoo/fox.md",
        "tax.md",
    ]
    reasons = {one.name: one.reason for one in found if isinstance(one, Skipped)}
    assert reasons["link.md"] == "broken link"
    assert reasons["a\nb.md"] == "name not printable"
    assert all(isinstance(one, Skipped) for one in files_in([folder], 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There are no questions in it."),
        ("{", "Line 1 is no question"),
        ('{"question": "x"}', "Line 1 is no question"),
        ('{"question": "x", "document": []}', "Line 1 has an empty field"),
        ('{"question": "x", "document": "d"}\n[]', "Line 2 is no question"),
        ('{"question": 7, "document": "d"}', "Line 1 has an empty field"),
    ],
)
def test_a_bad_file_of_questions_is_refused_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(text)
    with pytest.raises(QuestionsRefused, match=words):
        read_questions(file)


def test_every_stage_is_judged_by_its_own_order(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "q", "document": "b"}')

    def hit(name: str, **stages: float) -> dict[str, Any]:
        return {"filename": name, "stages": stages, "content": [{"text": name}]}

    page = {"data": [hit("a", dense=0.1), hit("b", dense=0.9)], "timings": {"dense": 2.0}}
    verdict = judged_by(read_questions(file), lambda text: page, lambda done, total: None)
    assert verdict.stages[FINAL]["mrr"] == 0.5
    assert verdict.stages["dense"]["mrr"] == 1
    assert verdict.quotes is None
    assert verdict.latency["dense"] == 2.0
