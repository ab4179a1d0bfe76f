import pytest

from serve.receipt import Attempt
from serve.receipts.outcome import outcome_of, told_outcome
from serve.receipts.receipt_line import told
from tests.serve.receipts.receipts_made import receipt


@pytest.mark.parametrize(
    ("status", "error", "cause", "outcome"),
    [
        (200, None, None, "ok"),
        (499, "client_gone", "client_gone", "left"),
        (429, "overloaded", "Overloaded", "refused"),
        (503, "deadline_exceeded", "QueueDeadline", "refused"),
        (503, "no_healthy_backend", "OutOfService", "failed"),
        (429, "rate_limit_exceeded", "rate_limit_exceeded", "refused"),
        (400, "invalid_value", "PromptRefused", "refused"),
        (502, "engine_interrupted", "BrokenPipe", "failed"),
        (200, "engine_interrupted", "EngineInterrupted", "failed"),
        (500, None, None, "failed"),
        (None, None, None, "ok"),
    ],
)
def test_what_a_client_did_and_what_nobody_had_room_for_is_no_failure(
    status: int | None, error: str | None, cause: str | None, outcome: str
) -> None:
    assert outcome_of(status, error, cause) == outcome


def test_what_came_first_in_the_last_try_is_the_cause() -> None:
    late = Attempt("small", 9.0, "EngineError", cause="QueueDeadline")
    made = receipt(status=503, error="engine_error", attempts=[Attempt("large", 1.0), late])
    assert told_outcome(told(made)) == "refused"
    assert told_outcome(told(receipt(status=503, error="off", attempts=[]))) == "failed"
