"""What a step computes for one sequence does not depend on what else is in it."""

from pathlib import Path

import numpy as np
import pytest

from models.llama.library import Context, Model
from models.llama.sampling import Logits
from models.llama.settings import Layout, LlamaSettings, bundled_model

TEXT = b"Water runs down, smoke goes up, and the cat stays where the sun is. " * 6
WIDE_UNITS = {"amx_int8", "avx512f", "asimd"}  # other kernels for one row than for many


def machine_has(flags: set[str]) -> bool:
    return bool(flags & set(Path("/proc/cpuinfo").read_text().split()))


@pytest.mark.slow
@pytest.mark.skipif(machine_has(WIDE_UNITS), reason="rows are rounded as their number wants here")
def test_rows_are_the_same_to_the_last_bit_one_by_one_and_together_and_with_others() -> None:
    path = bundled_model()
    settings = LlamaSettings(path=path, slots=2, context_length=256, layout=Layout())
    model = Model(path)
    context = Context(model, settings)
    tokens = model.tokenize(TEXT, special=False)[:96]

    def rows(size: int) -> Logits:
        """Logits behind the last 24 tokens, `size` in a step."""
        context.clear()
        context.decode([(0, 0, tokens[:72], 1), (1, 0, tokens[:10], 1)])
        found = []
        for start in range(72, 96, size):
            part = (0, start, tokens[start : start + size], size)
            other = (1, 10 + (start - 72) // size, tokens[:1], 1)
            context.decode([part, other] if size < 24 else [part])
            found.append(context.logits()[:size].copy())
        return np.concatenate(found)

    alone = rows(1)
    assert np.array_equal(rows(24), alone)
    assert np.array_equal(rows(4), alone)
    context.close()
    model.close()
