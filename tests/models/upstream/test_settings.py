"""An upstream's address and key are what they should be, and stay where they are."""

import pytest

from models.engine import Usage
from models.errors import ModelRefused
from models.upstream.engine import UpstreamEngine
from models.upstream.settings import Prices, UpstreamSettings

URL = "https://host.example:8443/v1"


@pytest.mark.parametrize(
    "url",
    [
        "host/v1",
        "ftp://host/v1",
        "https:///v1",
        "https://user:pass@host/v1",
        "https://host/v1?key=1",
        "https://host/v1#x",
        "https://host:port/v1",
        "https://ho st/v1",
        "https://[::1/v1",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ModelRefused):
        UpstreamSettings("ours", url, "theirs")


@pytest.mark.parametrize("key", ["two words", "line\n", "schlüssel"])
def test_a_key_that_cannot_stand_in_a_header_is_refused(key: str) -> None:
    with pytest.raises(ModelRefused):
        UpstreamSettings("ours", URL, "theirs", key)


def test_a_key_is_never_shown() -> None:
    assert "sk-1" not in repr(UpstreamSettings("ours", URL, "theirs", "sk-1"))


def test_a_slash_at_the_end_makes_no_difference() -> None:
    for url in (URL, URL + "/"):
        assert UpstreamSettings("o", url, "t").url("models") == f"{URL}/models"


def test_the_revision_changes_with_the_model_and_shows_no_address() -> None:
    cards = [UpstreamEngine(UpstreamSettings("o", URL, name)).card for name in ("a", "b")]
    assert cards[0].revision != cards[1].revision
    assert "host" not in cards[0].revision
    assert (cards[0].name, cards[0].engine) == ("o", "openai")


def test_an_answer_costs_what_its_tokens_cost() -> None:
    assert Prices(input=0.5, output=2.0).of(Usage(2_000_000, 500_000)) == 2.0
