"""The owner's golden questions: asked again and again, to notice when answers become worse."""

from pathlib import Path
from typing import Final

from pydantic import Field

from serve.sections.section import Section

UNITS: Final = {"m": 60, "h": 3600, "d": 86_400}


class QualitySettings(Section):
    questions: Path | None = Field(None, description="Golden questions, one a line; null: none.")
    every: str = Field(
        "6h", pattern=r"^[1-9][0-9]{0,3}[mhd]$", description="How often they are asked."
    )
    judge: str | None = Field(None, description="Tier that judges answers; null: none does.")

    @property
    def period(self) -> float:
        """`every` in seconds."""
        return float(int(self.every[:-1]) * UNITS[self.every[-1]])
