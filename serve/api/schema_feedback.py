"""`POST /v1/feedback`: what the request may say."""

from typing import Annotated

from pydantic import Field

from serve.api.schema import Schema
from serve.receipts.feedback import Rating


class NewFeedback(Schema):
    """`receipt_id`: the `x-request-id` of an answer."""

    receipt_id: Annotated[str, Field(min_length=1, max_length=64)]
    rating: Rating
    comment: Annotated[str, Field(max_length=2000)] = ""
