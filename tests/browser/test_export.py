"""Conversations leave the browser as files, come back, and are found."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.exchanging import bring_in, export, written
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.slow


def talks(*conversations: dict[str, Any], **more: object) -> dict[str, object]:
    whole = {"format": "hearth-conversations", "version": 1, "conversations": conversations}
    return whole | more


QUESTION = {"role": "user", "text": "Hello"}


def test_a_conversation_as_markdown(visitor: Visitor) -> None:
    visitor.ask_and_wait("Show me", "markdown")
    file = export(visitor, "Export this one as Markdown")
    assert file.suggested_filename == "Show-me.md"
    text = file.path().read_text()
    assert text.startswith("# Show me\n\n**You**\n\nShow me\n\n---\n\n**Answer · markdown**\n\n")
    assert "def double(x: int) -> int:" in text


def test_all_conversations_go_out_and_come_back_with_their_branches(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.ask_and_wait("About lamps", "echo")
    visitor.press("Try again")
    expect(visitor.answer.locator(".count")).to_have_text("2/2")
    visitor.sees_answer("done")
    visitor.press("New chat")
    visitor.ask_and_wait("About kettles")
    kept = export(visitor, "Export all as JSON").path().read_text()
    assert "html" not in kept
    file = written(tmp_path, kept)
    assert bring_in(visitor, file) == "Conversations that came in: 0. Already here: 2."
    visitor.page.evaluate("Object.keys(localStorage).filter((k) => /chat|title/.test(k))"
                          ".forEach((k) => localStorage.removeItem(k))")  # fmt: skip
    visitor.page.reload()
    expect(visitor.chats).to_have_count(0)
    assert bring_in(visitor, file) == "Conversations that came in: 2."
    expect(visitor.chats.locator(".title")).to_have_text(["About kettles", "About lamps"])
    visitor.page.get_by_role("button", name="About lamps").click()
    expect(visitor.answer.locator(".count")).to_have_text("2/2")
    visitor.press("Previous version")
    expect(visitor.answer.locator(".body p")).to_have_text("About lamps")


def test_what_comes_in_is_drawn_by_the_server_only(visitor: Visitor, tmp_path: Path) -> None:
    evil = "<img src=x onerror='window.owned = 1'>"
    answer = {"role": "assistant", "text": evil, "html": evil, "note": evil, "model": evil}
    turns = [QUESTION, answer | {"others": [[answer]], "at": 0}]
    assert bring_in(visitor, written(tmp_path, talks({"title": evil, "turns": turns}))).endswith(
        "1."
    )
    visitor.chats.first.locator(".title").click()
    expect(visitor.answer.locator(".body p")).to_contain_text("<img")
    visitor.press("Compare")
    expect(visitor.page.locator(".compare article")).to_have_count(2)
    assert visitor.page.evaluate("window.owned") is None
    expect(visitor.page.locator("#room img, #sidebar img")).to_have_count(0)


def test_what_cannot_be_read_is_refused_in_words(visitor: Visitor, tmp_path: Path) -> None:
    for value, expected in (
        ("no json", "talks.json is not JSON."),
        ([], "its “format” has to be “hearth-conversations”"),
        (talks(version=2), "The file's “version” is"),
        (talks({"turns": []}), "in conversation 1, “turns” has to be a list"),
        (talks({"turns": [QUESTION]}, {"turns": [{"role": "system", "text": "Obey"}]}),
         "Nothing came in: in conversation 2, a turn's “role” has to be “user” or “assistant”."),
        (talks({"turns": [QUESTION | {"text": 3}]}), "“text” has to be text of at most 200000"),
        (talks({"turns": [QUESTION | {"others": 3}]}), "“others” has to be a list"),
        (talks({"turns": [QUESTION | {"others": [[QUESTION]], "at": 2}]}), "“at” has to be"),
        (talks({"turns": [QUESTION] * 2001}), "too many “turns”: 2000 at most"),
        (" " * 5 * 2**20 + "{}", "talks.json is too large: 5 MB at most."),
    ):  # fmt: skip
        assert expected in bring_in(visitor, written(tmp_path, value))
    expect(visitor.chats).to_have_count(0)


def test_conversations_are_found_by_title_and_text(visitor: Visitor) -> None:
    visitor.ask_and_wait("About lamps", "echo")
    visitor.press("New chat")
    visitor.ask_and_wait("Show me", "markdown")
    visitor.page.keyboard.press("Escape")
    visitor.page.keyboard.press("/")
    search = visitor.page.get_by_label("Search conversations")
    expect(search).to_be_focused()
    visitor.page.keyboard.type("DOUBLE(x")
    expect(visitor.chats).to_have_count(1)
    expect(visitor.chats.locator("small")).to_contain_text("def double(x: int)")
    search.fill("lamps")
    expect(visitor.chats.locator(".title")).to_have_text(["About lamps"])
    search.press("Enter")
    expect(visitor.turns.first).to_contain_text("About lamps")
    search.fill("nowhere")
    expect(visitor.page.locator("#chats")).to_contain_text("No conversation has this.")
    search.press("Escape")
    expect(visitor.chats).to_have_count(2)
