"""What was measured is found again, by the same model on the same machine only."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.llama.settings import Layout, LlamaSettings, bundled_model
from models.llama.tuning import Timing, keep, kept, measure


def test_a_kept_layout_is_found_again(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    layout = Layout(unified=True, kv_type="f16", threads=2, step_tokens=96, row_cost=0.4)
    keep(layout, model, tmp_path)
    assert kept(model, tmp_path) == layout


def test_another_model_has_none(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    keep(Layout(), model, tmp_path)
    model.write_bytes(b"other weights")
    assert kept(model, tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"threads": "two"}', '{"color": 1}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, text: str) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"weights")
    keep(Layout(), model, tmp_path)
    next(tmp_path.glob("layout-*.json")).write_text(text)
    assert kept(model, tmp_path) is None


def test_steps_are_as_large_as_answers_can_wait() -> None:
    fast = Timing(Layout(), one=0.01, many=0.1, draft=0.018, prompt=0.05).finished()
    slow = Timing(Layout(), one=0.1, many=1.0, draft=0.9, prompt=5.0).finished()
    assert (fast.step_tokens, slow.step_tokens) == (320, 64)
    assert (fast.row_cost, slow.row_cost) == (0.1, 1.0)


@pytest.mark.parametrize(
    "values", [{"colour": "red"}, {"unified": "perhaps"}, {"kv_type": "q4_0"}, {"step_tokens": 1.5}]
)
def test_a_layout_that_does_not_exist_is_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        Layout.of(values)


@pytest.mark.slow
def test_threads_and_weights_are_measured_on_the_machine_at_hand(tmp_path: Path) -> None:
    lines: list[str] = []
    settings = LlamaSettings(path=bundled_model(), slots=2, threads=2)
    layout = measure(settings, tmp_path, lines.append)
    assert [line.split(":")[0].strip() for line in lines[:2]] == [
        "2 threads, weights as given",
        "1 threads, weights as given",
    ]
    assert lines[2].endswith("many sequences")
    assert "weights as q8_0" in lines[2]
    assert layout.row_cost > 0


@pytest.mark.slow
def test_a_good_build_is_proven() -> None:
    command = [sys.executable, "-m", "models.llama.prove"]
    assert subprocess.run(command, timeout=120, check=False).returncode == 0
