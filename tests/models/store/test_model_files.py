"""What is taken of a repository, and what never is."""

import json
from pathlib import Path

import pytest

from models.errors import ModelRefused
from models.store.model_files import check, choose
from tests.models.small_models import small_folder, small_gguf

TEXTS = ["config.json", "tokenizer.json"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([*TEXTS, "model.safetensors"], [*TEXTS, "model.safetensors"]),
        ([*TEXTS, "model.safetensors", "a.gguf"], [*TEXTS, "model.safetensors"]),
        ([*TEXTS, "model.safetensors", "pytorch_model.bin", "modeling_x.py", "README.md"],
         [*TEXTS, "model.safetensors"]),
        ([*TEXTS, "model.safetensors", "consolidated.safetensors"], [*TEXTS, "model.safetensors"]),
        ([*TEXTS, "model.safetensors", "onnx/model.safetensors", "../x.safetensors"],
         [*TEXTS, "model.safetensors"]),
        ([*TEXTS, "odd.safetensors"], [*TEXTS, "odd.safetensors"]),
        (["a.gguf", "README.md", "config.json"], ["a.gguf"]),
    ],
)  # fmt: skip
def test_what_a_model_needs_is_chosen(names: list[str], chosen: list[str]) -> None:
    assert choose(names, None) == chosen


def test_an_index_decides_between_weights_that_are_there_twice() -> None:
    index, shards = (
        "model.safetensors.index.json",
        [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)],
    )
    found = choose([*TEXTS, index, *shards, "consolidated.safetensors"], None)
    assert set(found) == {*TEXTS, index, *shards}
    assert found[-2:] == shards  # the weights last


def test_one_of_several_ggufs_is_named() -> None:
    names = ["a-Q4.gguf", "a-Q8.gguf", *TEXTS, "model.safetensors"]
    assert choose(names, "a-Q8.gguf") == ["a-Q8.gguf"]
    with pytest.raises(ModelRefused, match=r"several.*a-Q4\.gguf, a-Q8\.gguf"):
        choose(names[:2], None)


@pytest.mark.parametrize(
    ("names", "file", "complaint"),
    [
        ([*TEXTS, "pytorch_model.bin"], None, "pickles"),
        (["model.pt"], None, "pickles"),
        (["model.pt", "a.gguf"], "model.pt", "pickles"),
        (["README.md"], None, "no weights"),
        (["a.gguf"], "b.gguf", "no weights"),
        (["../a.gguf", "x/b.gguf", ".hidden.gguf", "a\\b.gguf"], None, "no weights"),
        (["a-00001-of-00002.gguf"], None, "merged"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    names: list[str], file: str | None, complaint: str
) -> None:
    with pytest.raises(ModelRefused, match=complaint):
        choose(names, file)


def refused(folder: Path, complaint: str) -> None:
    with pytest.raises(ModelRefused, match=complaint):
        check(folder, [path.name for path in folder.iterdir()])


def test_a_whole_folder_and_a_whole_gguf_are_accepted(tmp_path: Path) -> None:
    names = ["config.json", "tokenizer.json", "model.safetensors"]
    assert check(small_folder(tmp_path), names) == "safetensors"
    (tmp_path / "a.gguf").write_bytes(small_gguf())
    assert check(tmp_path, ["a.gguf"]) == "gguf"


def test_code_that_comes_with_a_model_is_refused(tmp_path: Path) -> None:
    refused(small_folder(tmp_path, auto_map={"AutoModel": "evil.Model"}), "config.json has an auto")


def test_a_tokenizer_with_code_is_refused(tmp_path: Path) -> None:
    small_folder(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": "x.Y"}}')
    refused(tmp_path, "tokenizer_config.json has an auto_map")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_folder_without_its_texts_is_refused(tmp_path: Path, name: str) -> None:
    (small_folder(tmp_path) / name).unlink()
    refused(tmp_path, "config.json" if name == "config.json" else "tokenizer")


def test_weights_that_the_index_names_must_be_there(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    small_folder(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(tmp_path, "missing: model-2.safetensors")


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_config_that_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    (small_folder(tmp_path) / "config.json").write_text(content)
    refused(tmp_path, "config.json")


@pytest.mark.parametrize("name", ["model.safetensors", "a.gguf"])
def test_weights_that_are_cut_are_refused(tmp_path: Path, name: str) -> None:
    small_folder(tmp_path)
    (tmp_path / "a.gguf").write_bytes(small_gguf())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1])
    with pytest.raises(ModelRefused, match="damaged"):
        check(tmp_path, [*TEXTS, name])
