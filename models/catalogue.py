"""What kinds of engine and embedder there are, and how each is made.

The heavy libraries are imported inside the factories, so that only the process that runs an
engine pays for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.embedder import Embedder
from models.engine import Engine
from models.errors import ModelRefused
from models.scripted import Script, ScriptedEngine
from models.upstream.settings import UpstreamSettings

Layout = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Everything an engine may be told. `path` None: the bundled small model.

    `context_length` in tokens per answer; `threads` in cores; `kept` is the folder where set-up
    keeps what it measured on this machine. `sleep_after` idle seconds a model leaves the memory;
    `vllm` are fields of `VllmSettings`.
    """

    kind: str
    name: str
    kept: Path
    threads: int
    path: Path | None = None
    sha256: str | None = None
    context_length: int = 2048
    slots: int = 32
    max_waiting: int = 256
    speculate: bool = True
    layout: Layout | None = None
    sleep_after: float | None = None
    upstream: UpstreamSettings | None = None
    vllm: Mapping[str, Any] = field(default_factory=dict)
    script: Script = field(default_factory=Script)


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    kind: str
    name: str
    threads: int


def build_engine(spec: EngineSpec) -> Engine:
    """A loaded engine. Raises `ModelRefused` when its model cannot be trusted."""
    return ENGINES[spec.kind](spec)


def build_embedder(spec: EmbedderSpec) -> Embedder:
    return EMBEDDERS[spec.kind](spec)


def _scripted(spec: EngineSpec) -> Engine:
    return ScriptedEngine(spec.name, spec.script)


def _llama(spec: EngineSpec) -> Engine:
    from models.llama.engine import LlamaEngine, LlamaSettings

    return LlamaEngine(LlamaSettings.of(spec))


def _vllm(spec: EngineSpec) -> Engine:
    from models.residence import Course, Resident
    from models.vllm.loading import card_of, load

    course = Course()
    return Resident(card_of(spec), lambda: load(spec, course), spec.sleep_after, course)


def _openai(spec: EngineSpec) -> Engine:
    from models.upstream.engine import UpstreamEngine

    if spec.upstream is None:
        raise ModelRefused("The tier names no upstream.")
    return UpstreamEngine(spec.upstream)


def _sentence(spec: EmbedderSpec) -> Embedder:
    from models.embedder import SentenceEmbedder

    return SentenceEmbedder(spec.name, spec.threads)


def _hashing(spec: EmbedderSpec) -> Embedder:
    from models.embedder import HashingEmbedder

    return HashingEmbedder(spec.name)


ENGINES: dict[str, Callable[[EngineSpec], Engine]] = {
    "llama": _llama,
    "vllm": _vllm,
    "openai": _openai,
    "scripted": _scripted,
}
EMBEDDERS: dict[str, Callable[[EmbedderSpec], Embedder]] = {
    "sentence": _sentence,
    "hashing": _hashing,
}
