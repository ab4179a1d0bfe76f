"""Chat, embeddings and search with LlamaIndex's own classes: only URL and key are ours.

Reads OPENAI_BASE_URL, OPENAI_API_KEY, MODEL, EMBEDDING_MODEL and COLLECTION.
"""

import os

from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike
from openai import OpenAI

URL, KEY, COLLECTION = (
    os.environ[name] for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "COLLECTION")
)
QUESTION = "How long is parental leave?"


class HearthRetriever(BaseRetriever):
    """The search route as a retriever."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = OpenAI().vector_stores.search(COLLECTION, query=query_bundle.query_str)
        return [
            NodeWithScore(
                node=TextNode(text=hit.content[0].text, metadata={"name": hit.filename}),
                score=hit.score,
            )
            for hit in found
        ]


llm = OpenAILike(
    model=os.environ["MODEL"],
    api_base=URL,
    api_key=KEY,
    is_chat_model=True,
    context_window=2048,
    max_tokens=40,
)
assert str(llm.complete(QUESTION))
print("".join(chunk.delta or "" for chunk in llm.stream_complete(QUESTION)))

embedding = OpenAILikeEmbedding(model_name=os.environ["EMBEDDING_MODEL"], api_base=URL, api_key=KEY)
assert len(embedding.get_text_embedding_batch(["a cat", "a bill"])) == 2

best, *_ = HearthRetriever().retrieve(QUESTION)
assert "14 weeks" in best.text
engine = RetrieverQueryEngine.from_args(HearthRetriever(), llm=llm)
assert str(engine.query(QUESTION))
