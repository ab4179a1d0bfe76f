"""Everything in a conversation can be done by keys."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from ui import words

pytestmark = pytest.mark.slow


def outside(visitor: Visitor) -> None:
    """The focus leaves the box, by a key."""
    visitor.page.keyboard.press("Escape")
    expect(visitor.box).not_to_be_focused()


def test_the_list_of_keys_opens_and_closes(visitor: Visitor) -> None:
    keys = visitor.page.get_by_role("dialog", name="Keyboard shortcuts")
    visitor.box.focus()
    visitor.page.keyboard.press("Control+/")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Edit the last question")
    visitor.page.keyboard.press("Escape")
    expect(keys).not_to_be_visible()
    expect(visitor.box).to_be_focused()
    visitor.page.keyboard.type("?")
    expect(visitor.box).to_have_value("?")
    outside(visitor)
    visitor.page.keyboard.type("?")
    expect(keys).to_be_visible()


def test_keys_ask_again_copy_and_begin_a_new_chat(visitor: Visitor) -> None:
    visitor.ask_and_wait("By keys only")
    outside(visitor)
    visitor.page.keyboard.press("c")
    expect(visitor.answer.locator(".copy")).to_have_class("tool copy copied")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == "By keys only"
    visitor.page.keyboard.press("r")
    expect(visitor.answer.locator(".count")).to_have_text("2/2")
    visitor.sees_answer("done")
    visitor.page.keyboard.press("m")
    expect(visitor.box).to_be_focused()
    outside(visitor)
    visitor.page.keyboard.press("n")
    expect(visitor.turns).to_have_count(0)
    expect(visitor.box).to_be_focused()
    expect(visitor.box).to_have_value("")


def test_arrow_up_in_the_empty_box_edits_the_last_question(visitor: Visitor) -> None:
    visitor.ask_and_wait("First try")
    visitor.box.fill("draft")
    visitor.box.press("ArrowUp")
    editor = visitor.page.get_by_role("textbox", name="Edit")
    expect(editor).to_have_count(0)
    visitor.box.fill("")
    visitor.box.press("ArrowUp")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("First try")
    visitor.page.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    expect(visitor.box).to_be_focused()
    expect(visitor.turns.first.locator(".body")).to_have_text("First try")


@pytest.mark.parametrize("how", [{"isComposing": True}, {"keyCode": 229}])
def test_enter_that_ends_a_composed_word_sends_nothing(
    visitor: Visitor, how: dict[str, object]
) -> None:
    enter = """(field, how) => field.dispatchEvent(
        new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...how}))"""
    visitor.box.fill("にほん")
    visitor.box.evaluate(enter, how)
    expect(visitor.box).to_have_value("にほん")
    expect(visitor.turns).to_have_count(0)
    visitor.ask_and_wait("First try", "echo")
    visitor.box.press("ArrowUp")
    editor = visitor.page.get_by_role("textbox", name="Edit")
    editor.evaluate(enter, how)
    expect(editor).to_be_focused()
    expect(visitor.turns).to_have_count(2)


def test_escape_closes_the_innermost_first(visitor: Visitor) -> None:
    visitor.ask("A long story", "long")
    visitor.sees_answer("writing")
    visitor.page.get_by_role("button", name="Add documents").click()
    menu = visitor.page.get_by_role("button", name="A folder …")
    expect(menu).to_be_visible()
    visitor.page.keyboard.press("Control+/")
    keys = visitor.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(keys).not_to_be_visible()
    expect(menu).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    visitor.sees_answer("writing")
    visitor.page.keyboard.press("Escape")
    visitor.sees_answer("stopped")


def test_settings_open_and_close_by_a_key(visitor: Visitor) -> None:
    outside(visitor)
    system = visitor.page.get_by_label(words.SYSTEM)
    visitor.page.keyboard.press(",")
    expect(system).to_be_in_viewport()
    visitor.page.keyboard.press("Escape")
    expect(system).not_to_be_in_viewport()


def test_single_keys_can_be_turned_off(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Control+/")
    visitor.page.get_by_label("Single keys act outside of fields").uncheck()
    visitor.page.keyboard.press("Escape")
    visitor.ask_and_wait("Stay")
    outside(visitor)
    visitor.page.keyboard.press("n")
    expect(visitor.turns).to_have_count(2)
    visitor.page.reload()
    visitor.sees_the_chat()
    expect(visitor.turns).to_have_count(2)
    visitor.page.keyboard.press("Control+/")
    expect(visitor.page.get_by_label("Single keys act outside of fields")).not_to_be_checked()


def test_keys_with_a_modifier_stay_the_browsers(visitor: Visitor) -> None:
    visitor.ask_and_wait("Stay")
    outside(visitor)
    for keys in ("Control+c", "Alt+n", "Meta+r", "Control+Shift+n"):
        handled = visitor.page.evaluate(
            """(keys) => {
                const [key, ...held] = keys.split("+").reverse();
                const down = {
                    ctrlKey: held.includes("Control"), altKey: held.includes("Alt"),
                    metaKey: held.includes("Meta"), shiftKey: held.includes("Shift")};
                const event = new KeyboardEvent(
                    "keydown", {key, bubbles: true, cancelable: true, ...down});
                return !document.body.dispatchEvent(event);
            }""",
            keys,
        )
        assert not handled, keys
    expect(visitor.turns).to_have_count(2)
