"""Policies that make sense, and names that exist."""

from typing import Any

import pytest
from pydantic import ValidationError

from serve.sections.filters import FilterSettings


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ({"incoming": {"image": "mask"}}, "answers only"),
        ({"outgoing": {"injection": "note"}}, "requests only"),
        ({"incoming": {"injection": "mask"}}, "not masked"),
        ({"outgoing": {"link": "block"}}, "masked only"),
        ({"terms": ["secret plan"]}, "need an action"),
        ({"incoming": {"term": "block"}, "terms": [" "]}, "at least 1"),
        ({"incoming": {"faces": "block"}}, "faces"),
        ({"incoming": {"email": "delete"}}, "mask"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_the_reason(
    policy: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        FilterSettings.model_validate({"policies": {"mine": policy}})
    assert word in str(refused.value)


@pytest.mark.parametrize("fields", [{"default": "mine"}, {"collections": {"handbook": "mine"}}])
def test_a_policy_that_is_named_must_be_there(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="off, standard, private"):
        FilterSettings.model_validate(fields)


def test_a_built_in_name_may_be_given_another_meaning() -> None:
    told = {"policies": {"standard": {"incoming": {"card": "block"}}}}
    policy = FilterSettings.model_validate(told).named()["standard"]
    assert (policy.incoming, policy.outgoing) == ({"card": "block"}, {})
