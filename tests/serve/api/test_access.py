"""Who gets in: keys, hosts, origins, paths, methods, sizes and kinds of bodies."""

import re
import time
from typing import Any

import httpx
import pytest

from serve.api.app import create_app
from serve.api.routes import ROUTES, Route
from serve.ledger.rights import ADMIN, Rights
from serve.policy.knocks import FREE

CHAT = "/v1/chat/completions"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
CLOSED = [re.sub(r"\{\w+\}", "x", route.name) for route in ROUTES if not route.public]
HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "localhost:1",
    "localhost/?x=",
    "localhost#",
    "",
    "[::1",
    "localhost@evil.example",
]
BAD_KEYS = [
    "Basic abc",
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Bearer hearth-nobody-secret",
    "Bearer " + "k" * 10_240,
    "Bearer ' OR 1=1 --",
    "Bearer hearth-\xff-\xfe",
    "hearth-a-b",
]


def code(response: httpx.Response) -> Any:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error["code"]


@pytest.mark.parametrize("path", [*CLOSED, "/v1/models/echo", "/", "/docs", "/openapi.json"])
async def test_without_a_key_every_closed_and_every_unknown_path_is_401(
    api: Any, path: str
) -> None:
    async with api.client(headers={}) as client:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            response = await client.request(method, path)
            assert response.status_code == 401
            assert code(response) == "missing_api_key"
            assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("value", BAD_KEYS, ids=lambda value: ascii(value[:20]))
async def test_a_wrong_key_is_refused_with_one_text(api: Any, value: str) -> None:
    headers = {"authorization": value.encode("latin-1")}
    async with api.client(headers=headers) as client:
        response = await client.post(CHAT, json=BODY)
    assert response.status_code == (431 if len(value) > 16_384 else 401)
    assert code(response) == "invalid_api_key"


async def test_a_revoked_key_is_refused_at_once_with_the_same_text(api: Any) -> None:
    async with api.client() as client:
        assert (await client.post(CHAT, json=BODY)).status_code == 200
        api.house.keys.revoke("test")
        revoked = await client.post(CHAT, json=BODY)
        unknown = await client.post(
            CHAT, json=BODY, headers={"authorization": "Bearer no-such-key"}
        )
    assert revoked.status_code == 401
    assert revoked.json() == unknown.json()


def from_address(address: str) -> dict[str, str]:
    return {"authorization": "Bearer hearth-x-y", "x-hearth-client": address}


async def test_who_tries_many_keys_is_sent_away_and_good_keys_are_not(api: Any) -> None:
    async with api.client(headers=from_address("10.0.0.1")) as client:
        tried = [await client.get("/v1/models") for _ in range(FREE + 2)]
        assert [response.status_code for response in tried] == [401] * FREE + [429] * 2
        assert code(tried[-1]) == "too_many_bad_keys"
        assert [tried[-2].headers["retry-after"], tried[-1].headers["retry-after"]] == ["1", "2"]
        assert (await client.get("/v1/models", headers=api.headers)).status_code == 200
        other = await client.get("/v1/models", headers=from_address("10.0.0.2"))
        assert other.status_code == 401


async def test_an_address_is_believed_from_this_machine_only(api: Any) -> None:
    transport = httpx.ASGITransport(create_app(api.house), client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for number in range(FREE):
            await client.get("/v1/models", headers=from_address(f"10.0.1.{number}"))
        response = await client.get("/v1/models", headers=from_address("10.0.2.1"))
    assert response.status_code == 429


def right(status: int, route: Route, method: str, rights: Rights | None) -> bool:
    """Whether the verdict is; `rights` None: of a key that opens nothing, or of none."""
    if route.public:
        return status not in (401, 403)
    if rights is None:
        return status == 401
    if not rights.allow(route.needs(method)):
        return status == 403
    return status not in (401, 403)


async def test_the_matrix_of_routes_keys_and_hosts_has_no_wrong_verdict(api: Any) -> None:
    keys, chat = api.house.keys, Rights(scopes=["chat"])
    callers: list[tuple[str, Rights | None]] = [
        ("", None),
        ("hearth-nobody-x", None),
        ("sk-" + "a" * 48, None),
        (keys.create("old", Rights(expires_at=time.time() - 1))[1], None),
        (keys.create("gone")[1], None),
        (keys.create("turned")[1], None),
        *((keys.create("some", rights)[1], rights) for rights in (chat, Rights(), ADMIN)),
    ]
    keys.revoke("gone")
    keys.rotate("turned")
    asks = [
        (route, method, caller, host)
        for route in ROUTES
        for method in route.handlers
        for caller in callers
        for host in ("localhost", *HOSTS)
    ]
    assert len(asks) > 2000
    async with api.client(headers={}) as client:
        for number, (route, method, (text, rights), host) in enumerate(asks):
            headers = {"host": host, "x-hearth-client": f"client-{number}"}
            headers |= {"authorization": f"Bearer {text}"} if text else {}
            path = re.sub(r"\{\w+\}", "x", route.name)
            status = (await client.request(method, path, headers=headers)).status_code
            fine = right(status, route, method, rights) if host == "localhost" else status == 400
            assert fine, (method, path, rights, host, status)


async def test_two_keys_in_one_request_are_refused(api: Any) -> None:
    both = [("authorization", f"Bearer {api.key}"), ("authorization", "Bearer x")]
    async with api.client(headers=both) as client:
        assert code(await client.get("/v1/models")) == "invalid_api_key"


async def test_a_key_in_the_query_is_no_key(api: Any) -> None:
    async with api.client(headers={}) as client:
        response = await client.get(f"/v1/models?api_key={api.key}&key={api.key}")
    assert response.status_code == 401


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/v1/models", "/health/live", "/nowhere"])
async def test_another_host_is_refused_whatever_the_key(api: Any, host: str, path: str) -> None:
    for headers in ({}, api.headers):
        async with api.client(headers={**headers, "host": host}) as client:
            response = await client.get(path)
        assert response.status_code == 400
        assert code(response) == "invalid_host"


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_the_appliances_own_names_are_accepted(api: Any, host: str) -> None:
    async with api.client() as client:
        assert (await client.get("/v1/models", headers={"host": host})).status_code == 200


async def test_allowed_hosts_are_accepted(make_api: Any) -> None:
    async with make_api(allowed_hosts=("hearth.lan",)).client() as client:
        for host in ("hearth.lan", "Hearth.lan:8080"):
            assert (await client.get("/v1/models", headers={"host": host})).status_code == 200
        assert (await client.get("/v1/models", headers={"host": "hearth.lan:1"})).status_code == 400


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "file://", "http://localhost:1"])
async def test_pages_of_other_sites_cannot_post(client: httpx.AsyncClient, origin: str) -> None:
    response = await client.post(CHAT, json=BODY, headers={"origin": origin})
    assert response.status_code == 403
    assert code(response) == "origin_not_allowed"


async def test_the_appliances_own_page_can_post(client: httpx.AsyncClient) -> None:
    response = await client.post(CHAT, json=BODY, headers={"origin": "http://localhost:8080"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//v1/models",
        "/v1/models/",
        "/v1/%6dodels",
        "/v1/%2e%2e/metrics",
        "/health/live/",
        "/health%00/live",
        "/metrics/",
        "/V1/models",
    ],
)
async def test_only_the_exact_path_is_a_route(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"http://localhost{path}")
    assert response.status_code == 404
    assert code(response) == "unknown_url"


async def test_another_method_is_told_which_ones_there_are(client: httpx.AsyncClient) -> None:
    response = await client.get(CHAT)
    assert (response.status_code, code(response)) == (405, "method_not_allowed")
    assert response.headers["allow"] == "OPTIONS, POST"
    assert (await client.options(CHAT)).headers["allow"] == "OPTIONS, POST"
    assert (await client.delete("/v1/models")).headers["allow"] == "GET, HEAD, OPTIONS"


async def test_head_is_get_without_a_body(client: httpx.AsyncClient) -> None:
    head, get = await client.head("/v1/models"), await client.get("/v1/models")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"],
)
async def test_a_body_that_is_not_json_in_utf8_is_415(
    client: httpx.AsyncClient, kind: str | None
) -> None:
    headers = {} if kind is None else {"content-type": kind}
    response = await client.post(CHAT, content=b"{}", headers=headers)
    assert (response.status_code, code(response)) == (415, "unsupported_media_type")


async def test_json_with_its_charset_named_is_accepted(client: httpx.AsyncClient) -> None:
    headers = {"content-type": 'Application/JSON; charset="UTF-8"', "content-encoding": "identity"}
    response = await client.post(
        CHAT, content=httpx.Request("POST", "/", json=BODY).content, headers=headers
    )
    assert response.status_code == 200


async def test_a_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    response = await client.post(CHAT, content=b"\x1f\x8b", headers=headers)
    assert (response.status_code, code(response)) == (415, "unsupported_content_encoding")


async def test_too_many_or_too_large_headers_are_431(client: httpx.AsyncClient) -> None:
    for headers in ({"x-big": "x" * 20_000}, {f"x-{i}": "1" for i in range(200)}):
        response = await client.get("/v1/models", headers=headers)
        assert (response.status_code, code(response)) == (431, "headers_too_large")
        assert response.headers["connection"] == "close"


async def test_an_announced_body_over_the_limit_is_never_read(client: httpx.AsyncClient) -> None:
    read = []

    async def body() -> Any:
        read.append(True)
        yield b"{}"

    headers = {"content-type": "application/json", "content-length": "999999999"}
    response = await client.post(CHAT, content=body(), headers=headers)
    assert (response.status_code, code(response)) == (413, "request_too_large")
    assert response.headers["connection"] == "close"
    assert read == []


async def test_a_growing_body_is_cut_at_the_limit(make_api: Any) -> None:
    sent = []

    async def body() -> Any:
        for _ in range(1000):
            sent.append(1024)
            yield b" " * 1024

    async with make_api(limits={"body_bytes": 10_240}).client() as client:
        headers = {"content-type": "application/json"}
        response = await client.post(CHAT, content=body(), headers=headers)
    assert (response.status_code, code(response)) == (413, "request_too_large")
    assert len(sent) < 20


async def test_every_answer_has_its_own_request_id(client: httpx.AsyncClient) -> None:
    ids = set()
    for path in ("/v1/models", "/nowhere", "/health/live"):
        response = await client.get(path, headers={"x-request-id": "mine"})
        ids.add(response.headers["x-request-id"])
        assert response.headers.get_list("x-request-id") == [response.headers["x-request-id"]]
    assert len(ids) == 3
    assert "mine" not in ids


async def test_a_websocket_is_turned_away(api: Any) -> None:
    from serve.api.app import create_app

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await create_app(api.house)({"type": "websocket", "path": "/"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
