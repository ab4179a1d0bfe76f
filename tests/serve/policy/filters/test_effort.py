"""No text costs much more than another of its length."""

import time

import pytest

from serve.policy.filters.forms import forms_of
from serve.policy.filters.injection import trained
from serve.policy.filters.kinds import SPANS
from serve.policy.filters.scanner import scan
from tests.serve.policy.filters.samples import PARTS, PLACES

LENGTH = 20_000
MOST = 2.0  # seconds of the processor: the slowest takes a tenth of it on a quiet core
MORE = ["a@", "1 ", "1-", "A1 ", "f:", "::", "=a", "+1 ", "4111 ", "call 1", "ignore ", "password="]


@pytest.mark.parametrize("unit", [*PLACES, *PARTS, *MORE])
def test_what_repeats_without_end_is_done_in_time(unit: str) -> None:
    text = (unit * LENGTH)[:LENGTH]
    began = time.process_time()
    scan(text, forms_of(SPANS, ("project x", "foo")))
    trained().likely(text)
    assert time.process_time() - began < MOST
