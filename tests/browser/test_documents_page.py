"""The page that keeps documents, before a real library: what is brought, and what goes."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.keeper import (
    NOT_FOUND,
    SAID,
    brought,
    has_files,
    link,
    opened,
    table,
)
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow
pytest_plugins = "tests.browser.newcomer"

# ---- the first three minutes


def test_a_newcomer_drops_a_folder_and_gets_a_cited_answer_from_it(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()
    brought(newcomer, folder)
    expect(page.get_by_role("heading", name="handbook")).to_be_visible()
    expect(table(page)).to_have_count(2)
    expect(page.locator(".shelves")).to_contain_text("2 documents")
    link(page, SAID["ask"]).click()
    expect(page.locator("#documents .face")).to_have_accessible_name("Documents: handbook")
    assert page.url == f"{newcomer.appliance.url}/ui/"
    newcomer.ask_and_wait("How long does parental leave last?")
    expect(newcomer.answer.locator(".mark").first).to_have_accessible_name(
        "Source 1: leave/parental.md"
    )


def test_an_empty_collection_says_what_to_do_and_takes_files_of_the_picker(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    page.get_by_label(SAID["orEmpty"]).fill("Rules")
    newcomer.press(SAID["createEmpty"])
    expect(opened(page)).to_contain_text(SAID["emptyCollection"])
    with page.expect_file_chooser() as chooser:
        newcomer.press(SAID["chooseFolder"])
    chooser.value.set_files(folder)
    expect(table(page)).to_have_count(2)
    expect(page.locator(".about").first).to_contain_text("2 documents")


# ---- what is brought


def test_a_file_that_cannot_be_read_says_why_and_can_be_read_again(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    (folder / "setup.exe").write_bytes(b"MZ" + bytes(range(256)) * 20)
    newcomer.drop(folder)
    expect(page.locator(".intake")).to_contain_text("2 of 3 ready · 1 refused")
    expect(page.locator(".intake .refused")).to_contain_text("of no kind that can be read")
    newcomer.press("Close")
    row = table(page).filter(has_text="setup.exe")
    expect(row).to_contain_text("of no kind that can be read")
    page.get_by_role("group", name=SAID["state"]).get_by_text(SAID["filters"]["failed"]).click()
    expect(table(page)).to_have_count(1)
    row.get_by_role("button", name="Read “setup.exe” again").click()
    expect(row).to_contain_text("of no kind that can be read")


def test_names_and_passages_that_would_be_html_are_text(newcomer: Visitor, tmp_path: Path) -> None:
    page, evil = newcomer.page, "<img src=x onerror='window.owned = 1'>"
    (tmp_path / evil).mkdir()
    (tmp_path / evil / f"{evil}.txt").write_text(f"Kettles sing. {evil}\n")
    brought(newcomer, tmp_path / evil)
    expect(page.get_by_role("heading", name=evil)).to_be_visible()
    link(page, f"{evil}.txt").click()
    expect(page.locator(".passages")).to_contain_text(f"Kettles sing. {evil}")
    assert page.evaluate("window.owned") is None


def test_a_changed_file_of_the_same_name_takes_the_place_of_the_earlier_one(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    newcomer.expected.append(NOT_FOUND)  # the earlier one, which was looked behind
    brought(newcomer, folder)
    earlier = link(page, "leave/parental.md").get_attribute("href") or ""
    (folder / "leave" / "parental.md").write_text("# Leave\n\nParental leave lasts a year.\n")
    newcomer.drop(folder)
    expect(link(page, "leave/parental.md")).not_to_have_attribute("href", earlier)
    expect(table(page)).to_have_count(2)
    link(page, "leave/parental.md").click()
    expect(page.locator(".passages")).to_contain_text("lasts a year")


# ---- deleting


def test_a_deleted_document_is_hidden_and_comes_back_or_goes_with_its_file(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    remove = page.get_by_role("button", name="Delete “house.pdf”")
    remove.click()
    expect(table(page)).to_have_count(1)
    expect(page.locator(".about").first).to_contain_text("1 document")
    newcomer.press(SAID["undo"])
    expect(table(page)).to_have_count(2)
    page.reload()
    expect(table(page)).to_have_count(2)
    remove.click()
    expect(page.locator(".toasts")).to_contain_text("Deleted “house.pdf”.")
    has_files(page, ["house.pdf", "parental.md"])
    expect(page.locator(".toasts p")).to_have_count(0)
    expect(table(page)).to_have_count(1)
    has_files(page, ["parental.md"])


def test_what_was_deleted_is_gone_after_a_reload_in_the_midst_of_its_ten_seconds(
    newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    page.get_by_role("button", name="Delete “house.pdf”").click()
    expect(table(page)).to_have_count(1)
    page.reload()
    expect(table(page)).to_have_count(1)
    expect(table(page)).to_contain_text("leave/parental.md")


def test_what_was_deleted_goes_with_its_file_though_the_tab_never_comes_back(
    newcomer: Visitor, folder: Path
) -> None:
    brought(newcomer, folder)
    other = newcomer.page.context.new_page()
    other.goto(newcomer.page.url)
    has_files(other, ["house.pdf", "parental.md"])
    newcomer.page.get_by_role("button", name="Delete “house.pdf”").click()
    newcomer.page.goto("about:blank")
    has_files(other, ["parental.md"])


def test_a_collection_is_renamed_deleted_and_brought_back(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    newcomer.press(SAID["rename"])
    page.get_by_role("textbox", name=SAID["rename"]).fill("House rules")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    expect(page.locator(".shelves strong")).to_have_text("House rules")
    newcomer.press(SAID["deleteCollection"])
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()
    newcomer.press(SAID["undo"])
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    newcomer.press(SAID["deleteCollection"])
    page.reload()
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()
    has_files(page, [])


# ---- elsewhere


def test_a_narrow_window_shows_the_list_or_what_is_open(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".shelves")).to_be_hidden()
    link(page, SAID["all"]).click()
    expect(page.locator(".shelves")).to_be_visible()
    expect(opened(page)).to_be_hidden()
    page.locator(".shelves li a").click()
    expect(page.get_by_role("heading", name="handbook")).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
