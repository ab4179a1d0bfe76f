"""llama.cpp's C interface, typed and owned: a model with its vocabulary, and one context.

The only file that touches pointers. Everything here is blocking; the context belongs to one
thread. Tokenising is safe from any thread (llama.h says so).
"""

import ctypes
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import llama_cpp  # noqa: TID253  (imported only by processes that run this engine)
import numpy as np
from numpy.typing import NDArray

from models.errors import EngineInterrupted, ModelRefused
from models.llama.settings import Layout

Tokens = NDArray[np.int32]
Logits = NDArray[np.float32]

logger = logging.getLogger(__name__)

MAX_PIECE_BYTES: Final = 1024
MAX_DRAFT_ROWS: Final = 64  # outputs of one step beyond one per slot
_KV_TYPES: Final = {"f16": llama_cpp.GGML_TYPE_F16, "q8_0": llama_cpp.GGML_TYPE_Q8_0}
_ERROR_LEVEL: Final = 4  # ggml's number


@llama_cpp.llama_log_callback
def _log(level: int, text: bytes, _: object) -> None:
    if level == _ERROR_LEVEL:
        logger.error("llama.cpp: %s", text.decode(errors="replace").strip())


llama_cpp.llama_backend_init()
llama_cpp.llama_log_set(_log, None)


def version() -> str:
    """The library's own, which decides how fast a layout is and what it answers."""
    return f"{llama_cpp.__version__}/{llama_cpp.llama_version().decode()}"


class Model:
    """Weights and vocabulary. The file must have passed `models.llama.gguf.check`."""

    def __init__(self, path: Path) -> None:
        parameters = llama_cpp.llama_model_default_params()
        self.pointer = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise ModelRefused("llama.cpp cannot load the model file.")
        self.vocab = llama_cpp.llama_model_get_vocab(self.pointer)
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.train_context: int = llama_cpp.llama_model_n_ctx_train(self.pointer)
        self._pieces: dict[int, bytes] = {}
        self._buffer = ctypes.create_string_buffer(MAX_PIECE_BYTES)

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end a generation: end of text, end of turn."""
        ids = range(self.vocabulary_size)
        return frozenset(i for i in ids if llama_cpp.llama_vocab_is_eog(self.vocab, i))

    @cached_property
    def control_texts(self) -> frozenset[str]:
        """How callers would have to spell the control tokens."""
        ids = range(self.vocabulary_size)
        return frozenset(
            self.spelling(i) for i in ids if llama_cpp.llama_vocab_is_control(self.vocab, i)
        )

    @property
    def bos(self) -> str:
        return self.spelling(llama_cpp.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> str:
        return self.spelling(llama_cpp.llama_vocab_eos(self.vocab))

    def spelling(self, token: int) -> str:
        """A token as the vocabulary writes it; empty for one that does not exist (-1)."""
        if token < 0:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self.vocab, token)
        return text.decode(errors="replace")

    def piece(self, token: int) -> bytes:
        """What a token adds to the text; nothing for a control token."""
        known = self._pieces.get(token)
        if known is None:
            size = llama_cpp.llama_token_to_piece(
                self.vocab, token, self._buffer, MAX_PIECE_BYTES, 0, False
            )
            known = self._pieces[token] = self._buffer.raw[: max(0, size)]
        return known

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> Tokens:
        """`special`: control tokens spelt in `text` become tokens. `bos`: begin as trained to."""
        data = text.encode(errors="replace")
        tokens = np.empty(len(data) + 2, dtype=np.int32)
        count = llama_cpp.llama_tokenize(
            self.vocab, data, len(data), _pointer(tokens), tokens.size, bos, special
        )
        if count < 0:
            raise ModelRefused("The model's tokenizer cannot read a text.")
        return tokens[:count]

    def close(self) -> None:
        llama_cpp.llama_model_free(self.pointer)


class Context:
    """The KV cache of `slots` sequences of `context_length` tokens, and a batch to fill.

    Raises `ModelRefused` when llama.cpp cannot make it, for want of memory or because the
    model does not work with the layout.
    """

    def __init__(self, model: Model, slots: int, context_length: int, layout: Layout) -> None:
        self._unified = layout.unified
        self._vocabulary_size = model.vocabulary_size
        capacity = max(layout.step_tokens, slots)
        self.pointer = llama_cpp.llama_init_from_model(
            model.pointer, _parameters(slots, context_length, capacity, layout)
        )
        if not self.pointer:
            raise ModelRefused("llama.cpp cannot make a context of this size and layout.")
        self._memory = llama_cpp.llama_get_memory(self.pointer)
        self._batch = _Batch(capacity)

    def decode(self, parts: Sequence[tuple[int, int, Tokens, int]]) -> None:
        """Compute parts (slot, first position, tokens, outputs wanted at the end), by slot.

        The outputs' logits are then rows of `logits`, in the same order. Raises
        `EngineInterrupted` when llama.cpp fails; what the slots hold is then unknown.
        """
        batch = self._batch.fill(parts)
        status = llama_cpp.llama_decode(self.pointer, batch)
        if status:
            raise EngineInterrupted(f"llama.cpp could not compute a step (status {status}).")
        llama_cpp.llama_synchronize(self.pointer)

    def logits(self) -> Logits:
        """(outputs of the last step, vocabulary): llama.cpp's own memory until the next step."""
        data = llama_cpp.llama_get_logits(self.pointer)
        return np.ctypeslib.as_array(data, (self._batch.outputs, self._vocabulary_size))

    def keep(self, slot: int, length: int) -> None:
        """Forget everything of `slot` from position `length` on."""
        llama_cpp.llama_memory_seq_rm(self._memory, slot, length, -1)

    def copy(self, source: int, target: int, length: int) -> None:
        """`target` holds the first `length` positions of `source`, and nothing else."""
        llama_cpp.llama_memory_seq_rm(self._memory, target, -1, -1)
        # Between streams of a split cache llama.cpp copies whole sequences only.
        end = length if self._unified else -1
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, -1, end)
        self.keep(target, length)

    def clear(self) -> None:
        llama_cpp.llama_memory_clear(self._memory, True)

    def close(self) -> None:
        llama_cpp.llama_free(self.pointer)


class _Batch:
    """A `llama_batch` whose arrays are numpy's: filling 32 rows takes microseconds."""

    def __init__(self, capacity: int) -> None:
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._slots = np.zeros(capacity, np.int32)
        self._wanted = np.zeros(capacity, np.int8)
        self._counts = np.ones(capacity, np.int32)
        step = self._slots.itemsize
        self._slot_pointers = self._slots.ctypes.data + step * np.arange(capacity, dtype=np.uint64)
        self.outputs = 0
        self._struct = llama_cpp.llama_batch(
            n_tokens=0,
            token=_pointer(self._tokens),
            pos=_pointer(self._positions),
            n_seq_id=_pointer(self._counts),
            seq_id=ctypes.cast(
                self._slot_pointers.ctypes.data, ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))
            ),
            logits=self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(self, parts: Sequence[tuple[int, int, Tokens, int]]) -> llama_cpp.llama_batch:
        end = self.outputs = 0
        for slot, position, tokens, outputs in parts:
            start, end = end, end + len(tokens)
            self._tokens[start:end] = tokens
            self._positions[start:end] = np.arange(position, position + len(tokens))
            self._slots[start:end] = slot
            self._wanted[start : end - outputs] = 0
            self._wanted[end - outputs : end] = 1
            self.outputs += outputs
        self._struct.n_tokens = end
        return self._struct


def _parameters(
    slots: int, context_length: int, capacity: int, layout: Layout
) -> llama_cpp.llama_context_params:
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = slots * context_length
    parameters.n_seq_max = slots
    parameters.n_batch = parameters.n_ubatch = capacity
    parameters.n_outputs_max = min(capacity, slots + MAX_DRAFT_ROWS)
    parameters.n_threads = parameters.n_threads_batch = layout.threads or 1
    parameters.flash_attn_type = int(layout.flash_attention)
    parameters.type_k = _KV_TYPES[layout.kv_type]
    # Without flash attention llama.cpp keeps values transposed, which it cannot quantise.
    parameters.type_v = _KV_TYPES[layout.kv_type if layout.flash_attention else "f16"]
    parameters.kv_unified = layout.unified
    parameters.no_perf = True
    return parameters


def _pointer(array: Tokens) -> "ctypes._Pointer[ctypes.c_int32]":
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
