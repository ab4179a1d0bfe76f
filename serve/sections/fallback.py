"""What happens when an engine fails."""

from pydantic import Field

from serve.sections.section import Section


class RetrySettings(Section):
    """Retries are a share of the traffic, so that a failing engine is not asked ever more."""

    attempts: int = Field(3, ge=1, le=10, description="Tries per request, the first included.")
    share: float = Field(0.1, ge=0, le=1, description="Retries, as a share of the requests.")
    spare: int = Field(64, ge=0, description="Retries a minute beyond that share.")
    backoff: float = Field(0.05, ge=0, description="Seconds before the first retry; they double.")
    longest: float = Field(2.0, ge=0, description="The most seconds before a retry.")


class BreakerSettings(Section):
    """When a tier is left alone for a while."""

    window: float = Field(30, gt=0, description="Seconds that are looked back on.")
    calls: int = Field(8, ge=1, description="Fewer calls than this say nothing.")
    failures: float = Field(0.5, gt=0, le=1, description="Share of bad calls that opens it.")
    slow: float = Field(60, gt=0, description="Seconds to the first token that make a call bad.")
    rest: float = Field(5, gt=0, description="Seconds until a call probes the tier; they double.")
    longest: float = Field(60, gt=0, description="The most seconds between probes.")
