import httpx

from tests.ui.appliance import Served


def test_the_page_offers_no_programming_interface(appliance: Served) -> None:
    described = httpx.get(f"{appliance.page}gradio_api/info").json()
    assert described == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_the_page_reports_to_nobody_and_shares_nothing(appliance: Served) -> None:
    config = httpx.get(f"{appliance.page}config").json()
    assert config["analytics_enabled"] is False
    assert not config.get("is_space")
    assert config["footer_links"] == []


def test_no_key_is_in_what_every_visitor_gets(appliance: Served) -> None:
    assert appliance.key not in httpx.get(f"{appliance.page}config").text
