"""A prompt into a task for the runner."""

from models.engine import Prompt
from models.llama.library import Model
from models.llama.sampling import Sampler
from models.llama.sequence import Sequence
from models.llama.task import Task
from models.text.reading import Reader


class Preparer:
    """Safe to use from several threads. `template` is the model's own, in Jinja."""

    def __init__(self, model: Model, template: str, context_length: int) -> None:
        self._model = model
        self._reader = Reader(model, template, context_length)

    def task(self, prompt: Prompt) -> Task:
        """Raises `PromptRefused`, and `ContextLengthExceeded` with both counts."""
        read = self._reader.read(prompt)
        sampler = Sampler(prompt.sampling)
        limit = len(read.tokens) + read.output
        sequence = Sequence(prompt.tenant, read.tokens, limit, prompt.priority)
        return Task(
            self._model,
            sequence,
            sampler,
            read.constraint,
            prompt.sampling.top_logprobs,
            read.thinking,
        )
