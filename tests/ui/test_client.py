import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress

import httpx
import pytest
import uvicorn

from tests.ui.appliance import LONG, Served
from ui import client, stream, words
from ui.client import Appliance
from ui.refusals import Refused
from ui.stream import Kept, Measure, Origin, Piece, Stage

HELLO = [{"role": "user", "content": "Hello to you"}]


@pytest.fixture
async def there(appliance: Served) -> AsyncIterator[Appliance]:
    opened = Appliance(appliance.url)
    yield opened
    await opened.close()


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Appliance:
    return Appliance("http://appliance", httpx.MockTransport(answer))


def refusing(status: int, headers: dict[str, str] | None = None, message: str = "") -> Appliance:
    body = {"error": {"message": message, "type": "x", "param": None, "code": None}}
    return answering(lambda _: httpx.Response(status, headers=headers, json=body))


def streaming(*lines: str) -> Appliance:
    text = "".join(f"{line}\n\n" for line in lines)
    return answering(lambda _: httpx.Response(200, text=text))


async def said(appliance: Appliance, key: str = "key", **request: object) -> list[Piece]:
    request = {"model": "echo", "messages": HELLO} | request
    return [piece async for piece in appliance.chat(key, request)]


async def test_the_models_that_can_chat_are_listed(there: Appliance, appliance: Served) -> None:
    assert await there.models(appliance.key) == [*appliance.engines, "auto"]


async def test_models_for_embeddings_are_not_offered_for_chat() -> None:
    data = [{"id": "small", "tier": "small"}, {"id": "minilm", "tier": "embeddings"}]
    listing = answering(lambda _: httpx.Response(200, json={"data": data}))
    assert await listing.models("key") == ["small"]


async def test_an_idle_connection_is_left_before_a_server_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is sent while it closes is lost, and would look like an appliance that is gone."""
    assert uvicorn.Config("").timeout_keep_alive > client.IDLE
    came = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"data":[]}')

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        for idle, connections in ((client.IDLE, 1), (0.0, 3)):
            monkeypatch.setattr(client, "IDLE", idle)
            opened = Appliance(f"http://{host}:{port}")
            assert [await opened.models("key"), await opened.models("key")] == [[], []]
            assert len(came) == connections
            await opened.close()
        for writer in came:
            writer.close()
            await writer.wait_closed()


async def test_an_answer_comes_in_pieces_and_ends_with_its_measure(
    there: Appliance, appliance: Served
) -> None:
    origin, *pieces, measure = await said(there, appliance.key)
    assert isinstance(origin, Origin)
    assert (origin.request_id[:4], origin.model) == ("req_", "echo")
    assert "".join(map(str, pieces)) == "Hello to you"
    assert isinstance(measure, Measure)
    assert (measure.prompt_tokens, measure.answer_tokens) == (3, 3)
    assert 0 < measure.first_token <= measure.whole
    assert measure.finish_reason == "stop"


async def test_the_wait_for_the_first_token_counts_from_the_question(
    there: Appliance, appliance: Served
) -> None:
    measure = (await said(there, appliance.key, model="long", max_tokens=2))[-1]
    assert isinstance(measure, Measure)
    assert measure.first_token >= appliance.engines["long"].script.first_token_delay


async def test_leaving_early_ends_the_generation_at_the_appliance(
    there: Appliance, appliance: Served
) -> None:
    request = {"model": "long", "messages": HELLO}
    async with aclosing(there.chat(appliance.key, request)) as pieces:
        assert isinstance(await anext(pieces), Origin)
        assert await anext(pieces) == LONG[0]
        assert appliance.engines["long"].running == 1
    async with asyncio.timeout(5):
        while appliance.engines["long"].running:
            await asyncio.sleep(0.01)


async def test_an_unknown_key_means_signing_in_again(there: Appliance) -> None:
    with pytest.raises(Refused) as refused:
        await there.models("hearth-not-a-key")
    assert refused.value.sign_in
    assert refused.value.message == words.SIGN_IN_AGAIN


@pytest.mark.parametrize("key", ["", " ", "café", "two\nlines", "a\x00b"])
async def test_a_key_that_cannot_stand_in_a_header_is_refused_before_it_is_sent(key: str) -> None:
    with pytest.raises(Refused) as refused:
        await refusing(500).models(key)
    assert refused.value.sign_in


async def test_what_the_appliance_says_about_a_bad_request_is_shown(
    there: Appliance, appliance: Served
) -> None:
    with pytest.raises(Refused, match="maximum context length is 16 tokens"):
        await said(there, appliance.key, model="tiny", max_tokens=99)


async def test_an_answer_that_breaks_off_says_so(there: Appliance, appliance: Served) -> None:
    with pytest.raises(Refused, match="broke off"):
        await said(there, appliance.key, model="broken")


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (429, "1", "in 1 second."),
        (503, "0.2", "in 1 second."),
        (429, "59", "in 59 seconds."),
        (503, "600", "in 10 minutes."),
        (503, "", "in a moment."),
    ],
)
async def test_a_busy_appliance_says_when_to_come_back(
    status: int, after: str, expected: str
) -> None:
    with pytest.raises(Refused) as refused:
        await said(refusing(status, {"Retry-After": after}))
    assert refused.value.message.endswith(expected)


async def test_a_reached_limit_is_named_and_says_when_there_is_room_again() -> None:
    error = {"message": "60 requests per minute.", "code": "rate_limit_exceeded"}
    limited = answering(
        lambda _: httpx.Response(429, headers={"Retry-After": "12"}, json={"error": error})
    )
    with pytest.raises(Refused) as refused:
        await said(limited)
    assert (refused.value.message, refused.value.retry_after) == ("60 requests per minute.", 12)


async def test_a_forbidden_thing_is_named() -> None:
    with pytest.raises(Refused, match="may not do that: Not this model"):
        await said(refusing(403, message="Not this model"))


async def test_an_inner_error_shows_the_request_id_and_nothing_of_itself() -> None:
    broken = refusing(500, {"x-request-id": "r-17"}, "secret inner detail")
    with pytest.raises(Refused) as refused:
        await said(broken)
    assert "r-17" in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("status", [400, 401, 404, 410])
async def test_a_used_sign_in_link_says_what_to_do_instead(status: int) -> None:
    with pytest.raises(Refused) as refused:
        await refusing(status).sign_in("token")
    assert refused.value.message == words.LINK_USED


async def test_too_many_attempts_to_sign_in_say_when_to_come_back() -> None:
    with pytest.raises(Refused, match="in 9 seconds"):
        await refusing(429, {"Retry-After": "9"}).sign_in("token")


async def test_a_sign_in_token_travels_in_the_body_only() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "t0ken" not in str(request.url)
        assert b"t0ken" in request.content
        return httpx.Response(200, json={"key": "hearth-new"})

    assert await answering(answer).sign_in("t0ken") == "hearth-new"


@pytest.mark.parametrize(
    "lines",
    [
        ["data: not json"],
        ["data: 7", "data: [DONE]"],
        ["data: {}", "data: [DONE]"],
        ['data: {"choices": [{"delta": null}]}', "data: [DONE]"],
    ],
)
async def test_a_stream_that_is_no_answer_is_refused_in_words(lines: list[str]) -> None:
    with pytest.raises(Refused, match="cannot read"):
        await said(streaming(*lines))


async def test_a_stream_without_its_end_is_not_taken_for_a_whole_answer() -> None:
    with pytest.raises(Refused, match="broke off"):
        await said(streaming('data: {"choices": [{"delta": {"content": "Half an"}}]}'))


async def test_heartbeats_are_not_shown() -> None:
    lines = [": heartbeat", 'data: {"choices": [{"delta": {"content": "x"}}]}', "data: [DONE]"]
    assert (await said(streaming(*lines)))[0] == "x"


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WHOLE_ANSWER", -1.0)
    with pytest.raises(Refused, match="not finished"):
        await said(streaming('data: {"choices": []}', "data: [DONE]"))


async def test_an_appliance_that_only_lives_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WHOLE_ANSWER", -1.0)
    with pytest.raises(Refused, match="not finished"):
        await said(streaming(": heartbeat"))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(httpx.ConnectError, words.UNREACHABLE), (httpx.ReadTimeout, "Nothing came")],
)
async def test_a_silent_appliance_is_told_from_an_absent_one(
    fault: type[httpx.TransportError], expected: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise fault("inner detail", request=request)

    with pytest.raises(Refused) as refused:
        await said(answering(answer))
    assert refused.value.message.startswith(expected)


# ---- what an answer waits for

TEXT = 'data: {"choices": [{"delta": {"content": "x"}}]}'


def progress(**told: object) -> str:
    return f": hearth {json.dumps(told)}"


async def test_what_an_answer_waits_for_is_told_as_it_changes() -> None:
    lines = [
        progress(state="queued", position=2, wait=3.5, tier="small"),
        ": heartbeat",
        progress(state="queued", position=1, wait=None, tier="small"),
        progress(state="from the future"),
        progress(state="reading", tier="small"),
        progress(state="answering", headers={"x-request-id": "req_1", "x-hearth-model": "m"}),
        TEXT,
        "data: [DONE]",
    ]
    pieces = await said(streaming(*lines))
    stages = [Stage("queued", 2, 3.5), Stage("queued", 1), Stage("reading")]
    assert pieces[:-1] == [*stages, Origin("req_1", "m"), "x"]


async def test_what_is_known_late_says_that_an_answer_was_kept() -> None:
    known = {"x-hearth-cache": "hit", "x-hearth-cache-age": "7"}
    lines = [progress(state="answering", headers=known), TEXT, "data: [DONE]"]
    measure = (await said(streaming(*lines)))[-1]
    assert isinstance(measure, Measure)
    assert measure.kept == Kept(7.0)


async def test_the_appliance_is_asked_to_tell_and_does_not_have_to() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-hearth-progress"] == "1"
        return httpx.Response(200, text=f"{TEXT}\n\ndata: [DONE]\n\n")

    assert (await said(answering(answer)))[0] == "x"


async def test_what_a_real_appliance_does_before_it_answers_is_told(
    there: Appliance, appliance: Served
) -> None:
    pieces = await said(there, appliance.key, model="slow")
    assert Stage("reading") in pieces
    assert [type(piece) for piece in pieces[:2]] == [Stage, Origin]


# ---- refusals in the midst


def failing(*before: str, **error: object) -> Appliance:
    return streaming(*before, f"data: {json.dumps({'error': error})}", "data: [DONE]")


async def test_a_refusal_after_a_wait_is_one_like_any_other() -> None:
    refusal = {"message": "no", "code": "deadline_exceeded", "status": 503, "retry_after": 7}
    with pytest.raises(Refused) as refused:
        await said(failing(progress(state="queued"), **refusal))
    assert refused.value.message.endswith("in 7 seconds.")
    assert (refused.value.why, refused.value.retry_after) == (words.BUSY, 7)


async def test_what_breaks_off_says_why_and_when_to_go_on() -> None:
    with pytest.raises(Refused) as refused:
        await said(failing(TEXT, message="It crashed.", status=502, retry_after=2))
    assert refused.value.message == words.BROKE_OFF.format(message="It crashed.")
    assert refused.value.retry_after == 2
