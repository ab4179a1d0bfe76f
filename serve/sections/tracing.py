"""Where traces of requests go, if anywhere."""

from pydantic import Field

from serve.sections.section import Section


class TracingSettings(Section):
    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#@]+$",
        description="OTLP over HTTP, as JSON: the address up to /v1/traces; null: no traces.",
    )
    headers_from: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable with headers, such as Authorization=Basic%20abc,other=x.",
    )
    sample: float = Field(1.0, ge=0, le=1, description="Share of requests that are traced.")
