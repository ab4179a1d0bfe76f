"""A question that was edited begins a branch; the former one stays."""

from importlib.resources import files

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


GROWN_APART = """
    const texts = (turns) => turns.map((turn) => turn.text);
    const ways = (turns) => !turns.length ? [[]] : waysOn(turns, 0).flatMap(
        ([turn, ...rest]) => ways(rest).map((way) => [turn.text, ...way]));
    let last = 20261126;
    const dice = (n) => (last = (last * 48271) % 2147483647) % n;
    const grown = (turns, times) => {
        for (; times; times -= 1) {
            const place = dice(turns.length + 1);
            turns = forked(turns, place, { role: "user", text: String(last), state: "done" });
            if (dice(3) === 0) turns = leafed(turns, place, dice(2));
        }
        return turns;
    };
    const begins = (whole, part) => part.every((text, n) => text === whole[n]);
    const wrong = [];
    for (let round = 0; round < 500; round += 1) {
        const both = grown([], dice(6));
        const [mine, theirs] = [grown(both, dice(5)), grown(both, dice(5))];
        const one = merged(mine, theirs);
        const [known, all] = [[...ways(mine), ...ways(theirs)], ways(one)];
        const right = known.every((way) => all.some((whole) => begins(whole, way)))
            && all.every((whole) => known.some((way) => begins(whole, way)))
            && begins(texts(one), texts(mine))
            && JSON.stringify(merged(one, theirs)) === JSON.stringify(one);
        if (!right) wrong.push([mine, theirs, one]);
    }
    return wrong;
"""


def test_two_trees_that_grew_apart_become_one_with_every_way_of_both(visitor: Visitor) -> None:
    code = (files("ui") / "static" / "chat" / "tree.js").read_text()
    assert visitor.page.evaluate(f"(() => {{ {code}\n{GROWN_APART} }})()") == []
