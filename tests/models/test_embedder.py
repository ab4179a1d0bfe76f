"""What is particular to each embedder, and the cutting of vectors."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.embedder import HashingEmbedder, shortened
from models.errors import PromptRefused


@given(
    vectors=arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=32)),
    dimensions=st.integers(1, 8),
)
def test_shortened_vectors_are_the_first_dimensions_at_length_one(vectors, dimensions: int) -> None:
    short = shortened(vectors, dimensions)
    assert short.shape == (3, dimensions)
    for full, cut in zip(vectors, short, strict=True):
        norm = np.linalg.norm(full[:dimensions])
        if norm > 1e-6:
            np.testing.assert_allclose(cut * norm, full[:dimensions], rtol=1e-4, atol=1e-6)
            assert np.linalg.norm(cut) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("dimensions", [0, -1, 9])
def test_dimensions_that_the_vectors_do_not_have_are_refused(dimensions: int) -> None:
    with pytest.raises(PromptRefused, match="1 to 8") as refused:
        shortened(np.ones((1, 8), np.float32), dimensions)
    assert refused.value.param == "dimensions"


async def test_texts_that_share_words_are_near_each_other() -> None:
    texts = ["the cat sat on the mat", "the cat sat on a mat", "quarterly revenue forecast"]
    a, b, c = (await HashingEmbedder("hash").embed(texts)).vectors
    assert a @ b > a @ c + 0.3


async def test_a_text_without_words_has_a_vector_too() -> None:
    [vector] = (await HashingEmbedder("hash").embed(["  "])).vectors
    assert np.linalg.norm(vector) == pytest.approx(1)


def test_naming_an_embedder_imports_no_heavy_library() -> None:
    code = "import models.embedder, sys; print({'torch', 'sentence_transformers'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"
