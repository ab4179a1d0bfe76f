"""Every page keeps WCAG 2.2, levels A and AA, light and dark, as far as axe can tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.ui.appliance import Place, Served, free_port
from tests.ui.librarian import keeping
from ui import words
from ui.app import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECTIONS = tuple(words.table("CONSOLE_PAGE")["sections"])
REFUSED = "Failed to load resource"  # what the console says of every 4xx
LEAVE = "# Leave\n\nParental leave lasts 14 weeks.\n\n## Holidays\n\nEveryone has 27 days.\n"


def is_accessible(page: Page) -> None:
    assert violations(page) == []


@contextmanager
def before(chromium: BrowserContext, place: Place, name: str = "") -> Iterator[Visitor]:
    """Somebody at the door of a page."""
    with visiting(chromium, place, name) as visitor:
        visitor.page.emulate_media(reduced_motion="reduce")
        expect(visitor.page.get_by_label("Key")).to_be_visible()
        yield visitor


@pytest.mark.parametrize("name", ["", *PAGES])
def test_the_door(chromium: BrowserContext, appliance: Served, name: str) -> None:
    with before(chromium, appliance, name) as visitor:
        is_accessible(visitor.page)
        visitor.sign_in("not a key")
        expect(visitor.page.locator("#refusal")).to_contain_text("unknown")
        is_accessible(visitor.page)


def test_the_chat(visitor: Visitor) -> None:
    is_accessible(visitor.page)
    visitor.ask_and_wait("Hello", "markdown")
    visitor.answer.get_by_role("button", name="Good answer").click()
    visitor.answer.get_by_role("button", name=words.table("PAGE")["account"]["open"]).click()
    expect(visitor.answer.locator(".account")).to_be_visible()
    is_accessible(visitor.page)
    visitor.press("Settings")
    expect(visitor.page.get_by_label(words.SYSTEM)).to_be_visible()
    is_accessible(visitor.page)


def test_an_answer_from_documents(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text(LEAVE)
    visitor.drop(tmp_path)
    expect(visitor.intake.get_by_role("button", name="Close")).to_be_visible()
    visitor.ask_and_wait("How long is parental leave?")
    visitor.answer.locator(".mark").first.click()
    expect(visitor.page.get_by_role("complementary", name="Source")).to_be_visible()
    is_accessible(visitor.page)


def test_the_documents(chromium: BrowserContext, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "leave.md").write_text(LEAVE)
    with (
        keeping(tmp_path / "home", free_port()) as place,
        before(chromium, place) as visitor,
    ):
        page, main = visitor.page, visitor.page.locator("#documents-main")
        visitor.sign_in()
        expect(main.get_by_role("heading").first).to_be_visible()
        is_accessible(page)
        visitor.drop(folder)
        expect(page.locator(".intake .close")).to_be_visible()
        expect(main.locator("tbody tr")).to_have_count(1)
        is_accessible(page)
        main.get_by_role("link", name="leave.md").click()
        expect(page.locator(".passages li").first).to_be_visible()
        is_accessible(page)


def test_the_playground(chromium: BrowserContext, appliance: Served) -> None:
    with before(chromium, appliance, "playground") as visitor:
        visitor.sign_in()
        visitor.press("Send")
        expect(visitor.page.locator(".pane .time")).to_contain_text("all")
        visitor.page.get_by_text("Events as they came").click()
        is_accessible(visitor.page)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_console(owner: Visitor, section: str) -> None:
    page = owner.page
    if section == "quality":  # there are no golden questions here
        owner.expected.append(REFUSED)
    page.goto(f"{owner.appliance.page}console#{section}")
    expect(page.locator(f"#console-page section.{section} > *").first).to_be_visible()
    is_accessible(page)


def test_a_receipt(owner: Visitor) -> None:
    owner.appliance.ask("echo", "What is a receipt?")
    owner.page.goto(f"{owner.appliance.page}console#receipts")
    owner.page.get_by_role("table", name="Receipts").locator("tbody tr").first.click()
    expect(owner.page.locator(".lead")).to_be_visible()
    is_accessible(owner.page)
