"""Which tier answers when the client leaves the choice to us."""

from pydantic import Field

from serve.sections.section import Section


class RoutingSettings(Section):
    """`quality`: the share of the way from the cheapest tier's quality to the best one's."""

    quality: float = Field(
        0.75, ge=0, le=1, description="0: always the cheapest tier, 1: always the strongest."
    )
    long_prompt: int = Field(
        6000, ge=1, description="Bytes of prompt from which the strong tier is preferred."
    )
    long_output: int = Field(
        1024, ge=1, description="`max_tokens` from which the strong tier is preferred."
    )
    patience: float = Field(
        2, ge=0, description="Seconds of waiting that the better tier is worth."
    )
    embedding: float = Field(
        0.5, ge=0, description="The most seconds that judging a prompt may take."
    )
    continue_broken: bool = Field(
        True, description="Another tier goes on with an answer that broke off."
    )
