"""An answer may have several versions, of several models; one of them goes on."""

import pytest
from playwright.sync_api import FloatRect, Locator, Route, expect

from tests.browser.visitor import Visitor
from ui import words

pytestmark = pytest.mark.slow


def bodies(visitor: Visitor) -> Locator:
    return visitor.page.locator(".turn > .body")


def frame(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


def try_with(visitor: Visitor, model: str) -> None:
    visitor.answer.get_by_role("button", name="Try again with …").click()
    visitor.page.get_by_role("menuitem", name=model).click()


@pytest.fixture
def twice(visitor: Visitor) -> Visitor:
    """One question, answered by `echo` and then by `markdown`."""
    visitor.ask_and_wait("What is a lamp?", "echo")
    try_with(visitor, "markdown")
    expect(visitor.answer.get_by_role("heading", name="Counting")).to_be_visible()
    visitor.sees_answer("done")
    return visitor


def test_the_menu_names_the_same_model_and_the_others(visitor: Visitor) -> None:
    visitor.ask_and_wait("Hello", "echo")
    visitor.answer.get_by_role("button", name="Try again with …").click()
    items = visitor.page.get_by_role("menuitem")
    expect(items.first).to_have_text("The same modelecho")
    expect(items.filter(has_text="markdown")).to_have_count(1)
    expect(items.filter(has_text="Compare")).to_have_count(0)
    visitor.page.keyboard.press("Escape")
    expect(items).to_have_count(0)


def test_the_menu_closes_where_it_was_opened(visitor: Visitor) -> None:
    visitor.ask_and_wait("Hello", "echo")
    face = visitor.answer.get_by_role("button", name="Try again with …")
    items = visitor.page.get_by_role("menuitem")
    face.click()
    expect(items).not_to_have_count(0)
    face.click()
    expect(items).to_have_count(0)
    expect(face).to_be_focused()


def test_models_that_come_late_open_no_menu_on_another_page(visitor: Visitor) -> None:
    asked: list[Route] = []
    visitor.ask_and_wait("Hello", "echo")
    visitor.page.route("**/v1/models", lambda route: asked.append(route))
    with visitor.page.expect_request("**/v1/models"):
        visitor.answer.get_by_role("button", name="Try again with …").click()
    visitor.press("New chat")
    expect(visitor.turns).to_have_count(0)
    with visitor.page.expect_response("**/v1/models"):
        asked[0].continue_()
    visitor.box.fill("")
    expect(visitor.page.get_by_role("menu")).to_have_count(0)


def test_without_a_list_of_models_there_is_the_same_one_and_a_word_why(visitor: Visitor) -> None:
    visitor.ask_and_wait("Hello", "echo")
    visitor.page.route("**/v1/models", lambda route: None)  # is never answered
    visitor.answer.get_by_role("button", name="Try again with …").click()
    expect(visitor.page.get_by_role("alert")).to_have_text(words.table("LIBRARY")["unreachable"])
    expect(visitor.page.get_by_role("menuitem")).to_have_text("The same modelecho")


def test_another_model_answers_and_the_former_answer_stays(twice: Visitor) -> None:
    expect(twice.turns).to_have_count(2)
    expect(twice.answer.locator(".versions")).to_contain_text("2/2")
    expect(twice.answer.locator(".by")).to_have_text("markdown")
    twice.press("Previous version")
    expect(twice.answer.locator(".body")).to_have_text("What is a lamp?")
    expect(twice.answer.locator(".by")).to_have_text("echo")
    expect(twice.page.get_by_role("button", name="Next version")).to_be_focused()
    expect(twice.page.get_by_label("Model", exact=True).first).to_have_value("echo")


def test_versions_survive_a_reload_and_are_drawn_by_the_server(twice: Visitor) -> None:
    twice.page.evaluate(
        """() => {
            const key = "hearth.chat." + sessionStorage.getItem("hearth.open");
            const chat = JSON.parse(localStorage.getItem(key));
            for (const turn of chat.turns) delete turn.html;
            localStorage.setItem(key, JSON.stringify(chat));
        }"""
    )
    twice.press("Previous version")
    twice.page.reload()
    expect(twice.answer.locator(".versions")).to_contain_text("1/2")
    twice.press("Next version")
    expect(twice.answer.get_by_role("heading", name="Counting")).to_be_visible()


def test_two_versions_stand_side_by_side_and_one_goes_on(twice: Visitor) -> None:
    twice.answer.get_by_role("button", name="Try again with …").click()
    twice.page.get_by_role("menuitem", name="Compare").click()
    columns = twice.page.locator(".compare article")
    expect(columns).to_have_count(2)
    expect(columns.nth(0)).to_contain_text("echo")
    expect(columns.nth(1).get_by_role("heading", name="Counting")).to_be_visible()
    left, right = frame(columns.nth(0)), frame(columns.nth(1))
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
    columns.nth(0).get_by_role("button", name="Keep this one").click()
    expect(bodies(twice)).to_have_text(["What is a lamp?", "What is a lamp?"])
    twice.ask_and_wait("And a kettle?")
    prompt = str(twice.appliance.engines["echo"].prompts[-1].input)
    assert "Counting" not in prompt


def test_on_a_narrow_screen_versions_are_stacked_and_escape_closes_them(twice: Visitor) -> None:
    twice.page.set_viewport_size({"width": 360, "height": 780})
    twice.page.reload()
    twice.press("Compare")
    columns = twice.page.locator(".compare article")
    expect(columns).to_have_count(2)
    first, second = frame(columns.nth(0)), frame(columns.nth(1))
    assert first["y"] + first["height"] <= second["y"]
    assert twice.page.evaluate("document.documentElement.scrollWidth") <= 360
    twice.page.keyboard.press("Escape")
    expect(columns).to_have_count(0)
    expect(twice.answer.locator(".body")).to_be_visible()


def test_a_failed_answer_without_a_word_is_no_version(visitor: Visitor) -> None:
    visitor.ask("This is longer than the context of the tiny model allows", "tiny")
    visitor.sees_answer("failed")
    try_with(visitor, "echo")
    visitor.sees_answer("done")
    expect(visitor.answer.locator(".count")).to_have_count(0)
