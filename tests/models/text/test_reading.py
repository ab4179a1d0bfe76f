"""What a prompt becomes for an engine: whether thoughts are to be looked for."""

from dataclasses import replace

import numpy as np
import pytest

from models.engine import Format, Message, Prompt, Tool, ToolChoice
from models.text.reading import Reader, Tokens

END = 256
OPEN = "{% for m in messages %}{{ m.content }}\n{% endfor %}<assistant><think>\n"
CLOSED = "{% for m in messages %}{{ m.content.split('</think>')[-1] }}\n{% endfor %}<assistant>"
PLAIN = "{% for m in messages %}{{ m.content }}\n{% endfor %}<assistant>"
CHAT = Prompt("r", "t", (Message("user", "What is <think>?"),))
TOOL = Tool("f", "", {"type": "object"})


class Bytes:
    """A vocabulary of the 256 bytes and one token that ends the answer."""

    vocabulary_size = 257
    end_tokens = control_tokens = (END,)
    bos = -1
    eos = END
    adds_bos = False

    def spelling(self, token: int) -> str:
        return "<end>" if token == END else ""

    def piece(self, token: int) -> bytes:
        return b"" if token == END else bytes([token])

    def tokenize(self, data: bytes, *, special: bool) -> Tokens:
        return np.frombuffer(data, np.uint8).astype(np.int32)


@pytest.mark.parametrize(
    ("template", "prompt", "thinking"),
    [
        (PLAIN, CHAT, "never"),
        (CLOSED, CHAT, "maybe"),
        (OPEN, CHAT, "begun"),
        (OPEN, replace(CHAT, input="raw <think>"), "never"),
        (OPEN, replace(CHAT, input=(1, 2)), "never"),
        (OPEN, replace(CHAT, format=Format("json_object")), "never"),
        (OPEN, replace(CHAT, tools=(TOOL,), tool_choice=ToolChoice("required")), "never"),
        (OPEN, replace(CHAT, tools=(TOOL,)), "begun"),
    ],
)
def test_thoughts_are_looked_for_where_the_template_knows_them(
    template: str, prompt: Prompt, thinking: str
) -> None:
    assert Reader(Bytes(), template, 512).read(prompt).thinking == thinking
