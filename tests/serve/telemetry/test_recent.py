from serve.receipts.receipt_line import as_line
from serve.telemetry.recent import Recent, recent
from tests.serve.receipts.receipts_made import receipt


def test_the_last_minutes_have_an_essence() -> None:
    made = [
        *(receipt(number, ttft_ms=100.0 * (number + 1)) for number in range(10)),
        receipt(10, cache="hit", ttft_ms=1.0),
        receipt(11, status=429, error="rate_limit_exceeded", usage=None, cache=None),
        receipt(12, status=499, error="client_gone", usage=None, cache=None),
        receipt(13, status=503, error="engine_unavailable", usage=None, cache=None),
        receipt(14, error="engine_died", usage=None, cache=None),
    ]
    found = recent(map(as_line, made), 300.0)
    assert found == Recent(300.0, 3.0, 500.0, 1000.0, 50 / 300, 1 / 11, 1, 2)


def test_when_nothing_was_asked_there_is_nothing_to_tell_of_it() -> None:
    assert recent([], 300.0) == Recent(300.0, 0.0, None, None, 0.0, None, 0, 0)
