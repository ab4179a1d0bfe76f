"""How much a key, a group of keys or a model may use."""

from functools import cached_property

from pydantic import Field

from serve.sections.section import Section


class Budget(Section):
    """Of a day or a month, in UTC. None: as much as it likes."""

    tokens: int | None = Field(None, ge=1, description="Of prompts and answers together.")
    money: float | None = Field(None, gt=0, description="By the prices of the tiers.")
    energy: float | None = Field(None, gt=0, description="Watt-hours, by the tiers' energy.")


class Limits(Section):
    """Requests and tokens per minute, requests at a time, and budgets. None: no limit."""

    requests: int | None = Field(None, ge=1, description="Requests a minute.")
    input_tokens: int | None = Field(None, ge=1, description="Tokens of prompts a minute.")
    output_tokens: int | None = Field(None, ge=1, description="Tokens of answers a minute.")
    tokens: int | None = Field(None, ge=1, description="Tokens of both a minute.")
    parallel: int | None = Field(None, ge=1, description="Requests at a time.")
    day: Budget = Field(Budget(), description="For a day, in UTC.")
    month: Budget = Field(Budget(), description="For a calendar month, in UTC.")

    @cached_property
    def are_set(self) -> bool:
        return self != Limits()


class QuotaSettings(Section):
    """Keys and groups have limits of their own: `hearth keys`. All that apply must allow it."""

    keys: Limits = Field(Limits(), description="Of every key that has none of its own.")
    models: dict[str, Limits] = Field({}, description="Of all keys together, by model.")
    warn: float = Field(0.8, gt=0, le=1, description="Share of a budget that is warned of.")
