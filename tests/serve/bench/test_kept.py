"""Reports in the data directory: found by name, and nothing else is."""

import json
import os
from pathlib import Path

import pytest

from serve.bench.kept import LARGEST, fresh, kept, one

REPORT = {"levels": [1]}


def written(data: Path, name: str, text: str = json.dumps(REPORT), at: float = 0.0) -> Path:
    folder = data / "benchmarks" / name
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(text)
    os.utime(folder / "report.json", (at, at))
    return folder


def test_reports_are_named_by_their_time_and_listed_the_newest_first(tmp_path: Path) -> None:
    assert kept(tmp_path) == []
    assert fresh(tmp_path, 0.0) == tmp_path / "benchmarks" / "19700101-000000"
    for name, at in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        written(tmp_path, name, at=at)
    assert [report.name for report in kept(tmp_path)] == ["c", "b", "a"]
    found = one(tmp_path, "a")
    assert found is not None
    assert (found.at, found.size, found.report) == (1.0, len(json.dumps(REPORT)), REPORT)


def test_what_is_no_report_is_left_out(tmp_path: Path) -> None:
    written(tmp_path, "good")
    written(tmp_path, "half", '{"levels": [')
    written(tmp_path, "list", "[]")
    written(tmp_path, "large", '"' + "x" * LARGEST + '"')
    (tmp_path / "benchmarks" / "empty").mkdir()
    (tmp_path / "benchmarks" / "file").write_text("{}")
    assert [report.name for report in kept(tmp_path)] == ["good"]


@pytest.mark.parametrize(
    "name", ["..", ".", "", "../outside", "a/../good", "good/", "ä", "a" * 129]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    written(tmp_path, "good")
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "report.json").write_text(json.dumps(REPORT))
    assert one(tmp_path, name) is None


def test_links_are_not_followed(tmp_path: Path) -> None:
    good = written(tmp_path, "good")
    (good.parent / "link").symlink_to(good)
    inside = good.parent / "inside"
    inside.mkdir()
    (inside / "report.json").symlink_to(good / "report.json")
    assert [report.name for report in kept(tmp_path)] == ["good"]
