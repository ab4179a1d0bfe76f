"""E-mail as Outlook keeps it (MSG)."""

from email.header import decode_header, make_header
from io import BytesIO

from oxmsg import Message

from index.parsing.content import Content, Source, held
from index.parsing.mail import letter


def read(source: Source) -> Content:
    message = Message.load(BytesIO(source.data))
    receivers = [_person(one.name, one.email_address) for one in message.recipients]
    fields = {
        "From": _decoded(message.sender or ""),
        "To": ", ".join(filter(None, receivers)),
        "Date": message.sent_date.isoformat(" ") if message.sent_date else "",
        "Subject": message.subject or "",
    }
    members = [
        held(one.file_name or "attachment", one.file_bytes or b"") for one in message.attachments
    ]
    filled = [(name, value) for name, value in fields.items() if value]
    return letter(filled, message.body or "", message.html_body or "", members)


def _person(name: str, address: str) -> str:
    return name if name == address or not address else f"{name} <{address}>"


def _decoded(field: str) -> str:
    """Without the encoding of words that some programs leave in it."""
    return str(make_header(decode_header(field)))
