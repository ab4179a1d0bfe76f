"""What answers: engines by tier, and the embedder."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from serve.sections.section import Section
from serve.sections.upstream import UpstreamSection


class ScriptSettings(Section):
    """What a `scripted` engine does; see models/scripted.py."""

    words: tuple[str, ...] = Field((), description="The answer's pieces; empty: echo the user.")
    first_token_delay: float = Field(0, ge=0, description="Seconds before the first word.")
    token_delay: float = Field(0, ge=0, description="Seconds before every other word.")
    fail_after: int | None = Field(None, ge=0, description="Fail at this word.")
    fail_times: int | None = Field(None, ge=0, description="How many generations fail.")
    fail_how: Literal["break", "hang", "raise"] = Field(
        "break", description="End the answer, get stuck for good, or raise what nobody expects."
    )
    stuck_after: float = Field(10, ge=0, description="Seconds until it notices that it hangs.")
    context_length: int = Field(8192, ge=16, description="Tokens of prompt and answer.")


class VllmSection(Section):
    """What only a `vllm` engine is told; see models/vllm/settings.py."""

    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto: a GPU where there is one."
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="Numbers of weights and activations."
    )
    load_format: Literal["auto", "dummy"] = Field(
        "auto", description="dummy: random weights, for throughput without a download."
    )
    kv_gib: int = Field(1, ge=1, description="GiB of KV cache; only on a CPU.")
    memory_share: float = Field(
        0.9, gt=0, lt=1, description="Of the GPU's memory, weights and KV cache together."
    )
    gpus: int = Field(1, ge=1, le=64, description="GPUs that share the model (tensor parallel).")


class PriceSection(Section):
    """Of a million tokens: of what, the place says. `cached`: of prompts that were known already;
    none: as `input`.
    """

    input: float = Field(0, ge=0, description="Of prompts.")
    cached: float | None = Field(None, ge=0, description="Of prompts in the cache.")
    output: float = Field(0, ge=0, description="Of answers.")

    def of(self, prompt: int, cached: int, output: int) -> float:
        """Of so many tokens; `cached` are part of `prompt`."""
        known = self.input if self.cached is None else self.cached
        return ((prompt - cached) * self.input + cached * known + output * self.output) / 1e6


class TierSettings(Section):
    """One engine: what answers, and with how much of the machine."""

    engine: Literal["llama", "vllm", "openai", "scripted"] = Field(description="Kind of engine.")
    model: str = Field(description="Name under which clients ask for it.")
    path: Path | None = Field(
        None,
        description="GGUF file, or for vllm a folder; none: the stored model of this name "
        "(hearth models list), else the bundled small one.",
    )
    sha256: str | None = Field(None, description="The file must have this hash.")
    context_length: int = Field(2048, ge=128, description="Tokens of prompt and answer.")
    slots: int = Field(32, ge=1, le=256, description="Answers generated at the same time.")
    threads: int | None = Field(None, ge=1, description="Cores; none: all of this process.")
    temperature: float = Field(
        1.0, ge=0, le=2, description="Of requests that name none; small models want less."
    )
    top_p: float = Field(1.0, gt=0, le=1, description="Of requests that name none.")
    speculate: bool = Field(True, description="Prompt-lookup speculation when it pays.")
    layout: dict[str, str | int | bool] | None = Field(
        None, description="Weights and KV cache; none: what set-up measured on this machine."
    )
    replicas: int = Field(1, ge=1, le=64, description="Processes that run this engine.")
    sleep_after: float | None = Field(
        None, gt=0, description="Idle seconds until a vllm model leaves memory; none: never."
    )
    price: PriceSection = Field(PriceSection(), description="Money per million tokens.")
    energy: PriceSection = Field(PriceSection(), description="Watt-hours per million tokens.")
    upstream: UpstreamSection | None = Field(None, description="Only for `openai`.")
    vllm: VllmSection = Field(VllmSection(), description="Only for `vllm`.")
    script: ScriptSettings = Field(ScriptSettings(), description="Only for `scripted`.")

    @property
    def remote(self) -> bool:
        """Whether somebody else's machine answers."""
        return self.engine == "openai"

    @property
    def prices(self) -> PriceSection:
        """What budgets count: an upstream's own prices, where nothing else is said."""
        if self.upstream is not None and self.price == PriceSection():
            paid = self.upstream.prices
            return PriceSection(input=paid.input, output=paid.output)
        return self.price

    @model_validator(mode="after")
    def _has_upstream(self) -> "TierSettings":
        if (self.engine == "openai") != (self.upstream is not None):
            raise ValueError("upstream belongs to engine: openai, which needs it")
        return self


class EmbedderSettings(Section):
    engine: Literal["sentence", "hashing", "none"] = Field("sentence", description="Kind.")
    model: str = Field("all-minilm-l6-v2", description="Name under which clients ask for it.")
    threads: int = Field(1, ge=1, description="Cores of the embedder.")
