import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from tests.ui.appliance import Served

CLOSED = [
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=..%2f..%2fetc/passwd",
    "/gradio_api/file=http://127.0.0.1/",
    "/gradio_api/proxy=http://127.0.0.1/",
    "/gradio_api/runs",
    "/gradio_api/openapi.json",
    "/gradio_api/vibe-code",
    "/gradio_api/deep_link",
    "/gradio_api/app_id",
    "/file/etc/passwd",
    "/monitoring",
    "/docs",
    "/openapi.json",
    "/assets/..%2f..%2f..%2f..%2fetc/passwd",
    "/static/..%2f..%2fetc/passwd",
    "/nothing",
    *(
        f"/{page}/{route}"
        for page in ("documents", "playground", "console")
        for route in ("", "config", "gradio_api/info", "gradio_api/queue/data", "..%2fdocs")
    ),
]
PAGES = ["", "documents", "playground", "console"]
POSTS = ["upload", "run/predict", "call/answer", "process_recording", "component_server", "login"]


@pytest.fixture
def page(appliance: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=appliance.page, timeout=10) as client:
        yield client


@pytest.mark.parametrize("path", CLOSED)
def test_routes_that_the_page_does_not_need_are_closed(page: httpx.Client, path: str) -> None:
    assert page.get(f"/ui{path}").status_code == 404


@pytest.mark.parametrize("name", POSTS)
def test_nothing_can_be_uploaded_or_called_past_the_page(page: httpx.Client, name: str) -> None:
    assert page.post(f"gradio_api/{name}", json={}).status_code == 404


@pytest.mark.parametrize("origin", ["http://evil.invalid", "null", "http://127.0.0.1:1", ""])
@pytest.mark.parametrize("path", [*PAGES, "config", "gradio_api/queue/join"])
def test_another_origin_is_refused(page: httpx.Client, origin: str, path: str) -> None:
    response = page.request("POST" if "queue" in path else "GET", path, headers={"Origin": origin})
    assert response.status_code == 403


def test_the_pages_own_origin_is_served(page: httpx.Client, appliance: Served) -> None:
    assert page.get("config", headers={"Origin": appliance.url}).status_code == 200


def test_the_page_without_its_slash_leads_to_the_page(appliance: Served) -> None:
    response = httpx.get(f"{appliance.url}/ui?signin=x")
    assert response.status_code == 307
    assert response.headers["location"] == "/ui/?signin=x"


@pytest.mark.parametrize("path", PAGES)
def test_a_name_that_is_not_this_machines_is_refused(page: httpx.Client, path: str) -> None:
    assert page.get(path, headers={"Host": "evil.invalid"}).status_code == 400


@pytest.mark.parametrize("path", [*PAGES, "theme.css", "gradio_api/upload"])
def test_every_response_carries_the_security_headers(page: httpx.Client, path: str) -> None:
    headers = page.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "img-src 'self' data:;" in headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_inline_scripts_run_only_by_their_hash(page: httpx.Client, path: str) -> None:
    response = page.get(path)
    assert response.headers["cache-control"] == "no-store"
    policy = response.headers["content-security-policy"]
    scripts = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", response.text, re.DOTALL)
    assert scripts
    for script in scripts:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1]


def test_an_oversized_request_is_refused_unread(page: httpx.Client) -> None:
    response = page.post("gradio_api/queue/join", content=b"x" * 4_000_001)
    assert response.status_code == 413


def test_a_request_of_unknown_length_is_refused_unread(page: httpx.Client) -> None:
    response = page.post("gradio_api/queue/join", content=iter([b"x"]))
    assert response.status_code == 411


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_nothing_outside_its_own_server(page: httpx.Client, path: str) -> None:
    html = page.get(path).text
    fetched = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(http[^\"]+)", html)
    assert fetched == []
    assert "fonts.googleapis" not in html
