"""`POST /v1/moderations`: what filters see in a text, in OpenAI's shape.

The categories are the kinds that requests may have. A text is flagged when one is in it about which
the caller's policy does something.
"""

from collections.abc import Mapping
from typing import Any, Final

from serve.api.call import Call, Response, as_json
from serve.api.schema import validated
from serve.api.schema_moderations import ModerationRequest
from serve.policy.filters.kinds import Kind
from serve.policy.filters.policy import Policy

MODEL: Final = "hearth-filters"


async def moderations(call: Call) -> Response:
    document = await call.document()
    limits = call.house.settings.limits
    asked = validated(ModerationRequest, document, limits).checked(limits)
    screening = call.house.pipeline.screening
    policy = screening.policy(call.rights.filters)
    with call.receipt.step("screen"):
        found = [screening.found(text, policy) for text in asked.input]
    results = [_result(scores, screening.says(scores), policy) for scores in found]
    id_ = f"modr-{call.receipt.id.removeprefix('req_')}"
    return as_json({"id": id_, "model": MODEL, "results": results})


def _result(
    scores: Mapping[Kind, float], says: Mapping[Kind, bool], policy: Policy
) -> dict[str, Any]:
    return {
        "flagged": any(there and kind in policy.incoming for kind, there in says.items()),
        "categories": says,
        "category_scores": {kind: round(score, 4) for kind, score in scores.items()},
        "category_applied_input_types": {kind: ["text"] for kind in says},
    }
