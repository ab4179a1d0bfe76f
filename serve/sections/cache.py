"""Which answers are kept, for how long and in how much memory."""

from pydantic import Field

from serve.sections.section import Section


class CacheSettings(Section):
    """Of all gateway processes together. What is kept is never shown to another tenant."""

    enabled: bool = Field(True, description="Keep answers, and join those who ask the same.")
    memory: int = Field(64 << 20, ge=1 << 16, description="The most bytes of kept answers.")
    ttl: float = Field(3600, gt=0, description="Seconds that an answer is kept at most.")
    temperature: float = Field(
        0.3, ge=0, description="Highest temperature of an answer that may be given again."
    )
    semantic: bool = Field(
        False, description="Give a kept answer to the same question in other words, too."
    )
    false_hits: float = Field(
        0.01,
        ge=0.001,
        le=0.1,
        description="The most questions, as a share, that may get the answer to another one so.",
    )
    checked: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The share of answers in other words that are generated anyway, to compare.",
    )
    persist: bool = Field(
        False, description="Keep answers in a file of the data directory, across restarts."
    )
