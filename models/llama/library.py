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
from models.llama.settings import LlamaSettings
from models.llama.speculation import MAX_DRAFT_ROWS

Tokens = NDArray[np.int32]
Logits = NDArray[np.float32]

logger = logging.getLogger(__name__)

MAX_PIECE_BYTES: Final = 1024
_KV_TYPES: Final = {"f16": llama_cpp.GGML_TYPE_F16, "q8_0": llama_cpp.GGML_TYPE_Q8_0}
_ERROR_LEVEL: Final = 4  # ggml's number


def _log(level: int, text: bytes, _: object) -> None:
    if level == _ERROR_LEVEL:
        logger.error("llama.cpp: %s", text.decode(errors="replace").strip())


_LOG: Final = llama_cpp.llama_log_callback(_log)  # lives as long as llama.cpp may call it
llama_cpp.llama_backend_init()
llama_cpp.llama_log_set(_LOG, None)


class Model:
    """Weights and vocabulary. The file must have passed `models.llama.gguf.check`."""

    def __init__(self, path: Path) -> None:
        parameters = llama_cpp.llama_model_default_params()
        self.pointer = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise ModelRefused("llama.cpp cannot load the model file.")
        recurrent = llama_cpp.llama_model_is_recurrent, llama_cpp.llama_model_is_hybrid
        if any(is_so(self.pointer) for is_so in recurrent):
            raise ModelRefused("Models with a recurrent state cannot go back to a shared prefix.")
        self.vocab = llama_cpp.llama_model_get_vocab(self.pointer)
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self._pieces: dict[int, bytes] = {}

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end a generation: end of text, end of turn."""
        ids = range(self.vocabulary_size)
        return frozenset(i for i in ids if llama_cpp.llama_vocab_is_eog(self.vocab, i))

    @cached_property
    def control_tokens(self) -> frozenset[int]:
        """Ids that structure a prompt and are no text."""
        ids = range(self.vocabulary_size)
        return frozenset(i for i in ids if llama_cpp.llama_vocab_is_control(self.vocab, i))

    @property
    def bos(self) -> int:
        """The token that begins a text; -1 where the model has none."""
        return int(llama_cpp.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        return int(llama_cpp.llama_vocab_eos(self.vocab))

    @property
    def adds_bos(self) -> bool:
        """Whether the model was trained on texts that all begin with `bos`."""
        return bool(llama_cpp.llama_vocab_get_add_bos(self.vocab))

    def spelling(self, token: int) -> str:
        """A token as the vocabulary writes it; empty for one that does not exist (-1)."""
        if token < 0:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self.vocab, token)
        return text.decode(errors="replace")

    def piece(self, token: int) -> bytes:
        """What a token adds to the text; nothing for a control token or one that ends it."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._read_piece(token)
        return known

    def _read_piece(self, token: int) -> bytes:
        if token in self.end_tokens:
            return b""
        buffer = ctypes.create_string_buffer(MAX_PIECE_BYTES)
        size = llama_cpp.llama_token_to_piece(self.vocab, token, buffer, MAX_PIECE_BYTES, 0, False)
        return buffer.raw[: max(0, size)]

    def tokenize(self, data: bytes, *, special: bool) -> Tokens:
        """UTF-8 into tokens. `special`: control tokens spelt in it become tokens."""
        tokens = np.empty(len(data) + 2, dtype=np.int32)
        count = llama_cpp.llama_tokenize(
            self.vocab, data, len(data), _pointer(tokens), tokens.size, False, special
        )
        if count < 0:
            raise ModelRefused("The model's tokenizer cannot read a text.")
        return tokens[:count]

    def close(self) -> None:
        llama_cpp.llama_model_free(self.pointer)


def requantize(source: Path, target: Path, threads: int) -> None:
    """Writes a model that has passed the check as Q8_0. Raises `OSError` when it cannot."""
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
    parameters.allow_requantize = True
    parameters.nthread = threads
    paths = str(source).encode(), str(target).encode()
    if llama_cpp.llama_model_quantize(*paths, ctypes.byref(parameters)):
        raise OSError(f"llama.cpp could not write {target.name}; is the disk full?")


class Context:
    """The KV cache of `slots` sequences of `context_length` tokens each, and a batch to fill.

    Raises `ModelRefused` when llama.cpp cannot make it, for want of memory or because the
    model does not work with the layout.
    """

    def __init__(self, model: Model, settings: LlamaSettings) -> None:
        self._unified = settings.layout.unified
        self._vocabulary_size = model.vocabulary_size
        self.pointer = llama_cpp.llama_init_from_model(model.pointer, _parameters(settings))
        if not self.pointer:
            raise ModelRefused("llama.cpp cannot make a context of this size and layout.")
        self._memory = llama_cpp.llama_get_memory(self.pointer)
        self._batch = _Batch(settings.step_tokens)

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
        """(outputs of the last step, vocabulary): llama.cpp's own memory until the next step.

        Whoever samples may overwrite them.
        """
        if not self._batch.outputs:
            return np.empty((0, self._vocabulary_size), np.float32)
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

    def duplicate(self, source: int, target: int) -> None:
        """`target` holds what `source` does, in cells of its own also in a unified cache."""
        size = llama_cpp.llama_state_seq_get_size(self.pointer, source)
        data = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self.pointer, data, size, source)
        llama_cpp.llama_state_seq_set_data(self.pointer, data, size, target)

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


def _parameters(settings: LlamaSettings) -> llama_cpp.llama_context_params:
    layout = settings.layout
    parameters: llama_cpp.llama_context_params = llama_cpp.llama_context_default_params()
    parameters.n_ctx = settings.slots * settings.context_length
    parameters.n_seq_max = settings.slots
    parameters.n_batch = parameters.n_ubatch = settings.step_tokens
    parameters.n_outputs_max = min(settings.step_tokens, settings.slots + MAX_DRAFT_ROWS)
    parameters.n_threads = parameters.n_threads_batch = settings.cores
    parameters.flash_attn_type = int(layout.flash_attention)
    parameters.type_k = _KV_TYPES[layout.kv_type]
    # Without flash attention llama.cpp keeps values transposed, which it cannot quantise.
    parameters.type_v = _KV_TYPES[layout.kv_type if layout.flash_attention else "f16"]
    parameters.kv_unified = layout.unified
    parameters.no_perf = True
    return parameters


def _pointer(array: Tokens) -> "ctypes._Pointer[ctypes.c_int32]":
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
