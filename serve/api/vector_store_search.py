"""`POST /v1/vector_stores/{store}/search`: OpenAI's page of results, and how each came about."""

from typing import Any

from index.documents import Hit, Question
from index.filters import parse
from index.library import Search
from index.ranking.words import searched
from index.retriever import Retrieval, RetrievalPlan
from serve.api.call import Call, Response, as_json
from serve.api.library_objects import place_of
from serve.api.permission import payers_of
from serve.api.schema_vector_stores import StoreSearch
from serve.api.vector_stores import asked_for, noticed
from serve.documents.questions import Asking
from serve.policy.accounts import Cost

NOT_REWRITTEN = "The question was searched for as it is: it is never rewritten here."


async def search(call: Call) -> Response:
    asked: StoreSearch = await asked_for(call, StoreSearch)
    wanted = parse(asked.filters, "filters") if asked.filters is not None else None
    library, store = call.house.documents, call.params["store"]
    await noticed(call, await library.collection(call.reader, store))
    limiting = call.house.pipeline.billing.limiting
    with await limiting.hold(payers_of(call), Cost(), call.receipt) as hold:
        with call.receipt.step("embed"):
            question = await call.unless_gone(_question(call, "\n".join(asked.query)))
        with call.receipt.step("search"):
            search = Search(question, (store,), _plan(asked), wanted)
            found = await call.unless_gone(library.search(call.reader, search))
        hold.truth = Cost()
    return as_json(_page(asked, found))


async def _question(call: Call, text: str) -> Question:
    asking = Asking(call.house.embedder, text)
    try:
        return await asking.question(call.house.settings.retrieval.patience)
    finally:
        await asking.close()


def _plan(asked: StoreSearch) -> RetrievalPlan:
    ranker = asked.ranking_options.ranker if asked.ranking_options else None
    return RetrievalPlan(passages=asked.max_num_results or 10, rerank=ranker != "none")


def _page(asked: StoreSearch, found: Retrieval) -> dict[str, Any]:
    """What is below the threshold is left out. `words`: those of the question that counted."""
    least = (asked.ranking_options.score_threshold if asked.ranking_options else None) or 0.0
    notes = [*found.notes, *([NOT_REWRITTEN] if asked.rewrite_query else [])]
    return {
        "object": "vector_store.search_results.page",
        "search_query": asked.query,
        "data": [_result(hit) for hit in found.hits if hit.score >= least],
        "has_more": False,
        "next_page": None,
        "timings": dict(found.timings),
        "notes": notes,
        "words": searched("\n".join(asked.query)),
    }


def _result(hit: Hit) -> dict[str, Any]:
    found = hit.found
    return {
        "file_id": found.address,
        "filename": found.document_name,
        "score": hit.score,
        "attributes": dict(found.attributes),
        "content": [{"type": "text", "text": found.passage.text}],
        "document": found.document,
        "passage": str(found.id),
        "start": found.passage.start,
        "end": found.passage.end,
        **place_of(found.passage),
        "stages": dict(hit.stages),
    }
