"""What somebody sees who has to wait, is refused, or wants the rest of an answer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.ui.appliance import Served, free_port, served
from ui import words

pytestmark = pytest.mark.slow

STAGES, OFFER = words.table("PAGE")["stages"], words.table("PAGE")["offer"]
IN_LINE = re.compile(r"^(Number \d+|Next) in the line")
# What an answer says of itself, however short a time.
OVERHEAR = """() => {
    window.seen = [];
    const note = () => document.querySelector(".turn.assistant .note");
    const look = () => window.seen.push(note()?.textContent);
    const everything = { childList: true, subtree: true, characterData: true };
    new MutationObserver(look).observe(document.querySelector("#transcript"), everything);
}"""
A_MINUTE = 4  # requests that a key may make in a minute: another one every 15 seconds


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    quotas = {"keys": {"requests": A_MINUTE}}
    with served(tmp_path_factory.mktemp("home"), free_port(), quotas=quotas) as running:
        yield running


def offer(visitor: Visitor) -> Locator:
    """The button under an answer that ended early."""
    return visitor.answer.locator(".offer button")


def test_who_waits_sees_the_line_get_shorter_and_then_the_question_being_read(
    visitor: Visitor,
) -> None:
    visitor.choose("slow")
    visitor.page.evaluate(OVERHEAR)
    with visitor.appliance.occupied("slow", 4):
        visitor.ask("When is it my turn?")
        visitor.sees_answer("done")
    seen = [text for text in visitor.page.evaluate("seen") if text]
    in_line = [place for place, text in enumerate(seen) if IN_LINE.match(text)]
    assert in_line
    assert in_line[-1] < seen.index(STAGES["reading"])
    expect(visitor.answer.locator(".body")).to_have_text("When is it my turn?")


def test_a_refusal_counts_down_and_then_tries_again(
    chromium: BrowserContext, strict: Served
) -> None:
    with visiting(chromium, strict) as visitor:
        visitor.sign_in()
        visitor.sees_the_chat()
        visitor.choose("echo")
        for n in range(A_MINUTE):
            strict.ask("echo", str(n))
        visitor.ask("Is there room?")
        visitor.sees_answer("failed")
        visitor.box.fill("the next question")
        expect(visitor.answer.locator(".note")).to_contain_text(f"{A_MINUTE} requests per minute")
        expect(offer(visitor)).to_be_disabled()
        expect(offer(visitor)).to_have_text(re.compile(r"^Try again in \d+\s*s$"))
        expect(offer(visitor)).to_be_enabled(timeout=20_000)
        expect(visitor.box).to_have_value("the next question")
        visitor.press("Try again")
        visitor.sees_answer("done")
        expect(visitor.page.locator(".turn .body")).to_have_text(["Is there room?"] * 2)
        expect(visitor.box).to_have_value("the next question")


def test_a_countdown_goes_on_when_its_conversation_is_opened_again(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """() => {
            const refused = {role: "assistant", text: "", note: "Busy", state: "failed",
                retry_after: 3, until: Date.now() + 3000};
            const turns = [{role: "user", text: "Is there room?"}, refused];
            localStorage.setItem("hearth.chat.busy", JSON.stringify({id: "busy", turns}));
            localStorage.setItem("hearth.title.busy", JSON.stringify({title: "Busy", at: 1}));
            window.dispatchEvent(new CustomEvent("hearth:open", {detail: "busy"}));
        }"""
    )
    expect(offer(visitor)).to_be_disabled()
    expect(offer(visitor)).to_be_enabled()
    expect(offer(visitor)).to_have_text("Try again")


def test_an_answer_that_was_stopped_goes_on_where_it_was(visitor: Visitor) -> None:
    visitor.ask("Go on", "long")
    expect(visitor.answer).to_contain_text("The lamp is lit")
    visitor.press("Stop")
    visitor.sees_answer("stopped")
    visitor.press(OFFER["proceed"])
    visitor.sees_answer("writing")
    body = visitor.answer.locator(".body")
    expect(body).to_have_text(re.compile(r"^The lamp is lit and the kettle sings The lamp is lit"))
    visitor.press("Stop")
    expect(visitor.turns).to_have_count(2)
    said = (body.text_content() or "").split()
    whole = ["The", "lamp", "is", "lit", "and", "the", "kettle", "sings"]
    assert said == (whole * len(said))[: len(said)]


def test_an_answer_that_was_cut_at_its_longest_goes_on_until_it_ends(visitor: Visitor) -> None:
    visitor.press("Settings")
    visitor.page.get_by_label(words.MAX_TOKENS).fill("3")
    visitor.ask_and_wait("one two three four five", "echo")
    body = visitor.answer.locator(".body")
    expect(body).to_have_text("one two three")
    expect(visitor.answer.locator(".note")).to_contain_text(words.CUT)
    visitor.press(OFFER["proceed"])
    expect(body).to_have_text("one two three four five")
    visitor.sees_answer("done")
    expect(offer(visitor)).to_have_count(0)
    visitor.answer.get_by_role("button", name=words.table("PAGE")["account"]["open"]).click()
    expect(visitor.answer.locator(".account h4")).to_have_text(["Part 1", "Part 2"])


def test_only_the_last_answer_goes_on(visitor: Visitor) -> None:
    visitor.ask("Tell me", "broken")
    visitor.sees_answer("failed")
    expect(offer(visitor)).to_have_text(OFFER["proceed"])
    visitor.ask_and_wait("Never mind", "echo")
    expect(visitor.page.get_by_role("button", name=OFFER["proceed"])).to_have_count(0)
