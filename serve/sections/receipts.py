"""What is kept of requests, for how long, and what the machine itself costs."""

from pydantic import Field

from serve.sections.section import Section


class ReceiptSettings(Section):
    """Of all gateways together. What is older, or too much, goes; the oldest first."""

    enabled: bool = Field(True, description="Keep what happened to each request.")
    days: float = Field(90, gt=0, description="How long at most.")
    texts: bool = Field(False, description="Keep what was asked and answered with them, too.")
    text_days: float = Field(7, gt=0, description="How long texts are kept at most.")
    bytes: int = Field(2 << 30, ge=1 << 20, description="How much of the disk at most.")


class CostSettings(Section):
    """For `hearth usage`: what the machine costs, busy or idle, besides the prices of tiers."""

    kwh: float = Field(0, ge=0, description="Money per kilowatt-hour.")
    watts: float = Field(0, ge=0, description="Power of what no counter measures, always drawn.")
    hardware: float = Field(0, ge=0, description="Money that the machine was bought for.")
    hours: float = Field(26_280, gt=0, description="Hours over which that is written off.")
