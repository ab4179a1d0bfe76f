"""Thumbs and comments on answers."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.ui.appliance import Served
from ui import words

pytestmark = pytest.mark.slow

SAID = words.table("PAGE")["verdict"]


def thumb(visitor: Visitor, name: str) -> Locator:
    return visitor.answer.get_by_role("button", name=SAID[name])


def is_pressed(visitor: Visitor, name: str, yes: bool) -> None:
    expect(thumb(visitor, name)).to_have_attribute("aria-pressed", str(yes).lower())


def comments(appliance: Served) -> list[dict[str, Any]]:
    """What the owner reads, the newest first."""
    headers = {"Authorization": f"Bearer {appliance.owner}"}
    response = httpx.get(f"{appliance.url}/admin/feedback", headers=headers)
    assert response.status_code == 200, response.text
    return list(response.json()["comments"])


def test_a_comment_on_an_answer_reaches_the_owner(visitor: Visitor) -> None:
    visitor.ask_and_wait("One for the owner", "echo")
    thumb(visitor, "up").click()
    is_pressed(visitor, "up", True)
    field = visitor.answer.get_by_role("textbox", name=SAID["goodComment"])
    field.fill("Short and right.")
    field.press("Enter")
    expect(visitor.answer.locator(".verdict")).to_have_text(SAID["thanks"])
    [newest, *_] = comments(visitor.appliance)
    assert (newest["comment"], newest["rating"]) == ("Short and right.", "up")


def test_a_comment_that_could_not_be_kept_stays_to_be_sent_again(visitor: Visitor) -> None:
    visitor.expected.append("Failed to load resource")
    visitor.ask_and_wait("Two for the owner", "echo")
    thumb(visitor, "down").click()
    is_pressed(visitor, "down", True)
    field = visitor.answer.get_by_role("textbox", name=SAID["badComment"])
    field.fill("Not what I meant.")
    visitor.page.route("**/v1/feedback", lambda route: route.abort())
    field.press("Enter")
    expect(visitor.answer.locator(".verdict")).to_contain_text("could not be kept")
    expect(field).to_have_value("Not what I meant.")
    visitor.page.unroute("**/v1/feedback")
    field.press("Enter")
    expect(visitor.answer.locator(".verdict")).to_have_text(SAID["thanks"])
    expect(thumb(visitor, "down")).to_be_focused()
    assert comments(visitor.appliance)[0]["comment"] == "Not what I meant."


def test_a_thumb_stays_with_the_conversation_and_can_be_turned(visitor: Visitor) -> None:
    visitor.ask_and_wait("Turn this", "echo")
    thumb(visitor, "up").click()
    is_pressed(visitor, "up", True)
    expect(visitor.answer.get_by_role("textbox")).to_be_visible()
    visitor.page.reload()
    is_pressed(visitor, "up", True)
    thumb(visitor, "down").click()
    is_pressed(visitor, "down", True)
    is_pressed(visitor, "up", False)
    expect(visitor.answer.get_by_role("textbox", name=SAID["badComment"])).to_be_visible()


def test_a_bad_answer_is_forgotten_where_it_was_kept(visitor: Visitor) -> None:
    engine = visitor.appliance.engines["echo"]
    for _ in range(2):
        visitor.press("New chat")
        visitor.ask_and_wait("Do not keep this wrong answer", "echo")
    asked = len(engine.prompts)
    thumb(visitor, "down").click()
    expect(visitor.answer.get_by_text(SAID["forgotten"])).to_be_visible()
    visitor.press("New chat")
    visitor.ask_and_wait("Do not keep this wrong answer")
    assert len(engine.prompts) == asked + 1


def test_a_comment_may_be_left_out_and_written_later(visitor: Visitor) -> None:
    visitor.ask_and_wait("Comment later", "echo")
    thumb(visitor, "down").click()
    field = visitor.answer.get_by_role("textbox", name=SAID["badComment"])
    field.press("Escape")
    expect(field).to_have_count(0)
    expect(thumb(visitor, "down")).to_be_focused()
    is_pressed(visitor, "down", True)
    thumb(visitor, "down").click()
    field.fill("It says what I said.")
    visitor.answer.get_by_role("button", name=SAID["send"]).click()
    expect(visitor.answer.locator(".verdict")).to_have_text(SAID["thanks"])
    assert comments(visitor.appliance)[0]["comment"] == "It says what I said."
