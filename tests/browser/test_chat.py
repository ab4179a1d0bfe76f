import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.ui.appliance import Served
from ui import words

pytestmark = pytest.mark.slow

ANSWERED = re.compile(r"^Answered by echo in [\d.]+ s · \d+ tokens, [\d.]+ a second$")


# ---- signing in


def test_a_key_opens_the_page_and_stays_in_this_browser(stranger: Visitor) -> None:
    stranger.sign_in()
    expect(
        stranger.page.get_by_role("heading", name=words.table("PAGE")["greeting"])
    ).to_be_visible()
    stranger.page.reload()
    stranger.sees_the_chat()
    assert stranger.appliance.key not in stranger.page.url


@pytest.mark.parametrize(
    ("key", "expected"),
    [("hearth-wrong", words.SIGN_IN_AGAIN), ("", ""), ("two\twords é", words.SIGN_IN_AGAIN)],
)
def test_a_wrong_key_is_refused_in_words(stranger: Visitor, key: str, expected: str) -> None:
    stranger.sign_in(key)
    expect(stranger.page.locator("#refusal")).to_contain_text(expected)
    expect(stranger.page.get_by_label("Key")).to_be_visible()


def test_a_sign_in_link_opens_the_page_once_and_leaves_the_address_bar(stranger: Visitor) -> None:
    link = stranger.appliance.link
    stranger.page.goto(link)
    stranger.sees_the_chat()
    assert stranger.page.url == stranger.appliance.page
    stranger.press("Sign out")
    expect(stranger.page.get_by_label("Key")).to_be_visible()
    stranger.page.goto(link)
    expect(stranger.page.locator("#refusal")).to_contain_text("used before or has expired")
    assert stranger.page.url == stranger.appliance.page


def test_signing_out_closes_the_page(visitor: Visitor) -> None:
    visitor.press("Sign out")
    expect(visitor.page.get_by_label("Key")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.get_by_label("Key")).to_be_visible()


# ---- asking


def test_an_answer_streams_and_ends_with_who_gave_it_and_how_fast(visitor: Visitor) -> None:
    visitor.ask("Tell me of the lamp", "long")
    visitor.sees_answer("writing")
    expect(visitor.answer).to_contain_text("The lamp is lit")
    visitor.press("Stop")
    visitor.ask_and_wait("Hello there", "echo")
    expect(visitor.answer.locator(".body")).to_have_text("Hello there")
    expect(visitor.answer.locator(".note")).to_have_text(ANSWERED)


def test_shift_enter_starts_a_line_and_enter_sends(visitor: Visitor) -> None:
    visitor.box.fill("one")
    visitor.box.press("Shift+Enter")
    visitor.box.press_sequentially("two")
    visitor.box.press("Enter")
    visitor.sees_answer("done")
    expect(visitor.turns.first.locator(".body")).to_have_text("one\ntwo")
    expect(visitor.box).to_have_value("")


def test_an_example_asks_itself(visitor: Visitor) -> None:
    visitor.page.locator(".example").first.click()
    visitor.sees_answer("done")
    expect(visitor.turns).to_have_count(2)


def test_what_is_typed_during_an_answer_is_not_lost(visitor: Visitor) -> None:
    visitor.ask("Go on", "long")
    visitor.sees_answer("writing")
    visitor.box.press_sequentially("the next question", delay=30)
    expect(visitor.box).to_have_value("the next question")
    visitor.box.press("Escape")
    visitor.sees_answer("stopped")
    expect(visitor.box).to_have_value("the next question")


@pytest.mark.parametrize("how", ["button", "key"])
def test_stopping_keeps_what_came_and_frees_the_engine(visitor: Visitor, how: str) -> None:
    visitor.ask("Go on", "long")
    expect(visitor.answer).to_contain_text("The lamp")
    if how == "key":
        visitor.page.keyboard.press("Escape")
    else:
        visitor.press("Stop")
    visitor.sees_answer("stopped")
    expect(visitor.answer.locator(".note")).to_have_text("stopped")
    expect(visitor.answer.locator(".body")).to_contain_text("The lamp")
    visitor.frees("long")
    visitor.ask_and_wait("And now?", "echo")


def test_a_question_right_behind_a_stop_is_answered(visitor: Visitor) -> None:
    for _ in range(3):
        visitor.ask("Go on", "long")
        visitor.sees_answer("writing")
        visitor.choose("echo")
        visitor.box.fill("And now?")
        for key in ("Escape", "Enter"):
            visitor.page.keyboard.press(key)
        expect(visitor.page.locator(".turn.assistant").nth(-2)).to_have_attribute(
            "data-state", "stopped"
        )
        visitor.sees_answer("done")
        expect(visitor.answer.locator(".body")).to_have_text("And now?")


def test_a_question_that_cannot_go_out_fails(visitor: Visitor) -> None:
    visitor.expected.append("Failed to load resource")
    visitor.page.route("**/queue/join*", lambda route: route.fulfill(status=502, json={}))
    visitor.ask("Is anybody there?")
    visitor.sees_answer("failed")
    visitor.page.unroute("**/queue/join*")
    visitor.press("Try again")
    visitor.sees_answer("done")


def test_leaving_the_page_frees_the_engine(chromium: BrowserContext, appliance: Served) -> None:
    with visiting(chromium, appliance) as visitor:
        visitor.sign_in()
        visitor.ask("Go on", "long")
        visitor.sees_answer("writing")
        visitor.page.close()
        visitor.frees("long")


def test_trying_again_replaces_the_answer(visitor: Visitor) -> None:
    visitor.ask_and_wait("Once more")
    asked = len(visitor.appliance.engines["echo"].prompts)
    visitor.press("Try again")
    expect(visitor.turns).to_have_count(2)
    visitor.sees_answer("done")
    assert len(visitor.appliance.engines["echo"].prompts) == asked + 1


def test_a_kept_answer_says_so_and_trying_again_makes_a_new_one(visitor: Visitor) -> None:
    visitor.press("Settings")
    visitor.page.get_by_label(words.SEED).fill("7")
    visitor.ask_and_wait("Keep this", "echo")
    visitor.press("New chat")
    visitor.ask_and_wait("Keep this")
    expect(visitor.answer.locator(".note")).to_contain_text("a kept answer")
    asked = len(visitor.appliance.engines["echo"].prompts)
    visitor.press("Try again")
    expect(visitor.answer.locator(".note")).to_have_text(ANSWERED)
    assert len(visitor.appliance.engines["echo"].prompts) == asked + 1


def test_editing_a_question_goes_on_from_there(visitor: Visitor) -> None:
    visitor.ask_and_wait("First")
    visitor.ask_and_wait("Second")
    visitor.turns.first.hover()
    visitor.turns.first.get_by_role("button", name="Edit").click()
    visitor.page.get_by_role("textbox", name="Edit").fill("Better")
    visitor.press("Ask again")
    visitor.sees_answer("done")
    expect(visitor.page.locator(".turn .body")).to_have_text(["Better", "Better"])


def test_settings_reach_the_model_and_survive_a_reload(visitor: Visitor) -> None:
    page = visitor.page
    visitor.press("Settings")
    page.get_by_label(words.SYSTEM).fill("Answer in verse.")
    page.get_by_label(words.SEED).fill("42")
    visitor.ask_and_wait("Hello", "echo")
    prompt = visitor.appliance.engines["echo"].prompts[-1]
    assert (prompt.sampling.seed, "Answer in verse." in str(prompt.input)) == (42, True)
    page.reload()
    visitor.sees_the_chat()
    expect(page.get_by_label(words.SYSTEM)).to_have_value("Answer in verse.")


# ---- refusals


def test_a_refused_request_says_why(visitor: Visitor) -> None:
    visitor.ask("This is longer than the context of the tiny model allows", "tiny")
    visitor.sees_answer("failed")
    expect(visitor.answer).to_contain_text("maximum context length is 16 tokens")


def test_an_answer_that_breaks_off_keeps_its_beginning_and_can_be_tried_again(
    visitor: Visitor,
) -> None:
    visitor.ask("Tell me", "broken")
    visitor.sees_answer("failed")
    expect(visitor.answer).to_contain_text("The lamp is lit")
    expect(visitor.answer).to_contain_text("The answer broke off")
    visitor.choose("echo")
    visitor.press("Try again")
    visitor.sees_answer("done")


# ---- Markdown


def test_markdown_is_drawn_and_code_can_be_copied(visitor: Visitor) -> None:
    visitor.ask_and_wait("Show me", "markdown")
    expect(visitor.answer.get_by_role("heading", name="Counting")).to_be_visible()
    expect(visitor.answer.locator("table td").first).to_have_text("1")
    visitor.answer.get_by_role("button", name="Copy", exact=True).click()
    assert clipboard(visitor.page) == "def double(x: int) -> int:\n    return 2 * x\n"
    visitor.press("Copy answer")
    assert clipboard(visitor.page).startswith("# Counting\n\nSome **bold**")


def test_a_hostile_answer_does_nothing_while_it_streams_and_after(visitor: Visitor) -> None:
    visitor.ask_and_wait("Attack", "hostile")
    expect(visitor.answer).to_contain_text("The end.")
    assert visitor.page.evaluate("window.owned") is None
    visitor.page.reload()
    expect(visitor.answer).to_contain_text("The end.")
    assert visitor.page.evaluate("window.owned") is None
    expect(visitor.page.locator(".turn").locator("img, svg, iframe, form, style")).to_have_count(0)


def test_what_the_browser_keeps_from_its_clipboard_is_copied_by_hand(visitor: Visitor) -> None:
    visitor.ask_and_wait("Copy me", "echo")
    refuse = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }"
    visitor.page.evaluate(refuse)
    copy = visitor.answer.get_by_role("button", name="Copy answer")
    copy.press("Enter")
    expect(copy).to_have_class("tool copy copied")
    expect(copy).to_be_focused()
    assert clipboard(visitor.page) == "Copy me"


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))
