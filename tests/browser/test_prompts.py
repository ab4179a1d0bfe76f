"""Prompts of one's own: saved from the box, inserted by a slash."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow

POLITE = "Rewrite this politely: {text}"


def dialog(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name="Your prompts")


@pytest.fixture
def polite(visitor: Visitor) -> Visitor:
    """The text in the box was saved as a prompt, and the dialog closed."""
    visitor.box.fill(POLITE)
    visitor.press("Your prompts")
    expect(dialog(visitor).get_by_label("Prompt", exact=True)).to_have_value(POLITE)
    dialog(visitor).get_by_label("Name").fill("be polite")
    visitor.page.keyboard.press("Enter")
    expect(dialog(visitor).locator(".take")).to_have_text("/be-polite" + POLITE)
    visitor.page.keyboard.press("Escape")
    expect(dialog(visitor)).not_to_be_visible()
    visitor.box.fill("")
    return visitor


def test_a_slash_and_a_name_insert_a_prompt_with_its_gap_selected(polite: Visitor) -> None:
    options = polite.page.get_by_role("option")
    polite.box.press_sequentially("/pol")
    expect(options).to_have_count(1)
    polite.box.press("Enter")
    expect(polite.box).to_have_value(POLITE)
    expect(options).to_have_count(0)
    polite.page.keyboard.type("Go away")
    polite.box.press("Enter")
    polite.sees_answer("done")
    expect(polite.turns.first.locator(".body")).to_have_text("Rewrite this politely: Go away")


def test_the_menu_is_left_by_escape_and_other_words_are_sent(polite: Visitor) -> None:
    options = polite.page.get_by_role("option")
    polite.box.press_sequentially("/")
    expect(options).to_have_count(1)
    polite.box.press("Escape")
    expect(options).to_have_count(0)
    expect(polite.box).to_be_focused()
    polite.box.press_sequentially("etc is a folder")
    expect(options).to_have_count(0)
    polite.box.press("Enter")
    polite.sees_answer("done")
    expect(polite.turns.first.locator(".body")).to_have_text("/etc is a folder")


def test_a_draft_that_a_prompt_replaced_comes_back_when_that_is_undone(polite: Visitor) -> None:
    polite.box.fill("half a question")
    polite.press("Your prompts")
    dialog(polite).get_by_role("button", name="/be-polite").first.click()
    expect(polite.box).to_have_value(POLITE)
    polite.page.keyboard.press("Control+z")
    expect(polite.box).to_have_value("half a question")


def test_own_prompts_stay_and_begin_a_new_chat(polite: Visitor) -> None:
    polite.page.reload()
    card = polite.page.locator(".example").first
    expect(card).to_contain_text("/be-polite")
    card.click()
    expect(polite.box).to_have_value(POLITE)
    expect(polite.turns).to_have_count(0)


def test_prompts_are_changed_and_deleted(polite: Visitor) -> None:
    polite.press("Your prompts")
    polite.press("Change /be-polite")
    dialog(polite).get_by_label("Prompt", exact=True).fill("Shorter")
    polite.press("Save")
    expect(dialog(polite).locator(".take")).to_have_text(["/be-politeShorter"])
    polite.press("Delete /be-polite")
    expect(dialog(polite)).to_contain_text("None yet.")
    polite.page.keyboard.press("Escape")
    expect(polite.page.locator(".example").first).to_contain_text("Explain")
