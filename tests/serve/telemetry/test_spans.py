"""What a trace tells of a request."""

import pytest

from models.engine import Usage
from serve.receipt import Attempt, Receipt, Step
from serve.telemetry.spans import count, parent_of, spans

TRACE, SPAN = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"


def finished(**more: object) -> Receipt:
    receipt = Receipt(path="/v1/chat/completions", model="echo", tier="small", **more)  # type: ignore[arg-type]
    receipt.steps += [Step("authenticate", "ok", 0.5, 0.25), Step("generate", "ok", 50.0, 2.0)]
    receipt.attempts += [Attempt("large", 10.0, "EngineDied", 3.0), Attempt("small", 30.0, at=20.0)]
    receipt.usage, receipt.finish_reason, receipt.ttft_ms = Usage(10, 5, 4), "stop", 25.0
    receipt.close(200)
    return receipt


def told(span: dict[str, list[dict[str, dict[str, object]]]]) -> dict[str, object]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (b"00-%b-%b-01" % (TRACE, SPAN), True),
        (b"00-%b-%b-00" % (TRACE, SPAN), False),
        (b"00-%b-%b-03" % (TRACE, SPAN), True),
        (b"cc-%b-%b-01-what-comes-later" % (TRACE, SPAN), True),
    ],
)
def test_a_well_formed_traceparent_is_continued(header: bytes, sampled: bool) -> None:
    parent = parent_of(header)
    assert parent is not None
    assert (parent.trace_id, parent.span_id) == (TRACE.decode(), SPAN.decode())
    assert parent.sampled == sampled


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"00",
        b"ff-%b-%b-01" % (TRACE, SPAN),
        b"00-%b-%b-01" % (b"0" * 32, SPAN),
        b"00-%b-%b-01" % (TRACE, b"0" * 16),
        b"00-%b-%b-01-more" % (TRACE, SPAN),
        b"00-%b-%b-01" % (TRACE.upper(), SPAN),
        b"00-%b-%b-0x" % (TRACE, SPAN),
        b"00-%b-%b-01\n" % (TRACE, SPAN),
        b"0" * 100_000,
    ],
)
def test_any_other_traceparent_begins_a_new_trace(header: bytes | None) -> None:
    assert parent_of(header) is None


def test_a_request_has_a_span_and_each_step_and_attempt_one_under_it() -> None:
    receipt = finished()
    whole, *parts = spans(receipt, None)
    assert len(parts) + 1 == count(receipt) == 5
    names = ["authenticate", "generate", "attempt large", "attempt small"]
    assert [part["name"] for part in parts] == names
    assert {part["parentSpanId"] for part in parts} == {whole["spanId"]}
    assert {part["traceId"] for part in parts} == {whole["traceId"]}
    assert len({span["spanId"] for span in (whole, *parts)}) == 5
    assert (len(whole["traceId"]), len(whole["spanId"]), whole["parentSpanId"]) == (32, 16, "")
    began = int(whole["startTimeUnixNano"])
    assert abs(began - receipt.started_at * 1e9) < 2000
    assert int(parts[3]["startTimeUnixNano"]) - began == 20_000_000
    assert int(parts[3]["endTimeUnixNano"]) - began == 50_000_000
    assert parts[2]["status"] == {"code": 2}
    assert told(parts[2])["error.type"] == "EngineDied"
    assert "status" not in whole


def test_the_span_of_a_request_has_the_attributes_for_generative_ai() -> None:
    whole = next(spans(finished(stream=True), None))
    assert whole["name"] == "chat echo"
    found = told(whole)
    assert found["gen_ai.operation.name"] == "chat"
    assert found["gen_ai.request.model"] == found["gen_ai.response.model"] == "echo"
    assert found["gen_ai.usage.input_tokens"] == "10"
    assert found["gen_ai.usage.output_tokens"] == "5"
    assert found["gen_ai.usage.cache_read.input_tokens"] == "4"
    assert found["gen_ai.response.finish_reasons"] == {"values": [{"stringValue": "stop"}]}
    assert found["gen_ai.response.time_to_first_chunk"] == 0.025
    assert found["http.response.status_code"] == "200"


def test_their_names_are_those_of_opentelemetry() -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

    known = {value for name, value in vars(gen_ai_attributes).items() if name[:3] == "GEN"}
    used = {name for name in told(next(spans(finished(stream=True), None))) if "gen_ai" in name}
    assert used <= known


def test_an_answer_given_again_used_no_tokens() -> None:
    found = told(next(spans(finished(cache="hit"), None)))
    assert not any("usage" in name for name in found)
    assert found["hearth.cache"] == "hit"


@pytest.mark.parametrize(
    ("status", "error", "failed"),
    [(200, None, False), (200, "engine_died", True), (404, "unknown_url", False), (503, "x", True)],
)
def test_only_what_the_appliance_is_to_blame_for_is_an_error(
    status: int, error: str | None, failed: bool
) -> None:
    receipt = Receipt(path="/v1/chat/completions")
    receipt.close(status, error)
    assert ("status" in next(spans(receipt, None))) == failed
