"""The page: what stands where, and which event calls what."""

from importlib.resources import files

import gradio as gr

from ui import words
from ui.chat import Chat
from ui.client import Appliance, Refused

STATIC = files("ui") / "static"

# What the page asks the browser before it asks the server: the stored key, and the one-time token
# of a sign-in link, which leaves the address bar (and so the history) at once.
ENTER = """(key, token) => {
    const url = new URL(location.href);
    const found = url.searchParams.get("signin") || "";
    url.searchParams.delete("signin");
    history.replaceState(null, "", url);
    return [key, found];
}"""
SIGN_OUT = "() => { localStorage.removeItem('hearth.key'); location.reload(); }"
NEW_CHAT = "() => window.dispatchEvent(new CustomEvent('hearth:open'))"
ASK = "(text) => window.hearth.ask(text) ? '' : text"
STOP = "() => window.hearth.stop()"
REST = "() => window.hearth.rest()"
KEEP = "(...values) => values"


def build(api_url: str) -> gr.Blocks:
    """The chat page of the appliance at `api_url`, such as `http://127.0.0.1:8080`."""
    return Page(Chat(Appliance(api_url))).blocks


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
            gr.HTML(f"<h1>{words.TITLE}</h1>", apply_default_css=False)
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
            scripted("chats.js", elem_id="chats")
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
                0, 2, 0.7, step=0.05, label=words.TEMPERATURE, info=words.TEMPERATURE_INFO
            )
            self.top_p = gr.Slider(0.05, 1, 1, step=0.05, label=words.TOP_P, info=words.TOP_P_INFO)
            self.max_tokens = gr.Number(512, label=words.MAX_TOKENS, precision=0, minimum=1)
            self.seed = gr.Number(label=words.SEED, info=words.SEED_INFO, precision=0)

    def _build_room(self) -> None:
        with gr.Column(visible=False, elem_id="room") as self.room:
            self.model = gr.Dropdown(
                label=words.MODEL, show_label=False, container=False, elem_id="model"
            )
            self.transcript = scripted("transcript.js", elem_id="transcript")
            with gr.Column(elem_id="composer"):
                self.ask = gr.Textbox(
                    placeholder=words.ASK, show_label=False, label=words.ASK, lines=1,
                    max_lines=8, max_length=200_000, submit_btn=True, stop_btn=True,
                    autofocus=True, elem_id="ask",
                )  # fmt: skip
                gr.HTML(words.HINT, elem_id="hint", apply_default_css=False)

    def _connect(self) -> None:
        controls = [
            self.model, self.system, self.temperature, self.top_p, self.max_tokens, self.seed
        ]  # fmt: skip
        rooms = [self.door, self.sidebar, self.settings, self.room]
        entered = [*rooms, self.key, self.token, self.refusal, self.model]
        quiet = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        local = {"fn": None, "api_visibility": "private", "show_progress": "hidden"}

        self.blocks.load(self._enter, [self.key, self.token], entered, js=ENTER, **quiet)
        gr.on(
            [self.sign_in.click, self.typed.submit],
            self._enter, [self.typed, self.token], entered, **quiet,
        )  # fmt: skip
        self.sign_out.click(js=SIGN_OUT, **local)
        self.new_chat.click(js=NEW_CHAT, **local)

        self.ask.submit(inputs=self.ask, outputs=self.ask, js=ASK, **local)
        self.transcript.show(self._chat.show, self.transcript, self.transcript, **quiet)
        answering = self.transcript.ask(
            self._chat.answer,
            [self.transcript, self.key, *controls],
            self.transcript,
            **quiet,
        )
        answering.then(js=REST, **local)
        self.ask.stop(js=STOP, cancels=answering, **local)

    async def _enter(self, key: str, token: str) -> list[object]:
        """Values for the doors and rooms, the key, the token, the refusal and the models."""
        try:
            key, models = await self._chat.enter(key, token)
        except Refused as exc:
            closed = [gr.update(visible=True)] + [gr.update(visible=False)] * 3
            return [*closed, "", "", exc.message if key or token else "", gr.skip()]
        opened = [gr.update(visible=False)] + [gr.update(visible=True)] * 3
        chosen = models[0] if models else None
        return [*opened, key, "", "", gr.update(choices=models, value=chosen)]


def scripted(name: str, elem_id: str) -> gr.HTML:
    """An element that belongs to the script `name`; Gradio carries its events."""
    script = f"{(STATIC / 'store.js').read_text()}\n{(STATIC / name).read_text()}"
    return gr.HTML(
        html_template="<div></div>",
        js_on_load=script,
        apply_default_css=False,
        elem_id=elem_id,
        words=words.PAGE,
    )
