"""The file of golden questions: what may be in it, and how it is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.quality.golden import MOST, MOST_SETS, GoldenRefused, read_golden


def written(folder: Path, *lines: str | dict[str, Any]) -> Path:
    file = folder / "golden.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts))
    return file


def refusal(file: Path, **options: bool) -> str:
    with pytest.raises(GoldenRefused) as refused:
        read_golden(file, **options)
    return str(refused.value.args[0])


def test_a_question_may_expect_all_kinds_at_once(tmp_path: Path) -> None:
    full = {
        "question": "How long?",
        "set": "leave",
        "model": "small",
        "collections": "handbook",
        "documents_only": True,
        "exact": "14 weeks",
        "contains": ["14", "weeks"],
        "schema": {"type": "string"},
        "similar": {"to": "14 weeks", "least": 0.7},
        "judged": "It lasts 14 weeks.",
    }
    one, other = read_golden(written(tmp_path, full, "", {"question": "a", "contains": "b"}))
    assert (one.set, one.collections, one.form) == ("leave", ("handbook",), {"type": "string"})
    assert (other.set, other.model, other.contains) == ("golden", "auto", ("b",))


def test_a_question_that_was_changed_is_another_one(tmp_path: Path) -> None:
    told = {"question": "a", "contains": "b"}
    (one,) = read_golden(written(tmp_path, told))
    (same,) = read_golden(written(tmp_path, {"contains": ["b"], "question": "a"}))
    (other,) = read_golden(written(tmp_path, told | {"contains": "c"}))
    assert one.id == same.id != other.id


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nothing", "it is no JSON"),
        ("[1]", "object"),
        ({"contains": "x"}, "'question': Field required"),
        ({"question": " ", "contains": "x"}, "'question'"),
        ({"question": "a"}, "one of exact, contains, schema, similar, judged"),
        ({"question": "a", "contains": []}, "expects nothing"),
        ({"question": "a", "contain": "x"}, "'contain'"),
        ({"question": "a", "contains": ["x", ""]}, "'contains.1'"),
        ({"question": "a", "exact": 1}, "'exact'"),
        ({"question": "a", "exact": "x", "set": "A b"}, "'set'"),
        ({"question": "a", "schema": {"type": 3}}, "'schema': is no JSON schema"),
        ({"question": "a", "similar": {"to": "x", "least": 2}}, "'similar.least'"),
        ({"question": "a", "exact": "x", "documents_only": True}, "'documents_only'"),
        ({"question": "a", "exact": "b"}, "it is line 1 again"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(
    tmp_path: Path, line: str | dict[str, Any], words: str
) -> None:
    said = refusal(written(tmp_path, {"question": "a", "exact": "b"}, "", line))
    assert said.startswith("Line 3: ")
    assert words in said
    assert "\n" not in said


def test_what_nobody_can_tell_is_refused(tmp_path: Path) -> None:
    judged = written(tmp_path, {"question": "a", "judged": "x"})
    assert read_golden(judged)
    assert "quality.judge" in refusal(judged, judge=False)
    similar = written(tmp_path, {"question": "a", "similar": {"to": "x"}})
    assert read_golden(similar)
    assert "embedder" in refusal(similar, embedder=False)


def test_there_are_some_but_not_too_many(tmp_path: Path) -> None:
    assert "no questions" in refusal(written(tmp_path, "", " "))
    many = [{"question": str(number), "exact": "x"} for number in range(MOST + 1)]
    assert f"at most {MOST}" in refusal(written(tmp_path, *many))
    sets = [one | {"set": f"s{number}"} for number, one in enumerate(many[: MOST_SETS + 1])]
    assert f"at most {MOST_SETS}" in refusal(written(tmp_path, *sets))


def test_a_file_that_is_none_is_refused_without_its_path(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "absent"):
        assert str(tmp_path) not in refusal(file)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refusal(binary)
