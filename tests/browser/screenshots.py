"""Pictures of the page for the README: `scripts/screenshots --url URL --key KEY [--out FOLDER]`.

With `--documents FOLDER --question TEXT` there is one of an answer from that folder, too. They show
a running appliance with its first model: what is in the picture was really answered.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.visitor import drop

QUESTIONS = ("Why is the sky blue?", "Write a Python function that counts the words in a text.")
PATIENCE = 120_000  # milliseconds for one answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", required=True)
    parser.add_argument("--out", type=Path, default=Path("ui/screenshots"))
    parser.add_argument("--documents", type=Path, help="a folder to answer from")
    parser.add_argument("--question", default="What is this about?", help="about the documents")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        page = opened(browser, f"{options.url}/ui/", options.key)
        for question in QUESTIONS:
            ask(page, question)
        page.screenshot(path=options.out / "chat.png")
        page.emulate_media(color_scheme="dark")
        page.reload()
        expect(page.locator(".turn.assistant .body > *").last).to_be_visible()
        page.get_by_role("button", name="Settings", exact=True).click()
        page.wait_for_timeout(500)  # the panel slides in
        page.screenshot(path=options.out / "dark.png")
        if options.documents:
            page = opened(browser, f"{options.url}/ui/", options.key)
            cite(page, options.documents, options.question)
            page.screenshot(path=options.out / "documents.png")
        browser.close()


def opened(browser: Browser, url: str, key: str) -> Page:
    page = browser.new_page(viewport={"width": 1180, "height": 860})
    page.goto(url)
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".example").first).to_be_visible()
    page.get_by_label("Message Hearth").focus()
    return page


def ask(page: Page, question: str) -> None:
    answers = page.locator('.turn.assistant[data-state="done"]')
    known = answers.count()
    page.get_by_label("Message Hearth").fill(question)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(known + 1, timeout=PATIENCE)


def cite(page: Page, folder: Path, question: str) -> None:
    """Asks about a folder, and opens the first source of the answer."""
    drop(page, [folder.resolve()])
    intake = page.get_by_label("Documents of this conversation").first
    expect(intake.get_by_role("button", name="Close")).to_be_visible(timeout=PATIENCE)
    ask(page, question)
    page.locator(".mark, .source").first.click()
    expect(page.locator(".reader mark, .reader .passage").last).to_be_visible()


if __name__ == "__main__":
    main()
