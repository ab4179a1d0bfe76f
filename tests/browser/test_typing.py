"""Not one key is lost, however busy the page is."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow

WORDS = "the quick brown fox jumps over the lazy dog, again and again and again"
MANY = """() => {
    const turns = Array.from({length: 200}, (_, n) => n % 2
        ? {role: "assistant", text: `Answer **${n}**:\\n\\n- ` + "word ".repeat(12) + "\\n- two"}
        : {role: "user", text: `Question ${n}`});
    localStorage.setItem("hearth.chat.many", JSON.stringify({id: "many", turns}));
    localStorage.setItem("hearth.title.many", JSON.stringify({title: "Many", at: 1}));
}"""


@pytest.fixture
def many(visitor: Visitor) -> Visitor:
    """Before a conversation of 200 turns."""
    visitor.page.evaluate(MANY)
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Many").click()
    expect(visitor.turns).to_have_count(200)
    expect(visitor.answer.locator("strong")).to_have_text("199")
    return visitor


def test_keys_during_a_stream_under_200_messages_arrive_all(many: Visitor) -> None:
    many.ask("Go on", "long")
    many.sees_answer("writing")
    many.box.press_sequentially(WORDS)
    expect(many.box).to_have_value(WORDS)
    many.page.keyboard.press("Escape")
    many.sees_answer("stopped")
    expect(many.box).to_have_value(WORDS)


def test_keys_right_behind_enter_begin_the_next_question(visitor: Visitor) -> None:
    visitor.choose("long")
    visitor.box.fill("Go on")
    visitor.box.focus()
    for key in ("Enter", *"and then"):
        visitor.page.keyboard.press(key)
    visitor.sees_answer("writing")
    expect(visitor.turns.first.locator(".body")).to_have_text("Go on")
    expect(visitor.box).to_have_value("and then")


def test_a_draft_survives_a_reload(visitor: Visitor) -> None:
    visitor.box.fill("half a question")
    visitor.page.reload()
    expect(visitor.box).to_have_value("half a question")
    visitor.sees_the_chat()
    visitor.box.press("Enter")
    visitor.sees_answer("done")
    visitor.page.reload()
    visitor.sees_the_chat()
    expect(visitor.box).to_have_value("")


def test_what_is_typed_before_the_scripts_are_there_is_not_lost(visitor: Visitor) -> None:
    held: list[Route] = []
    visitor.page.route("**/assets/HTML-*.js", lambda route: held.append(route))
    visitor.page.reload()
    visitor.box.fill("typed early")
    visitor.box.press("Enter")
    visitor.page.get_by_test_id("submit-button").click()
    expect(visitor.box).to_have_value("typed early")
    for route in held:
        route.continue_()
    visitor.sees_the_chat()
    visitor.box.press("Enter")
    visitor.sees_answer("done")
    expect(visitor.turns.first.locator(".body")).to_have_text("typed early")


def test_enter_while_an_answer_grows_takes_nothing_away(visitor: Visitor) -> None:
    visitor.ask("Go on", "long")
    visitor.sees_answer("writing")
    visitor.box.press_sequentially("first")
    for key in ("Enter", *" second"):
        visitor.page.keyboard.press(key)
    visitor.box.press_sequentially(" third")
    expect(visitor.box).to_have_value("first second third")
    expect(visitor.turns).to_have_count(2)


def test_keys_at_the_end_of_an_answer_arrive_all(visitor: Visitor) -> None:
    visitor.ask("Go on", "markdown")
    visitor.box.press_sequentially(WORDS, delay=15)
    visitor.sees_answer("done")
    visitor.box.press_sequentially(WORDS)
    expect(visitor.box).to_have_value(WORDS * 2)
