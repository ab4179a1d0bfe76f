"""Scripts of one element run as one function, so no two of them may give a name to two things."""

import re
from collections import Counter

import gradio as gr

from ui.app import build
from ui.client import Appliance

NAMED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.M)


async def test_no_two_scripts_of_an_element_name_the_same() -> None:
    appliance = Appliance("http://127.0.0.1:1")
    elements = [one for one in build(appliance).blocks.values() if isinstance(one, gr.HTML)]
    await appliance.close()
    named = {one.elem_id: Counter(NAMED.findall(one.js_on_load or "")) for one in elements}
    assert sum(map(len, named.values())) > 100
    twice = {name: [each for each, n in of.items() if n > 1] for name, of in named.items()}
    assert {name: each for name, each in twice.items() if each} == {}
