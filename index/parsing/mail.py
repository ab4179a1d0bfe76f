"""E-mail (EML): who wrote what to whom, the body, and the attachments as files of their own."""

from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final, cast

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Member, Source, held
from index.parsing.encoding import decoded
from index.parsing.plain import add_paragraphs
from index.parsing.web_page import add_page

_FIELDS: Final = ("From", "To", "Cc", "Date", "Subject")


def read(source: Source) -> Content:
    message = message_from_bytes(source.data, policy=policy.default)
    fields = [(name, str(message[name])) for name in _FIELDS if message[name]]
    text, page = _body(message, "plain"), _body(message, "html")
    members = list(_attachments(message))
    return letter(fields, text, page, members)


def letter(
    fields: Sequence[tuple[str, str]], text: str, page: str, members: list[Member]
) -> Content:
    """A message of any kind. `text` and `page` (HTML) say the same; text is preferred."""
    subject = next((value for name, value in fields if name == "Subject"), "")
    blocks = Blocks()
    blocks.heading(subject, 1)
    blocks.text("\n".join(f"{name}: {value}" for name, value in fields if name != "Subject"))
    if text.strip():
        add_paragraphs(blocks, text)
    else:
        add_page(blocks, page)
    return Content(blocks.found, subject, members=members)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return _text(cast(EmailMessage, part)) if part is not None else ""


def _text(part: EmailMessage) -> str:
    """In the encoding that it names, or whatever it turns out to be in."""
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decoded(raw) or ""


def _attachments(message: EmailMessage) -> Iterator[Member]:
    for number, part in enumerate(message.iter_attachments(), 1):
        if part.get_content_maintype() in ("image", "audio", "video"):
            continue  # signatures and logos: nobody misses their text
        data = _bytes(part)
        name = part.get_filename() or f"attachment-{number}"
        yield held(name, data)


def _bytes(part: EmailMessage) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, EmailMessage) else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
