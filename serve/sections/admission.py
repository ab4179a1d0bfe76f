"""Who may generate now, who waits, who is sent away, and what is spared under pressure."""

from typing import Literal

from pydantic import Field

from serve.sections.section import Section

BrownoutStep = Literal["fewer_passages", "no_rerank", "shorter_output", "small_tier"]


class AdmissionSettings(Section):
    enabled: bool = Field(True, description="False: every request goes to its engine at once.")
    waiting: int = Field(1024, ge=0, description="Requests that may wait for one tier.")
    patience: float = Field(30, gt=0, description="The most seconds a request waits to begin.")
    prefill_weight: float = Field(
        0.2, gt=0, le=1, description="Cost of a prompt token, an answer's token being 1."
    )
    ageing: float = Field(
        20, ge=0, description="Tokens by which a waiting request gets shorter in a second."
    )


class BrownoutSettings(Section):
    """`steps` are taken one by one as the pressure rises from `first` to `last`.

    Pressure is the wait that a newcomer must expect, as a share of `admission.patience`.
    """

    steps: tuple[BrownoutStep, ...] = Field(
        ("fewer_passages", "no_rerank", "shorter_output", "small_tier"),
        description="What is given up, in this order, before requests are refused.",
    )
    first: float = Field(0.2, gt=0, description="Pressure at which the first step is taken.")
    last: float = Field(0.7, gt=0, description="Pressure at which the last step is taken.")
    leave: float = Field(0.6, gt=0, lt=1, description="A step is left at this share of its mark.")
    hold: float = Field(3, ge=0, description="Seconds that a step is kept at least.")
    output_tokens: int = Field(256, ge=1, description="Longest answer under `shorter_output`.")
