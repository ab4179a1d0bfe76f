"""Proves a build of llama.cpp: `python -m models.llama.prove` exits 0 or dies with the build.

A build that was compiled wrongly for the processor dies by SIGILL or SIGSEGV, so this runs in a
child process. It takes a batch: some faults (AMX) show only from two tokens on.
"""

import sys

import numpy as np

from models.llama.library import Context, Model
from models.llama.settings import Layout, LlamaSettings, bundled_model


def main() -> int:
    """0 when a step of 16 tokens and a step of one gave numbers."""
    model = Model(bundled_model())
    layout = Layout(step_tokens=32)
    context = Context(model, LlamaSettings(slots=1, context_length=256, threads=1, layout=layout))
    tokens = model.tokenize(b"One, two, three, four, five, six, seven, eight.", special=False)
    for start, end in ((0, len(tokens) - 1), (len(tokens) - 1, len(tokens))):
        context.decode([(0, start, tokens[start:end], 1)])
        if not np.isfinite(context.logits()).all():
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
