"""A question that was edited begins a branch; the former one stays."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow


def bodies(visitor: Visitor) -> Locator:
    return visitor.page.locator(".turn > .body")


def edit(visitor: Visitor, place: int, text: str) -> None:
    turn = visitor.turns.nth(place)
    turn.hover()
    turn.get_by_role("button", name="Edit").click()
    visitor.page.get_by_role("textbox", name="Edit").fill(text)
    visitor.press("Ask again")
    visitor.sees_answer("done")


@pytest.fixture
def branched(visitor: Visitor) -> Visitor:
    """Two questions, of which the first was then edited."""
    visitor.ask_and_wait("First")
    visitor.ask_and_wait("Second")
    edit(visitor, 0, "Better")
    expect(bodies(visitor)).to_have_text(["Better", "Better"])
    return visitor


def test_the_former_branch_is_reached_at_the_question(branched: Visitor) -> None:
    question = branched.turns.first
    expect(question.locator(".versions")).to_contain_text("2/2")
    question.get_by_role("button", name="Previous version").click()
    expect(bodies(branched)).to_have_text(["First", "First", "Second", "Second"])
    question.get_by_role("button", name="Next version").click()
    expect(bodies(branched)).to_have_text(["Better", "Better"])


def test_each_branch_goes_on_by_itself(branched: Visitor) -> None:
    branched.ask_and_wait("Third")
    prompt = str(branched.appliance.engines["echo"].prompts[-1].input)
    assert ("Better" in prompt, "Second" in prompt) == (True, False)
    branched.turns.first.get_by_role("button", name="Previous version").click()
    expect(branched.turns).to_have_count(4)
    branched.ask_and_wait("Fourth")
    prompt = str(branched.appliance.engines["echo"].prompts[-1].input)
    assert ("Second" in prompt, "Third" in prompt, "Better" in prompt) == (True, False, False)
    branched.page.reload()
    expect(branched.turns).to_have_count(6)
    branched.turns.first.get_by_role("button", name="Next version").click()
    expect(bodies(branched)).to_have_text(["Better", "Better", "Third", "Third"])


def test_a_branch_in_a_branch(branched: Visitor) -> None:
    branched.turns.first.get_by_role("button", name="Previous version").click()
    edit(branched, 2, "Other")
    expect(bodies(branched)).to_have_text(["First", "First", "Other", "Other"])
    branched.turns.first.get_by_role("button", name="Next version").click()
    branched.turns.first.get_by_role("button", name="Previous version").click()
    expect(branched.turns.nth(2).locator(".versions")).to_contain_text("2/2")
    branched.turns.nth(2).get_by_role("button", name="Previous version").click()
    expect(bodies(branched)).to_have_text(["First", "First", "Second", "Second"])


def test_no_branch_is_left_while_it_grows(branched: Visitor) -> None:
    branched.ask("A long story", "long")
    branched.sees_answer("writing")
    expect(branched.page.get_by_role("button", name="Previous version")).to_have_count(0)
    branched.page.keyboard.press("Escape")
    branched.sees_answer("stopped")
    expect(branched.page.get_by_role("button", name="Previous version")).to_have_count(1)


def test_a_conversation_from_before_there_were_branches_opens(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """() => {
            const turns = [{role: "user", text: "Old"}, {role: "assistant", text: "*Gold*"},
                {role: "user", text: "And?"}, {role: "assistant", text: "Cut", state: "writing"}];
            localStorage.setItem("hearth.chat.old", JSON.stringify({id: "old", turns}));
            localStorage.setItem("hearth.title.old", JSON.stringify({title: "Old", at: 1}));
        }"""
    )
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Old").click()
    visitor.sees_answer("stopped")
    edit(visitor, 2, "More")
    expect(bodies(visitor)).to_have_text(["Old", "Gold", "More", "More"])
    visitor.turns.nth(2).get_by_role("button", name="Previous version").click()
    expect(bodies(visitor)).to_have_text(["Old", "Gold", "And?", "Cut"])
