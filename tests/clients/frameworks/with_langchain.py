"""Chat, embeddings and search with LangChain's own OpenAI classes: only URL and key are ours.

Reads OPENAI_BASE_URL, OPENAI_API_KEY, MODEL, EMBEDDING_MODEL and COLLECTION.
"""

import os

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import OpenAI

MODEL, COLLECTION = os.environ["MODEL"], os.environ["COLLECTION"]
QUESTION = "How long is parental leave?"


class HearthRetriever(BaseRetriever):
    """The search route as a retriever."""

    collection: str
    passages: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        found = OpenAI().vector_stores.search(
            self.collection, query=query, max_num_results=self.passages
        )
        return [
            Document(hit.content[0].text, metadata={"name": hit.filename, "score": hit.score})
            for hit in found
        ]


# Hearth finds the passages and checks the citations.
chat = ChatOpenAI(model=MODEL, max_tokens=40, extra_body={"collections": [COLLECTION]})
answer = chat.invoke(QUESTION)
assert answer.content
print("".join(str(chunk.content) for chunk in chat.stream(QUESTION)))

# `check_embedding_ctx_length` would count tokens with a tokenizer that is downloaded.
embeddings = OpenAIEmbeddings(model=os.environ["EMBEDDING_MODEL"], check_embedding_ctx_length=False)
assert len(embeddings.embed_documents(["a cat", "a bill"])) == 2

# Your own chain over Hearth's search.
retriever = HearthRetriever(collection=COLLECTION)
best, *_ = retriever.invoke(QUESTION)
assert "14 weeks" in best.page_content
prompt = ChatPromptTemplate.from_template("Context: {context}\n\nQuestion: {question}")
chain = (
    {"context": retriever, "question": RunnablePassthrough()}
    | prompt
    | ChatOpenAI(model=MODEL, max_tokens=40)
    | StrOutputParser()
)
assert chain.invoke(QUESTION)
