"""What happens when an engine fails."""

from pydantic import Field

from serve.sections.section import Section


class RetrySettings(Section):
    attempts: int = Field(3, ge=1, le=10, description="Tries per request, the first included.")
