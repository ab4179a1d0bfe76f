import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from ui import words

pytestmark = pytest.mark.slow

FROM_END = "document.documentElement.scrollHeight - innerHeight - scrollY"  # pixels


def test_a_reload_brings_the_open_conversation_back(visitor: Visitor) -> None:
    visitor.ask_and_wait("Show me before a reload", "markdown")
    visitor.page.reload()
    expect(visitor.turns).to_have_count(2)
    expect(visitor.answer.get_by_role("heading", name="Counting")).to_be_visible()
    expect(visitor.answer.locator(".note")).to_contain_text("Answered by markdown")


def test_conversations_are_listed_opened_renamed_and_deleted(visitor: Visitor) -> None:
    visitor.ask_and_wait("About lamps")
    visitor.press("New chat")
    expect(visitor.turns).to_have_count(0)
    visitor.ask_and_wait("About kettles")
    expect(visitor.chats.locator(".title")).to_have_text(["About kettles", "About lamps"])

    visitor.page.get_by_role("button", name="About lamps").click()
    expect(visitor.turns.first).to_contain_text("About lamps")

    visitor.chats.last.get_by_role("button", name="Rename").click()
    visitor.page.get_by_role("textbox", name="Rename").fill("Light")
    visitor.page.keyboard.press("Enter")
    expect(visitor.chats.last).to_contain_text("Light")

    visitor.chats.last.get_by_role("button", name="Delete").click()
    visitor.press("Really delete?")
    expect(visitor.chats.locator(".title")).to_have_text(["About kettles"])
    expect(
        visitor.page.get_by_role("heading", name=words.table("PAGE")["greeting"])
    ).to_be_visible()


def test_an_answer_goes_on_while_another_conversation_is_open(visitor: Visitor) -> None:
    visitor.ask("A long story", "long")
    visitor.sees_answer("writing")
    visitor.press("New chat")
    expect(visitor.turns).to_have_count(0)
    visitor.page.get_by_role("button", name="A long story").click()
    visitor.sees_answer("writing")
    visitor.page.keyboard.press("Escape")
    visitor.sees_answer("stopped")


def test_two_tabs_do_not_disturb_each_other(visitor: Visitor) -> None:
    other = visitor.in_another_tab()
    visitor.ask("A long story", "long")
    visitor.sees_answer("writing")
    other.ask_and_wait("A short one", "echo")
    expect(other.page.locator(".turn .body")).to_have_text(["A short one", "A short one"])
    visitor.sees_answer("writing")
    visitor.page.keyboard.press("Escape")
    visitor.sees_answer("stopped")
    expect(other.chats.locator(".title")).to_have_text(["A long story", "A short one"])
    other.page.get_by_role("button", name="A long story").click()
    expect(other.answer).to_contain_text("stopped")


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_away(visitor: Visitor) -> None:
    visitor.ask("A long story", "long")
    visitor.sees_answer("writing")
    visitor.chats.first.get_by_role("button", name="Delete").click()
    visitor.press("Really delete?")
    expect(visitor.turns).to_have_count(0)
    visitor.frees("long")
    visitor.ask_and_wait("A short one", "echo")
    expect(visitor.chats.locator(".title")).to_have_text(["A short one"])


def test_what_another_tab_adds_to_the_open_conversation_is_shown_and_kept(visitor: Visitor) -> None:
    visitor.ask_and_wait("First", "echo")
    other = visitor.in_another_tab()
    other.page.get_by_role("button", name="First").click()
    other.ask_and_wait("Second")
    expect(visitor.turns).to_have_count(4)
    visitor.ask_and_wait("Third")
    expect(other.page.locator(".turn.user .body")).to_have_text(["First", "Second", "Third"])
    other.chats.first.get_by_role("button", name="Delete").click()
    other.press("Really delete?")
    expect(visitor.turns).to_have_count(0)
    expect(visitor.chats).to_have_count(0)


def test_what_two_tabs_answer_at_once_is_kept_of_both(visitor: Visitor) -> None:
    visitor.ask_and_wait("First", "echo")
    other = visitor.in_another_tab()
    other.page.get_by_role("button", name="First").click()
    visitor.ask("A long story", "long")
    visitor.sees_answer("writing")
    other.ask_and_wait("A short one", "echo")
    visitor.sees_answer("writing")
    visitor.page.keyboard.press("Escape")
    visitor.sees_answer("stopped")
    for tab, at, mine, theirs in (
        (visitor, "1/2", "A long story", "A short one"),
        (other, "2/2", "A short one", "A long story"),
    ):
        tab.page.reload()
        asked = tab.page.locator(".turn.user").last
        expect(tab.turns).to_have_count(4)
        expect(asked.locator(".body")).to_have_text(mine)
        expect(asked.locator(".count")).to_have_text(at)
        asked.get_by_role("button", name=re.compile("(Next|Previous) version")).and_(
            tab.page.locator(":enabled")
        ).click()
        expect(asked.locator(".body")).to_have_text(theirs)


def test_a_long_conversation_opens_whole(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """() => {
            const turns = Array.from({length: 200}, (_, n) => (
                {role: n % 2 ? "assistant" : "user", text: `**${n}** ` + "word ".repeat(80)}));
            localStorage.setItem("hearth.chat.big", JSON.stringify({id: "big", turns}));
            localStorage.setItem("hearth.title.big", JSON.stringify({title: "Big", at: 1}));
        }"""
    )
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Big").click()
    expect(visitor.turns).to_have_count(200)
    expect(visitor.answer.locator("strong")).to_have_text("199")
    is_at_end(visitor)
    visitor.page.reload()
    expect(visitor.answer.locator("strong")).to_have_text("199")
    is_at_end(visitor)


def test_a_conversation_that_is_too_long_to_go_on_says_so(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """() => {
            const turns = Array.from({length: 21}, (_, n) => (
                {role: n % 2 ? "user" : "assistant", text: `**${n}** `}));
            turns[0].text = "\\u20ac".repeat(1_400_000); // 4.2 MB
            localStorage.setItem("hearth.chat.big", JSON.stringify({id: "big", turns}));
            localStorage.setItem("hearth.title.big", JSON.stringify({title: "Big", at: 1}));
        }"""
    )
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Big").click()
    expect(visitor.answer.locator("strong")).to_have_text("20")  # what is seen first is drawn
    visitor.ask("And then?", "echo")
    visitor.sees_answer("failed")
    expect(visitor.answer.locator(".note")).to_contain_text("2000 turns or 3.9 MB at most")
    visitor.press("New chat")
    visitor.ask_and_wait("A short one", "echo")


def is_at_end(visitor: Visitor) -> None:
    """And stays there: heights of turns that were out of sight are found out late."""
    visitor.page.wait_for_function(f"{FROM_END} < 8")
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.evaluate(FROM_END) < 8


def test_who_scrolls_up_while_an_answer_grows_is_not_pulled_back(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 800, "height": 400})
    visitor.ask("A long story", "long")
    page.wait_for_function("scrollY > 100")
    page.mouse.move(400, 150)
    page.mouse.wheel(0, -40)
    page.wait_for_function(f"{FROM_END} > 200")  # it grows on below
    page.get_by_role("button", name=words.table("PAGE")["latest"]).click()
    page.wait_for_function(f"{FROM_END} < 8")
    page.keyboard.press("Escape")
    visitor.sees_answer("stopped")


def test_a_narrow_screen_shows_the_conversation_first(visitor: Visitor) -> None:
    visitor.ask_and_wait("Hello")
    visitor.page.set_viewport_size({"width": 390, "height": 780})
    visitor.page.reload()
    expect(visitor.answer).to_be_in_viewport()
    expect(visitor.page.locator("#new-chat")).not_to_be_in_viewport()
    width = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
