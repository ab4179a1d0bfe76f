"""Receipts say what happened, and never what was said."""

import orjson
import pytest

from models.engine import Chunk, Usage
from serve.receipt import Receipt, new_request_id
from serve.receipts.receipt_line import told


def test_request_ids_differ() -> None:
    assert len({new_request_id() for _ in range(1000)}) == 1000


def test_a_step_has_a_time_and_says_ok() -> None:
    receipt = Receipt()
    with receipt.step("authenticate"):
        pass
    assert receipt.steps[0].verdict == "ok"
    assert receipt.steps[0].ms >= 0
    assert 0 <= receipt.steps[0].at <= receipt.elapsed_ms()


def test_a_step_that_raises_says_what_was_raised() -> None:
    receipt = Receipt()
    with pytest.raises(LookupError), receipt.step("route"):
        raise LookupError
    assert receipt.steps[0].verdict == "LookupError"


def test_the_first_chunk_sets_the_time_to_first_token_once() -> None:
    receipt = Receipt()
    receipt.saw(Chunk("a"))
    first = receipt.ttft_ms
    receipt.saw(Chunk("b", finish_reason="stop", usage=Usage(1, 2)))
    assert receipt.ttft_ms == first
    assert first is not None
    assert receipt.last_ms is not None
    assert receipt.last_ms > first
    assert receipt.finish_reason == "stop"


def test_headers_leave_out_what_is_not_known() -> None:
    assert set(Receipt().headers()) == {"x-request-id"}


def test_the_log_line_is_json_and_holds_no_text_of_the_answer() -> None:
    receipt = Receipt(path="chat", model="m", tier="small")
    receipt.saw(Chunk("a secret answer", finish_reason="stop", usage=Usage(1, 3)))
    receipt.close(200)
    line = orjson.dumps(told(receipt)).decode()
    assert "secret" not in line
    assert orjson.loads(line)["completion_tokens"] == 3
