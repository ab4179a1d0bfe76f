"""The chat page. Speaks only HTTP to the appliance; imports none of our packages.

Whenever it is imported, Gradio parses its sixty components to write type stubs for them: half of
its 4.7 s. It passes over those whose source it cannot find, so for that moment it finds none.
"""

import inspect


def _finds_nothing(_: object) -> str:
    raise OSError


_getfile = inspect.getfile
inspect.getfile = _finds_nothing  # type: ignore[assignment]
try:
    import gradio as gradio
finally:
    inspect.getfile = _getfile
