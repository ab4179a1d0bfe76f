"""Tokens that several generations of one request used, added up."""

from collections.abc import Iterable

from models.engine import Usage


def add_usage(one: Usage | None, other: Usage) -> Usage:
    """The sum over choices of one prompt: the prompt itself is counted once."""
    if one is None:
        return other
    return Usage(
        prompt_tokens=max(one.prompt_tokens, other.prompt_tokens),
        completion_tokens=one.completion_tokens + other.completion_tokens,
        cached_tokens=max(one.cached_tokens, other.cached_tokens),
    )


def total_usage(usages: Iterable[Usage]) -> Usage:
    """The sum over different prompts."""
    each = list(usages)
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in each),
        completion_tokens=sum(usage.completion_tokens for usage in each),
        cached_tokens=sum(usage.cached_tokens for usage in each),
    )
