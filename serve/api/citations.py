"""What an answer owes to documents, in JSON. OpenAI's chat has no place for it: these are ours."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from models.citation import Citation
from serve.receipt import Reference


def citations_json(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """`citations` of a message, or of a delta with the end of their sentence."""
    return [asdict(citation) for citation in citations]


def sources_json(sources: Sequence[Reference]) -> list[dict[str, Any]]:
    """`sources` of an answer: what it was given, cited or not."""
    return [asdict(source) | {"score": round(source.score, 4)} for source in sources]
