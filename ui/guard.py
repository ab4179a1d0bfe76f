"""What may reach the page's server, and what a browser may do with what it gets back.

Gradio brings routes that this page has no use for: uploads, files, a proxy, code editing, run
history. Incidents of the past went through such routes (CVE-2026-28414, CVE-2026-49119,
CVE-2026-59806), so only the ones that the page calls are open, and only to its own origin
(CVE-2024-47084). The content security policy is as strict as Gradio allows: it evaluates the
page's own event scripts and sets styles, so `unsafe-eval` and inline styles stay; inline scripts
run only by their hash.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LARGEST = 4_000_000  # bytes of one request: a long conversation

PAGE = re.compile(r"/(documents|playground|console)?")
OPEN = re.compile(
    rf"{PAGE.pattern}"
    r"|/(assets|static|svelte)/.+"
    r"|/(config|theme\.css|favicon\.ico|robots\.txt)"
    r"|/gradio_api/(info|startup-events|reset|cancel|queue/join|queue/data)"
    r"|/gradio_api/heartbeat/\w+"
)
INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
# Gradio's page names a manifest at the server's root, where others answer, and no icon, so that
# browsers look for one there too.
MANIFEST = re.compile(rb'<link rel="manifest"[^>]*>')
ICON = b"""<link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' \
viewBox='0 0 24 24'><path fill='%23d9562b' d='M12 22a8 8 0 0 1-8-8c0-5 8-12 8-12s8 7 8 12\
a8 8 0 0 1-8 8z'/></svg>">"""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def policy(page: bytes = b"") -> str:
    """The content security policy for a response; `page` is its HTML."""
    scripts = [b64encode(sha256(s).digest()).decode() for s in INLINE_SCRIPT.findall(page)]
    sources = " ".join(f"'sha256-{digest}'" for digest in scripts)
    return (
        "default-src 'self'; base-uri 'self'; object-src 'none'; form-action 'none'; "
        "frame-ancestors 'none'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        f"style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval' {sources}".rstrip()
    )


class Guard:
    """Middleware around the page. `hosts`: names besides loopback by which it may be called."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self._page = app
        self._app = TrustedHostMiddleware(
            self._dispatch, allowed_hosts=[*LOOPBACK, *hosts], www_redirect=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            await (refusal(scope) or self._forward)(scope, receive, Shield(send))

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        if PAGE.fullmatch(route(scope)):
            # Compressed HTML could not be read here.
            kept = [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]
            await self._page({**scope, "headers": kept}, receive, Reader(send))
        else:
            await self._page(scope, receive, send)


def route(scope: Scope) -> str:
    """The path below the prefix under which the page is mounted."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path


def refusal(scope: Scope) -> Response | None:
    headers = Headers(scope=scope)
    if route(scope) == "":
        # The page names what it needs relative to itself, so it needs its slash.
        query = scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{scope['root_path']}/{'?' if query else ''}{query}")
    if not OPEN.fullmatch(route(scope)):
        return PlainTextResponse("Not found", 404)
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return PlainTextResponse("This page answers only to its own origin", 403)
    if "transfer-encoding" in headers:  # no page sends such a body, and it may have no end
        return PlainTextResponse("The request must say how long it is", 411)
    if int(headers.get("content-length", "0")) > LARGEST:
        return PlainTextResponse("The request is too large", 413)
    return None


class Shield:
    """Sends a response with the security headers."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault("Content-Security-Policy", policy())
        await self._send(message)


class Reader:
    """Holds an HTML response back until it is whole, to allow its inline scripts by hash."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._page = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._page += message.get("body", b"")
        if message.get("more_body"):
            return
        page = MANIFEST.sub(ICON, self._page)
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(page))
        headers["Content-Security-Policy"] = policy(page)
        headers["Cache-Control"] = "no-store"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": page})
