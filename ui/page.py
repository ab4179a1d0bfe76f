"""The page: what stands where, and which event calls what."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from ui import words
from ui.chat import Chat
from ui.client import Appliance, Refused
from ui.conversation import Settings

Trigger = Callable[..., Any]
Components = Sequence[Component | gr.blocks.BlockContext]
STATIC = files("ui") / "static"
# Scripts that belong together; the last one begins.
LIBRARY = ("store.js", "library.js")
TRANSCRIPT = (
    "store.js", "verdicts.js", "sources.js", "turns.js", "chosen.js", "transcript.js",
)  # fmt: skip
INTAKE = ("folder.js", "intake.js", "intake_panel.js")
READER = ("verdicts.js", "original.js", "reader.js")

# What the page asks the browser before it asks the server: the stored key, and the one-time token
# of a sign-in link, which leaves the address bar (and so the history) at once.
ENTER = """(key, token, kept) => {
    const url = new URL(location.href);
    const found = url.searchParams.get("signin") || "";
    url.searchParams.delete("signin");
    history.replaceState(null, "", url);
    return [key, found, kept];
}"""
SIGN_OUT = "() => { localStorage.removeItem('hearth.key'); location.reload(); }"
NEW_CHAT = "() => window.dispatchEvent(new CustomEvent('hearth:open'))"
ASK = "(text) => window.hearth.ask(text) ? '' : text"
STOP = "() => window.hearth.stop()"
REST = "() => window.hearth.rest()"
KEEP = "(...values) => [values]"
# Documents go between the browser and the appliance, past this server: their scripts need the key.
UNLOCK = """(key) => {
    window.hearth = Object.assign(window.hearth ?? {}, {key});
    window.dispatchEvent(new CustomEvent("hearth:unlocked"));
}"""
# On a narrow screen the sidebar would cover the conversation.
UNFOLD = "() => ({__type__: 'update', open: window.innerWidth >= 768})"


def build(appliance: Appliance) -> gr.Blocks:
    """The chat page of an appliance, for any number of visitors."""
    blocks: gr.Blocks = Page(Chat(appliance)).blocks
    return blocks


class Page:
    """The components as attributes; built once, for all visitors."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        with gr.Blocks(title=words.TITLE, analytics_enabled=False, fill_width=True) as self.blocks:
            # The secret only scrambles: whoever may run scripts in this origin may chat anyway.
            self.key = gr.BrowserState("", storage_key="hearth.key", secret="hearth")
            self.kept = gr.BrowserState([], storage_key="hearth.settings", secret="hearth")
            self.token = gr.Textbox(visible=False)
            self._build_door()
            self._build_sidebar()
            self._build_settings()
            self._build_room()
            self._connect()

    def _build_door(self) -> None:
        with gr.Column(visible=False, elem_id="door") as self.door:
            gr.HTML(f"<h1>{words.TITLE}</h1>", elem_id="logo", apply_default_css=False)
            gr.Markdown(words.SIGN_IN_TEXT)
            self.typed = gr.Textbox(
                label=words.KEY_LABEL, type="password", max_length=512, elem_id="key"
            )
            self.sign_in = gr.Button(words.SIGN_IN, variant="primary")
            self.refusal = gr.Markdown(elem_id="refusal")

    def _build_sidebar(self) -> None:
        with gr.Sidebar(visible=False, width=280, elem_id="sidebar") as self.sidebar:
            gr.HTML(f"<strong>{words.TITLE}</strong>", elem_id="brand", apply_default_css=False)
            self.new_chat = gr.Button(words.NEW_CHAT, elem_id="new-chat")
            scripted("chats", words.PAGE, "store.js", "chats.js")
            self.sign_out = gr.Button(words.SIGN_OUT, elem_id="sign-out", size="sm")

    def _build_settings(self) -> None:
        with gr.Sidebar(
            visible=False, position="right", open=False, width=320, elem_id="settings"
        ) as self.settings:
            gr.Markdown(f"### {words.SETTINGS}")
            self.system = gr.Textbox(
                label=words.SYSTEM, placeholder=words.SYSTEM_HINT, lines=4, max_length=20_000
            )
            self.temperature = gr.Slider(
                0, 2, 0.2, step=0.05, label=words.TEMPERATURE, info=words.TEMPERATURE_INFO
            )
            self.top_p = gr.Slider(
                0.05, 1, 0.9, step=0.05, label=words.TOP_P, info=words.TOP_P_INFO
            )
            # Not number fields: Gradio's turn emptiness into 0, which is a seed.
            self.max_tokens = gr.Textbox(
                "512", label=words.MAX_TOKENS, placeholder=words.MAX_TOKENS_HINT, max_length=7
            )
            self.seed = gr.Textbox(
                label=words.SEED, info=words.SEED_INFO, placeholder=words.SEED_HINT, max_length=10
            )

    def _build_room(self) -> None:
        with gr.Column(visible=False, elem_id="room") as self.room:
            with gr.Row(elem_id="top"):
                self.model = gr.Dropdown(
                    label=words.MODEL, show_label=False, container=False, elem_id="model"
                )
                scripted("documents", words.DOCUMENTS, *LIBRARY, "choice.js")
            self.transcript = scripted("transcript", {**words.PAGE, **words.SOURCES}, *TRANSCRIPT)
            self._build_composer()
            scripted("reader", words.READER, *LIBRARY, *READER)

    def _build_composer(self) -> None:
        with gr.Column(elem_id="composer"):
            scripted("intake", words.DOCUMENTS, *LIBRARY, *INTAKE)
            with gr.Column(elem_id="box"):
                scripted("attach", words.DOCUMENTS, "store.js", "folder.js", "attach.js")
                self.ask = gr.Textbox(
                    placeholder=words.ASK, show_label=False, label=words.ASK, lines=1,
                    max_lines=8, max_length=200_000, submit_btn=True, stop_btn=True,
                    autofocus=True, elem_id="ask",
                )  # fmt: skip
            gr.HTML(words.HINT, elem_id="hint", apply_default_css=False)

    def _connect(self) -> None:
        self._connect_door()
        self._connect_room()

    def _connect_door(self) -> None:
        outputs = [
            self.door, self.sidebar, self.settings, self.room,
            self.key, self.token, self.refusal, *self.controls,
        ]  # fmt: skip
        stored = [self.key, self.token, self.kept]
        typed = [self.typed, self.token, self.kept]
        entering = [
            at_server(self.blocks.load, self._enter, stored, outputs, ENTER),
            at_server(self.sign_in.click, self._enter, typed, outputs),
            at_server(self.typed.submit, self._enter, typed, outputs),
        ]
        for event in entering:
            in_browser(event.then, UNLOCK, [self.key])
            in_browser(event.then, UNFOLD, [], [self.sidebar])
        in_browser(self.sign_out.click, SIGN_OUT)

    def _connect_room(self) -> None:
        page, chat = self.transcript, self._chat
        in_browser(self.new_chat.click, NEW_CHAT)
        in_browser(self.ask.submit, ASK, [self.ask], [self.ask])
        for control in self.controls:
            in_browser(control.change, KEEP, self.controls, [self.kept])
        at_server(page.show, chat.show, [page], [page])
        answering = at_server(page.ask, chat.answer, [page, self.key, *self.controls], [page])
        in_browser(answering.then, REST)
        in_browser(self.ask.stop, STOP)
        self.ask.stop(None, cancels=answering, show_progress="hidden", api_visibility="private")

    @property
    def controls(self) -> list[gr.Dropdown | gr.Textbox | gr.Slider]:
        """In the order of `Settings`' fields."""
        return [
            self.model, self.system, self.temperature, self.top_p, self.max_tokens, self.seed
        ]  # fmt: skip

    async def _enter(self, key: str, token: str, kept: list[object]) -> list[object]:
        """Which of doors and rooms are open, then key, token, refusal and the controls."""
        controls = len(Settings.model_fields)
        try:
            key, models = await self._chat.enter(key, token)
        except Refused as exc:
            refusal = exc.message if key or token else ""
            return [shown(True), *[shown(False)] * 3, "", "", refusal, *[gr.skip()] * controls]
        model, *others = kept if len(kept) == controls else [None, *[gr.skip()] * (controls - 1)]
        model = model if model in models else next(iter(models), None)
        choice = gr.update(choices=models, value=model)
        return [shown(False), *[shown(True)] * 3, key, "", "", choice, *others]


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


def scripted(elem_id: str, shown_words: Mapping[str, object], *scripts: str) -> gr.HTML:
    """An element that belongs to `scripts`, one after the other; Gradio carries its events."""
    return gr.HTML(
        html_template="<div></div>",
        js_on_load="\n".join((STATIC / script).read_text() for script in scripts),
        apply_default_css=False,
        elem_id=elem_id,
        words=shown_words,
    )
