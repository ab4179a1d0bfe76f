"""A folder's tokenizer says what llama.cpp says of the same vocabulary."""

from pathlib import Path

import pytest

from models.derive import derive
from models.errors import ModelRefused
from models.llama.library import Model
from models.llama.settings import bundled_model
from models.vllm.tokenizer import FolderTokenizer

TEXTS = [
    b"The cat sat on the mat.",
    "Über Käse, 東京 and 🙂🙃 at 3.14 %\n\n\tdef f(x): return x**2".encode(),
    b"<|im_start|>user\nhello<|im_end|>",
    b"   leading and trailing   ",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return derive(bundled_model(), tmp_path_factory.mktemp("models"), lambda done, all: None)


@pytest.fixture(scope="module")
def llama() -> Model:
    return Model(bundled_model())


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("special", [True, False])
def test_texts_become_the_same_tokens(folder: Path, llama: Model, text: bytes, special) -> None:
    found = FolderTokenizer(folder).tokenize(text, special=special)
    assert found.tolist() == llama.tokenize(text, special=special).tolist()


def test_tokens_become_the_same_bytes(folder: Path, llama: Model) -> None:
    tokenizer = FolderTokenizer(folder)
    assert tokenizer.vocabulary_size == llama.vocabulary_size
    assert tokenizer.control_tokens == llama.control_tokens
    assert tokenizer.end_tokens <= llama.end_tokens
    assert (tokenizer.bos, tokenizer.eos) == (llama.bos, llama.eos)
    assert tokenizer.adds_bos == llama.adds_bos
    for token in range(llama.vocabulary_size):
        if token not in llama.end_tokens:
            assert tokenizer.piece(token) == llama.piece(token), token


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_damaged_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / name).unlink()
    (tmp_path / name).write_text("{")
    with pytest.raises(ModelRefused, match=name):
        FolderTokenizer(tmp_path)


def test_a_model_without_a_template_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "config.json"):
        (tmp_path / name).symlink_to(folder / name)
    with pytest.raises(ModelRefused, match="chat template"):
        FolderTokenizer(tmp_path)
