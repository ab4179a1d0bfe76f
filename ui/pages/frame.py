"""What all pages have: the door, which opens with a key, the way to the other pages, scripts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from ui import words
from ui.entering import Entering
from ui.refusals import Refused

Trigger = Callable[..., Any]
Components = Sequence[Component | gr.blocks.BlockContext]
Entered = Callable[[list[str], Any], list[object]]
STATIC = files("ui") / "static"

# What a page asks the browser before it asks the server: the stored key, and the one-time token
# of a sign-in link, which leaves the address bar (and so the history) at once.
ENTER = """(key, token, kept) => {
    const url = new URL(location.href);
    const found = url.searchParams.get("signin") || "";
    url.searchParams.delete("signin");
    history.replaceState(null, "", url);
    return [key, found, kept];
}"""
SIGN_OUT = "() => { localStorage.removeItem('hearth.key'); location.reload(); }"
# Scripts speak with the appliance past this server: they need the key.
UNLOCK = """(key) => {
    window.hearth = Object.assign(window.hearth ?? {}, {key});
    window.dispatchEvent(new CustomEvent("hearth:unlocked"));
}"""


class Door:
    """Where a key is asked for. Behind it are `rooms`, which are visible once it is open.

    Is made first on a page, and connected last.
    """

    def __init__(self, entering: Entering) -> None:
        self._entering = entering
        # The secret only scrambles: whoever may run scripts in this origin may chat anyway.
        self.key = gr.BrowserState("", storage_key="hearth.key", secret="hearth")
        self.kept = gr.BrowserState([], storage_key="hearth.settings", secret="hearth")
        self.token = gr.Textbox(visible=False)
        with gr.Column(visible=False, elem_id="door") as self.door:
            gr.HTML(f"<h1>{words.TITLE}</h1>", elem_id="logo", apply_default_css=False)
            gr.Markdown(words.SIGN_IN_TEXT)
            self.typed = gr.Textbox(
                label=words.KEY_LABEL, type="password", max_length=512, elem_id="key"
            )
            self.sign_in = gr.Button(words.SIGN_IN, variant="primary")
            self.refusal = gr.Markdown(elem_id="refusal")

    def connect(
        self,
        load: Trigger,
        rooms: Components,
        controls: Components = (),
        entered: Entered = lambda models, kept: [],
    ) -> list[Dependency]:
        """The events by which somebody comes in. `entered` sets `controls`, from the models that
        there are and what this browser kept of them.
        """

        async def enter(key: str, token: str, kept: object) -> list[object]:
            try:
                key, models = await self._entering.enter(key, token)
            except Refused as exc:
                refusal = exc.message if key or token else ""
                closed = [shown(True), "", "", refusal, *[shown(False)] * len(rooms)]
                return [*closed, *[gr.skip()] * len(controls)]
            opened = [shown(False), key, "", "", *[shown(True)] * len(rooms)]
            return [*opened, *entered(models, kept)]

        outputs = [self.door, self.key, self.token, self.refusal, *rooms, *controls]
        stored, typed = ([key, self.token, self.kept] for key in (self.key, self.typed))
        events = [
            at_server(load, enter, stored, outputs, ENTER),
            at_server(self.sign_in.click, enter, typed, outputs),
            at_server(self.typed.submit, enter, typed, outputs),
        ]
        for event in events:
            in_browser(event.then, UNLOCK, [self.key])
        return events


def ways(here: str) -> None:
    """Links to the other pages, and out. `here`: the page's name among `words.table("WAYS")`."""
    scripted(
        "ways",
        {**words.table("LIBRARY"), **words.table("WAYS"), "here": here},
        *LIBRARY,
        "shared/ways.js",
    )
    out = gr.Button(words.SIGN_OUT, elem_id="sign-out", size="sm")
    in_browser(out.click, SIGN_OUT)


@contextmanager
def room(entering: Entering, here: str, load: Trigger) -> Iterator[None]:
    """A whole page of scripts behind its door, below the ways to the others."""
    door = Door(entering)
    with gr.Row(visible=False, elem_id="bar") as bar:
        ways(here)
    with gr.Column(visible=False, elem_id=f"{here}-page", elem_classes="page") as page:
        yield
    door.connect(load, [bar, page])


def shown(visible: bool) -> dict[str, object]:
    return gr.update(visible=visible)


def at_server(
    trigger: Trigger,
    fn: Callable[..., object],
    inputs: Components,
    outputs: Components,
    js: str | None = None,
) -> Dependency:
    """An event that the server handles, for any number of visitors at the same time."""
    event: Dependency = trigger(
        fn, inputs, outputs, js=js,
        show_progress="hidden", api_visibility="private", concurrency_limit=None,
    )  # fmt: skip
    return event


def in_browser(
    trigger: Trigger, js: str, inputs: Components = (), outputs: Components = ()
) -> None:
    """An event that never leaves the browser."""
    trigger(None, inputs, outputs, js=js, show_progress="hidden", api_visibility="private")


# Scripts that belong together; the last one begins.
LIBRARY = ("shared/store.js", "shared/library.js")
# Files on their way in, and documents that are looked at; both with LIBRARY.
BRINGING = (
    "shared/amounts.js", "shared/folder.js", "shared/intake.js", "shared/intake_view.js",
    "shared/dropping.js",
)  # fmt: skip
READING = ("shared/passage.js", "shared/original.js")


def scripted(elem_id: str, shown_words: Mapping[str, object], *scripts: str) -> gr.HTML:
    """An element that belongs to `scripts`, one after the other; Gradio carries its events."""
    return gr.HTML(
        html_template="<div></div>",
        js_on_load="\n".join((STATIC / script).read_text() for script in scripts),
        apply_default_css=False,
        elem_id=elem_id,
        words=shown_words,
    )
