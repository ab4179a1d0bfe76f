"""The processes around the engines."""

from typing import Literal

from pydantic import Field

from serve.sections.section import Section


class GatewaySettings(Section):
    replicas: int = Field(1, ge=1, le=64, description="Gateway processes.")
    drain_seconds: float = Field(
        30, ge=0, le=3600, description="How long running answers may finish after a stop."
    )


class UiSettings(Section):
    enabled: bool = Field(True, description="Serve the pages at /ui.")
    language: Literal["en", "de"] = Field("en", description="What the pages speak.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    receipts: bool = Field(True, description="One JSON line per request (never its text).")
