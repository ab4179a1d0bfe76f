"""What kinds of engine and embedder there are, and how each is made.

The heavy libraries are imported inside the factories, so that only the process that runs an
engine pays for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.embedder import Embedder
from models.engine import Engine
from models.scripted import Script, ScriptedEngine

Layout = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Everything an engine may be told. `path` None: the bundled small model.

    `context_length` in tokens per answer; `threads` in cores; `kept` is the folder where set-up
    keeps what it measured on this machine.
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


def _sentence(spec: EmbedderSpec) -> Embedder:
    from models.embedder import SentenceEmbedder

    return SentenceEmbedder(spec.name, spec.threads)


def _hashing(spec: EmbedderSpec) -> Embedder:
    from models.embedder import HashingEmbedder

    return HashingEmbedder(spec.name)


ENGINES: dict[str, Callable[[EngineSpec], Engine]] = {"llama": _llama, "scripted": _scripted}
EMBEDDERS: dict[str, Callable[[EmbedderSpec], Embedder]] = {
    "sentence": _sentence,
    "hashing": _hashing,
}
