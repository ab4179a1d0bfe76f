"""What the configuration says of an upstream is what its engine takes."""

import pytest
from pydantic import ValidationError

from models.upstream.settings import Patience, Prices, UpstreamSettings
from serve.sections.upstream import UpstreamSection

SECTION = UpstreamSection(base_url="http://host:8000/v1", model="m")


def test_the_defaults_are_the_engines() -> None:
    told = SECTION.model_dump(exclude={"key_from", "patience", "prices"})
    settings = UpstreamSettings("ours", **told)
    assert settings == UpstreamSettings("ours", "http://host:8000/v1", "m")
    assert Patience(**SECTION.patience.model_dump()) == settings.patience
    assert Prices(**SECTION.prices.model_dump()) == settings.prices


@pytest.mark.parametrize(
    "fields",
    [
        {"base_url": "host/v1"},
        {"base_url": "https://user:key@host/v1"},
        {"base_url": "https://host/v1?api_key=sk"},
        {"model": ""},
        {"key_from": "sk-the key itself"},
        {"api_key": "sk-1"},
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        UpstreamSection(**{"base_url": "http://host", "model": "m", **fields})
