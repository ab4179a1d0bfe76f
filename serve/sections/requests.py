"""What one request may ask for, and how long things may take."""

from pydantic import Field

from serve.sections.section import Section


class LimitSettings(Section):
    """What one request may ask for. A request over a limit gets an error that names it."""

    body_bytes: int = Field(2_000_000, ge=1024, description="Size of a request's body.")
    file_bytes: int = Field(256 << 20, ge=1024, description="Size of one uploaded file.")
    header_bytes: int = Field(16_384, ge=1024, description="Size of all headers together.")
    header_count: int = Field(100, ge=8, description="Number of headers.")
    json_depth: int = Field(64, ge=4, description="Nesting of the JSON body.")
    messages: int = Field(512, ge=1, description="Messages of a chat.")
    choices: int = Field(4, ge=1, le=128, description="`n`: answers to one prompt.")
    stop: int = Field(4, ge=1, description="Stop strings.")
    stop_bytes: int = Field(1024, ge=1, description="Length of one stop string.")
    tools: int = Field(128, ge=1, description="Tools of one request.")
    schema_bytes: int = Field(65_536, ge=256, description="Size of one JSON schema.")
    top_logprobs: int = Field(20, ge=0, le=20, description="Alternatives per token.")
    logit_bias: int = Field(1024, ge=1, description="Entries of `logit_bias`.")
    max_tokens: int = Field(1_000_000, ge=1, description="Highest accepted `max_tokens`.")
    prompts: int = Field(128, ge=1, description="Prompts of one completions request.")
    embedding_inputs: int = Field(2048, ge=1, description="Texts of one embeddings request.")
    waiting: int = Field(256, ge=1, description="Requests that may wait for one engine.")


class DeadlineSettings(Section):
    """Seconds. None of them is without an end."""

    headers: float = Field(10, gt=0, description="A request's headers must have arrived.")
    body: float = Field(30, gt=0, description="A request's body must have arrived.")
    upload: float = Field(30, gt=0, description="32 KiB more of a file must have arrived.")
    write: float = Field(30, gt=0, description="A client may leave its answer unread.")
    answer: float = Field(600, gt=0, description="A whole answer, queueing included.")
    heartbeat: float = Field(5, gt=0, description="Silence on a stream before a comment is sent.")
    start: float = Field(600, gt=0, description="From the start until ready, models loaded.")
    recovery: float = Field(30, gt=0, description="Wait for an engine that is being replaced.")
