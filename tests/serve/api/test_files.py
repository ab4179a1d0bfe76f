"""`/v1/files`: what comes in, what is refused, and how it goes out again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.api.call import UPLOAD_STEP
from serve.api.multipart import MOST_NAME, Form, harmless
from serve.errors import BadRequest

LINE = b"A line of text.\n"
BOUNDARY = "xXx"
KIND = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture
async def client(documents_api: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with documents_api.client() as client:
        yield client


@pytest.fixture
async def official(documents_api: Any, client: httpx.AsyncClient) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key=documents_api.key, base_url="http://localhost/v1", http_client=client
    )


def part(headers: str, body: bytes = b"", boundary: str = BOUNDARY) -> bytes:
    return f"--{boundary}\r\n{headers}\r\n\r\n".encode() + body + b"\r\n"


def named(name: str, body: bytes = b"", more: str = "") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"{more}', body)


PURPOSE = named("purpose", b"assistants")
FILE = named("file", LINE, '; filename="a.txt"')
END = f"--{BOUNDARY}--\r\n".encode()


def incoming(api: Any) -> list[Path]:
    return list((api.house.settings.data / "library" / "incoming").iterdir())


def kept(api: Any) -> list[Path]:
    folder = api.house.settings.data / "library" / "files"
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_official_client_keeps_lists_reads_and_deletes_files(
    official: openai.AsyncOpenAI,
) -> None:
    made = await official.files.create(file=("notes.txt", LINE), purpose="assistants")
    other = await official.files.create(file=("b.md", b"# B"), purpose="user_data")
    assert (made.filename, made.bytes, made.status) == ("notes.txt", len(LINE), "processed")
    assert await official.files.retrieve(made.id) == made
    assert [each.id async for each in official.files.list()] == [other.id, made.id]
    assert [f.id async for f in official.files.list(purpose="user_data")] == [other.id]
    assert [f.id async for f in official.files.list(limit=1, order="asc")] == [made.id, other.id]
    assert (await official.files.content(made.id)).content == LINE
    assert (await official.files.delete(made.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await official.files.retrieve(made.id)


async def test_a_file_of_many_pieces_comes_back_byte_by_byte(
    official: openai.AsyncOpenAI, documents_api: Any
) -> None:
    data = bytes(range(256)) * 10_000 + b"\r\n--xXx\r\n" + b"\r\n--" * 1000
    made = await official.files.create(file=("raw.bin", data), purpose="assistants")
    assert (await official.files.content(made.id)).content == data
    assert incoming(documents_api) == []


async def test_a_file_goes_out_as_an_attachment_that_no_browser_runs(
    client: httpx.AsyncClient,
) -> None:
    name = 'bad"\r\nx: y;<script>é😀.html'
    sent = await client.post(
        "/v1/files", files={"file": (name, b"<script>")}, data={"purpose": "assistants"}
    )
    url = f"/v1/files/{sent.json()['id']}/content"
    response, head = await client.get(url), await client.head(url)
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert unquote(disposition.partition("UTF-8''")[2]) == sent.json()["filename"]
    assert "\r" not in disposition
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    ("sent", "kept_as"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.docx", "plan.docx"),
        ("..", "upload"),
        ("/", "upload"),
        ("", "upload"),
        ("a\0b.txt", "ab.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Bericht für März.pdf", "Bericht für März.pdf"),
        (".env", ".env"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_kept_as_far_as_it_does_no_harm(sent: str, kept_as: str) -> None:
    assert harmless(sent) == kept_as


@given(st.text())
def test_every_name_becomes_one_that_can_be_shown_and_has_no_folder(name: str) -> None:
    kept_as = harmless(name)
    assert 1 <= len(kept_as) <= MOST_NAME
    assert kept_as.isprintable()
    assert not set(kept_as) & set("/\\")
    assert kept_as.strip(".")
    assert harmless(kept_as) == kept_as


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (FILE + PURPOSE, "invalid_multipart", None),
        (FILE + PURPOSE[:-5], "invalid_multipart", None),
        (b"", "invalid_multipart", None),
        (b"no form at all", "invalid_multipart", None),
        (END, "missing_required_parameter", "file"),
        (PURPOSE + END, "missing_required_parameter", "file"),
        (FILE + END, "missing_required_parameter", "purpose"),
        (FILE + FILE + PURPOSE + END, "invalid_multipart", "file"),
        (FILE + PURPOSE + PURPOSE + END, "invalid_multipart", "purpose"),
        (FILE + named("purpose", b"world domination") + END, "invalid_value", "purpose"),
        (FILE + PURPOSE + named("colour", b"red") + END, "unknown_parameter", "colour"),
        (
            FILE + PURPOSE + named("expires_after[seconds]", b"3600") + END,
            "unsupported_parameter",
            "expires_after",
        ),
        (
            named("file", b"", '; filename="a.txt"') + PURPOSE + END,
            "empty_file",
            "file",
        ),
        (named("file", LINE) + PURPOSE + END, "missing_required_parameter", "file"),
        (
            named("upload", LINE, '; filename="a.txt"') + PURPOSE + END,
            "invalid_multipart",
            "upload",
        ),
        (part("Content-Disposition: form-data", b"x") + END, "invalid_multipart", None),
        (part("X-Other: 1", b"x") + END, "invalid_multipart", None),
        (named("a", b"\xff") + END, "invalid_multipart", None),
        (named("a", b"x" * 5000) + END, "invalid_multipart", "a"),
        (
            b"".join(named(f"f{i}", b"x") for i in range(1000)) + END,
            "invalid_multipart",
            None,
        ),
        (part("X: " + "x" * 1_000_000, b"x") + END, "invalid_multipart", None),
        (
            part("\r\n".join(f"X{i}: y" for i in range(100)), b"x") + END,
            "invalid_multipart",
            None,
        ),
        (
            part(
                'Content-Disposition: form-data; name="file"; filename="a"\r\n'
                "Content-Transfer-Encoding: base64",
                b"QQ==",
            )
            + PURPOSE
            + END,
            "invalid_multipart",
            None,
        ),
    ],
)
async def test_a_bad_form_is_refused_in_words_and_leaves_nothing(
    client: httpx.AsyncClient,
    documents_api: Any,
    body: bytes,
    code: str,
    param: str | None,
) -> None:
    async with asyncio.timeout(5):
        response = await client.post("/v1/files", content=body, headers=KIND)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, code, param)
    assert len(response.content) < 1000
    assert incoming(documents_api) == []
    assert kept(documents_api) == []


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("multipart/form-data", 400, "invalid_multipart"),
        ("multipart/form-data; boundary=", 400, "invalid_multipart"),
        (f"multipart/form-data; boundary={'x' * 71}", 400, "invalid_multipart"),
        ('multipart/form-data; boundary="a\tb"', 400, "invalid_multipart"),
        ("multipart/mixed; boundary=xXx", 415, "unsupported_media_type"),
        ("application/json", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("", 415, "unsupported_media_type"),
    ],
)
async def test_another_content_type_is_refused(
    client: httpx.AsyncClient, kind: str, status: int, code: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    response = await client.post("/v1/files", content=FILE + PURPOSE + END, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_a_file_over_the_limit_is_refused_before_it_is_all_there(
    make_api: Any, library: Any
) -> None:
    api = make_api(library=library, limits={"file_bytes": 100_000})
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield named("file", b"", '; filename="big"')[:-2]
        for _ in range(1000):
            sent += 10_000
            yield b"x" * 10_000

    async with api.client() as client:
        response = await client.post("/v1/files", content=body(), headers=KIND)
        just = await client.post(
            "/v1/files", files={"file": ("a", b"x" * 100_000)}, data={"purpose": "batch"}
        )
    assert (response.status_code, response.json()["error"]["code"]) == (413, "file_too_large")
    assert sent < 200_000
    assert incoming(api) == []
    assert just.status_code == 200


@given(st.integers(1, 60), st.binary(max_size=200))
def test_a_form_means_the_same_however_it_is_cut(size: int, data: bytes) -> None:
    whole = named("file", data, '; filename="ä.bin"') + PURPOSE + END
    found = bytearray()
    form = Form(b"xXx", 1000, found.extend)
    for start in range(0, len(whole), size):
        form.feed(whole[start : start + size])
    form.close()
    assert bytes(found) == data
    assert (form.fields, form.filename) == ({"purpose": "assistants"}, "ä.bin")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_damaged_form_is_refused_or_read(noise: bytes, at: int) -> None:
    whole = named("file", LINE, '; filename="a"') + PURPOSE + END
    form = Form(b"xXx", 1000, bytearray().extend)
    try:
        form.feed(whole[:at] + noise + whole[at + len(noise) :])
        form.close()
    except BadRequest as exc:
        assert exc.message  # noqa: PT017  (being read is right, too)


class Sender:
    """A client whose body comes as the test lets it."""

    def __init__(self, api: Any, *pieces: bytes) -> None:
        self.sent: list[Any] = []
        self.all_read = asyncio.Event()
        self.leave = asyncio.Event()
        self._api = api
        self._pieces = list(pieces)

    async def receive(self) -> Any:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": True}
        self.all_read.set()
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def run(self) -> None:
        from serve.api.app import create_app

        raw = {**self._api.headers, **KIND, "host": "localhost"}
        headers = [(name.encode(), value.encode()) for name, value in raw.items()]
        scope = {"type": "http", "method": "POST", "path": "/v1/files", "headers": headers}
        await create_app(self._api.house)(scope, self.receive, self.send)


async def test_a_client_that_goes_away_leaves_nothing(documents_api: Any) -> None:
    begun = named("file", b"", '; filename="big"')[:-2]
    sender = Sender(documents_api, begun, b"x" * 3_000_000)
    working = asyncio.ensure_future(sender.run())
    async with asyncio.timeout(10):
        await sender.all_read.wait()
        assert len(incoming(documents_api)) == 1
        sender.leave.set()
        await working
    assert sender.sent == []
    assert incoming(documents_api) == []
    assert kept(documents_api) == []


async def test_an_upload_that_stands_still_ends_with_408(make_api: Any, library: Any) -> None:
    api = make_api(library=library, deadlines={"upload": 0.2})
    begun = named("file", b"", '; filename="big"')[:-2]
    sender = Sender(api, begun, b"x" * UPLOAD_STEP, b"x" * 100)
    async with asyncio.timeout(10):
        await sender.run()
    assert sender.sent[0]["status"] == 408
    assert incoming(api) == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=ten", "limit"),
        ("limit=%C2%B2", "limit"),
        ("order=up", "order"),
        ("after=file-nobody", "after"),
        ("before=file-nobody", "before"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", None),
        ("after=%ff", None),
        ("&".join(["limit=1"] * 100), None),
    ],
)
async def test_a_list_refuses_what_it_does_not_understand(
    client: httpx.AsyncClient, query: str, param: str | None
) -> None:
    response = await client.get(f"/v1/files?{query}")
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_without_a_library_there_are_no_files(api: Any) -> None:
    async with api.client() as client:
        sent = await client.post("/v1/files", content=FILE + PURPOSE + END, headers=KIND)
        assert (await client.get("/v1/files")).status_code == 404
    assert sent.status_code == 404
