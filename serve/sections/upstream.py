"""An OpenAI-compatible server as a tier: another Hearth, a vLLM server, a cloud."""

from typing import Literal

from pydantic import Field

from serve.sections.section import Section


class PatienceSection(Section):
    """Seconds."""

    connect: float = Field(5, gt=0, description="For a connection.")
    first: float = Field(60, gt=0, description="Until the first token.")
    between: float = Field(30, gt=0, description="Between two tokens.")
    whole: float = Field(600, gt=0, description="For a whole answer, waiting included.")


class PricesSection(Section):
    """Of a million tokens, in whatever money the owner counts in."""

    input: float = Field(0, ge=0, description="Of prompts.")
    output: float = Field(0, ge=0, description="Of answers.")


class UpstreamSection(Section):
    """What only an `openai` engine is told; see models/upstream/settings.py."""

    base_url: str = Field(
        pattern=r"^https?://[^\s?#@]+$", description="Address up to /chat/completions."
    )
    model: str = Field(min_length=1, description="The upstream's name for the model.")
    key_from: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the API key; none: no key is sent.",
    )
    limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="What the upstream calls the limit; OpenAI wants the longer."
    )
    patience: PatienceSection = Field(PatienceSection(), description="Seconds.")
    prices: PricesSection = Field(PricesSection(), description="Of a million tokens.")
