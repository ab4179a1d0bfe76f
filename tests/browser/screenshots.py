"""Pictures of the pages for the README: `scripts/screenshots --url URL --key KEY --owner KEY`.

They show a running appliance with its first model: what is in the pictures was really answered,
and the console shows its real traffic. `--documents FOLDER` is brought in and asked `--question`.
Pictures of one page alone: `--only chat`, `documents`, `playground` or `console`.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.visitor import drop
from ui import words

QUESTIONS = ("Why is the sky blue?", "Write a Python function that counts the words in a text.")
PATIENCE = 180_000  # milliseconds for one answer
STILL = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < 2000).map((one) => one.finished))"""
WIDE, NARROW = (1180, 860), (390, 780)
Options = argparse.Namespace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", required=True, help="may chat and bring documents")
    parser.add_argument("--owner", required=True, help="may do everything")
    parser.add_argument("--documents", type=Path, required=True, help="a folder to answer from")
    parser.add_argument("--question", default="What is this about?", help="about the documents")
    parser.add_argument("--out", type=Path, default=Path("ui/screenshots"))
    parser.add_argument("--only", choices=PAGES, action="append")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        for name in options.only or PAGES:
            PAGES[name](browser, options)
        browser.close()


def chat(browser: Browser, options: Options) -> None:
    page = opened(browser, options, "", options.key)
    for question in QUESTIONS:
        ask(page, question)
    take(page, options, "chat")
    page.locator(".turn.assistant").last.get_by_role(
        "button", name=words.table("PAGE")["account"]["open"]
    ).click()
    expect(page.locator(".account").last).to_be_visible()
    page.mouse.wheel(0, 10_000)
    take(page, options, "account")
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.locator(".turn.assistant .body > *").last).to_be_visible()
    take(page, options, "dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.reload()
    expect(page.locator(".turn.assistant .body > *").last).to_be_visible()
    take(page, options, "narrow")


def documents(browser: Browser, options: Options) -> None:
    """An answer with its first source open, and the page that keeps the documents."""
    page = opened(browser, options, "", options.key)
    drop(page, [options.documents.resolve()])
    intake = page.get_by_label("Documents of this conversation").first
    expect(intake.get_by_role("button", name="Close")).to_be_visible(timeout=PATIENCE)
    ask(page, options.question)
    if page.locator(".mark").count() == 0:  # it cites nothing: what was read is folded away
        page.locator(".turn.assistant summary").last.click()
    page.locator(".mark, .source").first.click()
    expect(page.locator(".reader mark, .reader .passage").last).to_be_visible()
    take(page, options, "documents")
    page.goto(f"{options.url}/ui/documents")
    expect(page.locator("#documents-main tbody tr").first).to_be_visible()
    take(page, options, "library")


def playground(browser: Browser, options: Options) -> None:
    page = opened(browser, options, "playground", options.key)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".pane .time")).to_contain_text("all", timeout=PATIENCE)
    page.get_by_text("Events as they came").click()
    take(page, options, "playground")


def console(browser: Browser, options: Options) -> None:
    """The overview, and the slowest answer's receipt."""
    page = opened(browser, options, "console", options.owner)
    expect(page.locator("#console-page .plot svg, #console-page figure").first).to_be_visible()
    take(page, options, "console")
    page.goto(f"{options.url}/ui/console#receipts/?sort=slowest")
    page.get_by_role("table", name="Receipts").locator("tbody tr").first.click()
    expect(page.locator(".lead")).to_be_visible()
    take(page, options, "receipt")


PAGES: dict[str, Callable[[Browser, Options], Any]] = {
    "chat": chat, "documents": documents, "playground": playground, "console": console,
}  # fmt: skip


def opened(browser: Browser, options: Options, name: str, key: str) -> Page:
    """A page whose door is behind us."""
    page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
    page.goto(f"{options.url}/ui/{name}")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#door")).to_be_hidden()
    return page


def ask(page: Page, question: str) -> None:
    answers = page.locator('.turn.assistant[data-state="done"]')
    known = answers.count()
    page.get_by_label("Message Hearth").fill(question)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(known + 1, timeout=PATIENCE)


def take(page: Page, options: Options, name: str) -> None:
    """Once nothing moves any more."""
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    page.evaluate(STILL)
    page.screenshot(path=options.out / f"{name}.png")


if __name__ == "__main__":
    main()
