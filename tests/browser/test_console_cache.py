"""Kept answers at the console: what they save, and away with them."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visitor import Visitor
from tests.ui.appliance import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def page(appliance: Served, owner: Visitor) -> Page:
    """Two answers of two models are kept, and no others; one was given again."""
    forget = httpx.delete(
        f"{appliance.url}/admin/cache", headers={"Authorization": f"Bearer {appliance.owner}"}
    )
    forget.raise_for_status()
    for model, text in (("echo", "lamps"), ("echo", "lamps"), ("markdown", "kettles")):
        asked(appliance, model, text)
    owner.page.get_by_role("link", name="Kept answers").click()
    expect(rows(owner.page).first).to_be_visible()
    return owner.page


def asked(appliance: Served, model: str, text: str) -> None:
    body = {"model": model, "temperature": 0, "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {appliance.key}"}
    url = f"{appliance.url}/v1/chat/completions"
    httpx.post(url, json=body, headers=headers).raise_for_status()


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def test_what_is_saved_and_kept_is_shown_without_a_word_of_it(page: Page) -> None:
    expect(page.locator(".tile", has_text="Given again")).to_contain_text("0 in other words")
    expect(rows(page).filter(has_text="somebody")).not_to_have_count(0)
    expect(rows(page).filter(has_text="markdown")).to_have_count(1)
    expect(page.locator("#console-main")).not_to_contain_text("kettles")


def test_a_flush_says_what_would_go_and_takes_nothing_else(appliance: Served, page: Page) -> None:
    page.get_by_label("Model").fill("markdown")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Forget these …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Forget 1 kept answers?")
    expect(dialog).to_contain_text("Those with Model: markdown.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Forget these …").click()
    dialog.get_by_role("button", name="Forget them").click()
    expect(page.get_by_text("No kept answer fits these filters.")).to_be_visible()
    page.get_by_label("Model").fill("")
    expect(rows(page).filter(has_text="echo")).not_to_have_count(0)
    assert appliance.house.keys.acts(1)[0].details == {"entries": 1, "model": "markdown"}
