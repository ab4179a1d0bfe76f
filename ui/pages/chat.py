"""The chat."""

import gradio as gr

from ui import words
from ui.chat import Chat
from ui.conversation import Settings
from ui.entering import Entering
from ui.pages.frame import (
    BRINGING,
    LIBRARY,
    READING,
    Door,
    Trigger,
    at_server,
    in_browser,
    scripted,
    ways,
)  # fmt: skip

SOURCES = ("shared/verdicts.js", "chat/sources.js")
MENU = ("chat/layers.js", "chat/menu.js")
PROMPTS = (
    "shared/store.js", "chat/layers.js", "chat/prompts.js", "chat/slash.js",
    "chat/sending.js", "chat/prompt_shelf.js",
)  # fmt: skip
CHATS = (
    "chat/tree.js", *MENU, "chat/search.js", "chat/received.js", "chat/foreign.js",
    "chat/unzipped.js", "chat/exchange.js", "chat/looking.js", "chat/chats.js",
)  # fmt: skip
VERSIONS = ("chat/tree.js", *MENU, "chat/versions.js", "chat/compare.js")
RECEIPTS = (
    "shared/amounts.js", "shared/time.js", "shared/reasons.js",
    "chat/receipt.js", "chat/account.js",
)  # fmt: skip
TRANSCRIPT = (
    *LIBRARY, *SOURCES, *VERSIONS, *RECEIPTS, "shared/clipboard.js",
    "chat/verdict.js", "chat/waiting.js", "chat/turns.js", "chat/chosen.js", "chat/prompts.js",
    "chat/elsewhere.js", "chat/telling.js", "chat/following.js", "chat/transcript.js",
)  # fmt: skip
INTAKE = (*BRINGING, "chat/intake_panel.js")
READER = ("shared/verdicts.js", *READING, "chat/layers.js", "chat/reader.js")

NEW_CHAT = "() => window.dispatchEvent(new CustomEvent('hearth:open'))"
STOP = "() => window.hearth.stop()"
REST = "() => window.hearth.rest()"
FAILED = "() => window.hearth.failed()"
KEEP = "(...values) => [values]"
# On a narrow screen the sidebar would cover the conversation.
UNFOLD = "() => ({__type__: 'update', open: window.innerWidth >= 768})"


class ChatPage:
    """The components as attributes; built once, for all visitors."""

    def __init__(self, entering: Entering, chat: Chat, load: Trigger) -> None:
        self._chat = chat
        self._door = Door(entering)
        self._build_sidebar()
        self._build_settings()
        self._build_room()
        self._connect(load)

    def _build_sidebar(self) -> None:
        with gr.Sidebar(visible=False, width=280, elem_id="sidebar") as self.sidebar:
            gr.HTML(f"<strong>{words.TITLE}</strong>", elem_id="brand", apply_default_css=False)
            self.new_chat = gr.Button(words.NEW_CHAT, elem_id="new-chat")
            told = words.table("SOURCES") | words.table("PAGE") | words.table("CHATS")
            scripted("chats", told, "shared/store.js", *CHATS)
            ways("chat")

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
                scripted(
                    "documents",
                    words.table("LIBRARY") | words.table("DOCUMENTS"),
                    *LIBRARY,
                    "chat/layers.js",
                    "chat/choice.js",
                )
            told = words.table("LIBRARY") | words.table("SOURCES") | words.table("VERSIONS")
            told |= words.table("PAGE") | {"time": words.table("TIME")}
            self.transcript = scripted("transcript", told, *TRANSCRIPT)
            self._build_composer()
            shown = words.table("LIBRARY") | words.table("SOURCES") | words.table("READER")
            scripted("reader", shown, *LIBRARY, *READER)
            scripted(
                "keys", words.table("KEYS"), "shared/store.js", "chat/layers.js", "chat/keys.js"
            )

    def _build_composer(self) -> None:
        with gr.Column(elem_id="composer"):
            scripted("intake", words.table("LIBRARY") | words.table("DOCUMENTS"), *LIBRARY, *INTAKE)
            with gr.Column(elem_id="box"):
                scripted(
                    "attach",
                    words.table("DOCUMENTS"),
                    "shared/store.js",
                    "shared/folder.js",
                    "chat/layers.js",
                    "chat/attach.js",
                )
                scripted("prompts", words.table("PROMPTS"), *PROMPTS)
                self.ask = gr.Textbox(
                    placeholder=words.ASK, show_label=False, label=words.ASK, lines=1,
                    max_lines=8, max_length=200_000, submit_btn=True, stop_btn=True,
                    autofocus=True, elem_id="ask",
                )  # fmt: skip
            gr.HTML(words.HINT, elem_id="hint", apply_default_css=False)

    def _connect(self, load: Trigger) -> None:
        rooms = [self.sidebar, self.settings, self.room]
        for event in self._door.connect(load, rooms, self.controls, entered):
            in_browser(event.then, UNFOLD, [], [self.sidebar])
        self._connect_room()

    def _connect_room(self) -> None:
        page, chat = self.transcript, self._chat
        in_browser(self.new_chat.click, NEW_CHAT)
        for control in self.controls:
            in_browser(control.change, KEEP, self.controls, [self._door.kept])
        at_server(page.show, chat.show, [page], [page])
        answering = at_server(page.ask, chat.answer, [page, self._door.key, *self.controls], [page])
        in_browser(answering.then, REST)
        in_browser(answering.failure, FAILED)
        in_browser(self.ask.stop, STOP)
        self.ask.stop(None, cancels=answering, show_progress="hidden", api_visibility="private")

    @property
    def controls(self) -> list[gr.Dropdown | gr.Textbox | gr.Slider]:
        """In the order of `Settings`' fields."""
        return [
            self.model, self.system, self.temperature, self.top_p, self.max_tokens, self.seed
        ]  # fmt: skip


def entered(models: list[str], kept: list[object]) -> list[object]:
    """The controls as this browser kept them."""
    controls = len(Settings.model_fields)
    model, *others = kept if len(kept) == controls else [None, *[gr.skip()] * (controls - 1)]
    model = model if model in models else next(iter(models), None)
    return [gr.update(choices=models, value=model), *others]
