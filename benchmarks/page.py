"""How quick the chat page is in a browser: first paint, and from a key to its paint.

    python benchmarks/page.py [--rounds 5] [--keys 120] [--url URL --key KEY --model NAME]

Chromium (headless, no GPU) on the same machine. Without `--url` the page and the API run in this
process, before a scripted engine that writes 30 words a second, so that the model takes no time
from the browser. A start is a new browser profile that has signed in before: `cold` without any
cache, `warm` its reload. Keys are typed at 16 a second; a key's latency is the time from the
browser's receipt of it to the end of the frame that shows it. A lost one ends the run.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from models.scripted import Script
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.ui.appliance import SCRIPTS, TIERS, Place, free_port, served

GOAL = 2.0  # seconds to the first paint, on two cores
PATIENCE = 60_000  # milliseconds
STEADY = "steady"
MESSAGES = 200
TEXT = "the quick brown fox jumps over the lazy dog and "

# Times in milliseconds. A task behind the next frame's callbacks runs once that frame is painted.
LISTEN = """() => {
    window.latencies = [];
    const painted = new MessageChannel();
    const waiting = [];
    painted.port1.onmessage = () => {
        for (const at of waiting.splice(0)) window.latencies.push(performance.now() - at);
    };
    document.querySelector("#ask textarea").addEventListener("keydown", (event) => {
        waiting.push(event.timeStamp);
        requestAnimationFrame(() => painted.port2.postMessage(null));
    });
}"""
PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null"""
FILL = """(count) => {
    const answer = (n) => `Answer **${n}**:\\n\\n${"some words ".repeat(40)}\\n\\n` +
        "```python\\ndef f(x: int) -> int:\\n    return 2 * x\\n```\\n\\n- one\\n- two";
    const turn = (_, n) => n % 2
        ? {role: "assistant", text: answer(n)} : {role: "user", text: `Question ${n}?`};
    localStorage.setItem("hearth.chat.many",
        JSON.stringify({id: "many", turns: Array.from({length: count}, turn)}));
    localStorage.setItem("hearth.title.many", JSON.stringify({title: "Many", at: 1}));
}"""
OPEN = """() => new Promise((resolve) => {
    const start = performance.now();
    const drawn = () => document.querySelectorAll(".turn.assistant strong").length * 2 >= COUNT;
    const look = () =>
        drawn() ? resolve(performance.now() - start) : requestAnimationFrame(look);
    window.dispatchEvent(new CustomEvent("hearth:open", {detail: "many"}));
    look();
})""".replace("COUNT", str(MESSAGES))

Row = dict[str, float]


@contextmanager
def place(options: argparse.Namespace) -> Iterator[Place]:
    if options.url:
        yield Place(options.url, options.key)
        return
    words = tuple(f" {word}" for word in (TEXT * 400).split())
    SCRIPTS[STEADY] = Script(words=words, token_delay=0.033, context_length=10**6)
    TIERS[STEADY] = {"engine": "scripted", "model": STEADY}
    with tempfile.TemporaryDirectory() as home, served(Path(home), free_port()) as running:
        yield running


def signed_in(browser: Browser, where: Place, model: str) -> Any:
    """What the browser keeps of somebody who has signed in and chosen a model."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(where.page)
    page.get_by_label("Key").fill(where.key)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#model input").click()
    page.get_by_role("option", name=model, exact=True).click()
    page.wait_for_timeout(1000)  # the choice is kept a moment later
    state = context.storage_state()
    context.close()
    return state


def start(context: BrowserContext, where: Place) -> dict[str, Row]:
    page = context.new_page()
    found = {}
    for name, go in {"cold": lambda: page.goto(where.page), "warm": page.reload}.items():
        go()
        page.locator("#ask textarea").wait_for(timeout=PATIENCE)
        usable = page.evaluate("performance.now()")
        found[name] = {"first_paint": page.evaluate(PAINT), "usable": usable}
    page.close()
    return found


def typed(page: Page, keys: int) -> Row:
    box = page.locator("#ask textarea")
    box.fill("")
    page.evaluate(LISTEN)
    text = (TEXT * keys)[:keys]
    page.keyboard.type(text, delay=60)
    expect(box).to_have_value(text)
    page.wait_for_function(f"window.latencies.length === {keys}")
    latencies = sorted(page.evaluate("window.latencies"))
    page.reload()  # the listener goes
    box.wait_for(timeout=PATIENCE)
    return {
        "p50": statistics.median(latencies), "p95": latencies[int(0.95 * keys)],
        "max": latencies[-1],
    }  # fmt: skip


def writing(page: Page, before: int) -> None:
    """An answer grows."""
    page.locator("#ask textarea").fill("Count as far as you can.")
    page.keyboard.press("Enter")
    last = page.locator(".turn.assistant").nth(before // 2)
    expect(last).to_have_attribute("data-state", "writing", timeout=PATIENCE)


def conversation(context: BrowserContext, where: Place, keys: int) -> dict[str, Row]:
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(where.page)
    page.locator("#ask textarea").wait_for()
    found = {"empty": typed(page, keys)}
    writing(page, 0)
    found["empty, an answer grows"] = typed(page, keys)
    page.evaluate(FILL, MESSAGES)
    found["opening 200 messages"] = {"drawn": page.evaluate(OPEN)}
    found["200 messages"] = typed(page, keys)
    page.evaluate(OPEN)
    writing(page, MESSAGES)
    found["200 messages, an answer grows"] = typed(page, keys)
    page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=120)
    parser.add_argument("--url", help="of a running appliance")
    parser.add_argument("--key")
    parser.add_argument("--model", default=STEADY)
    options = parser.parse_args()
    stated = conditions()
    with place(options) as where, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        state = signed_in(browser, where, options.model)
        starts = []
        for _ in range(options.rounds):
            context = browser.new_context(storage_state=state)
            starts.append(start(context, where))
            context.close()
        context = browser.new_context(storage_state=state, viewport={"width": 1180, "height": 860})
        keys = conversation(context, where, options.keys)
        stated["browser"] = browser.version
        browser.close()
    begun = {
        f"{name}, {what}": statistics.median(one[name][what] for one in starts) / 1000
        for name in ("cold", "warm")
        for what in ("first_paint", "usable")
    }
    table(begun, keys)
    print(save("page", stated | {"rounds": options.rounds, "start": begun, "keys": keys}))


def table(begun: Row, keys: dict[str, Row]) -> None:
    for name, seconds in begun.items():
        print(f"{name:35}{seconds:8.2f} s")
    for name, row in keys.items():
        print(f"{name:35}" + "".join(f"{what} {value:6.1f} ms  " for what, value in row.items()))


if __name__ == "__main__":
    main()
