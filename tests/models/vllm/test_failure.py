"""Why a model did not load, from what vLLM's processes say of it."""

import os
import subprocess
import sys

import pytest

from models.errors import DoesNotFit
from models.vllm.failure import LoadingLog, refusal

CORE = "Engine core initialization failed. See root cause above. Failed core proc(s): {'%s': %d}"
FAILED = RuntimeError(CORE % ("EngineCore", 1))

# A process that vLLM starts: it sets its log up as it is told, and says what it was given to say.
PROCESS = """
import json, logging.config, os, sys
with open(os.environ["VLLM_LOGGING_CONFIG_PATH"]) as file:
    logging.config.dictConfig(json.load(file))
logging.getLogger("vllm.worker").warning("slow")
try:
    raise RuntimeError(sys.argv[1])
except RuntimeError:
    logging.getLogger("vllm.v1.engine.core").exception("EngineCore failed to start.")
"""

# In vLLM's own words.
MEMORY = [
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.80 GiB",
    "Failed to load model - not enough GPU memory. Try lowering --gpu-memory-utilization",
    "CUDA out of memory occurred when warming up sampler with 256 dummy requests.",
    "Free memory on device cuda:0 (3.1/139.8 GiB) on startup is less than desired GPU memory "
    "utilization (0.9, 125.8 GiB). Decrease GPU memory utilization",
    "Available memory on node 0 (18.5/21.7 GiB) on kv cache allocation is less than requested "
    "memory for kv (1024.0 GiB).",
    "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory",
]
CACHE = [
    "No available memory for the cache blocks. Try increasing `gpu_memory_utilization`",
    "To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is "
    "needed, which is larger than the available KV cache memory (9.5 GiB).",
]
OTHER = ["Model architectures ['Dodo'] are not supported for now.", "CUDA error: invalid argument"]


def told_by_a_process(log: LoadingLog, words: str) -> str:
    """What the process wrote to its output."""
    command = [sys.executable, "-c", PROCESS, words]
    env = os.environ | log.environment
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def test_what_a_process_of_vllm_logs_can_be_read_here() -> None:
    log = LoadingLog()
    output = told_by_a_process(log, MEMORY[0])
    assert "slow" in output
    assert MEMORY[0] in output
    assert MEMORY[0] in log.read()
    assert "slow" not in log.read()
    log.clear()
    assert log.read() == ""
    told_by_a_process(log, CACHE[0])
    assert CACHE[0] in log.read()


@pytest.mark.parametrize("words", MEMORY)
def test_too_much_that_was_asked_for_is_told_from_other_failures(words: str) -> None:
    for error, log in ((FAILED, words), (ValueError(words), "")):
        failed = refusal(error, log)
        assert isinstance(failed, DoesNotFit)
        assert failed.lack == "memory"


@pytest.mark.parametrize("words", CACHE)
def test_so_is_too_little_that_was_left_for_the_cache(words: str) -> None:
    failed = refusal(FAILED, words)
    assert isinstance(failed, DoesNotFit)
    assert failed.lack == "cache"


def test_a_process_that_the_kernel_killed_had_no_memory() -> None:
    assert isinstance(refusal(RuntimeError(CORE % ("EngineCore", -9)), ""), DoesNotFit)
    assert not isinstance(refusal(RuntimeError(CORE % ("EngineCore", -11)), ""), DoesNotFit)


@pytest.mark.parametrize("words", OTHER)
def test_other_failures_are_refusals_in_their_own_words(words: str) -> None:
    failed = refusal(ValueError(f"{words}\nmore"), "")
    assert not isinstance(failed, DoesNotFit)
    assert failed.message == f"vLLM cannot load the model: {words}"


def test_an_error_without_words_has_its_name() -> None:
    assert refusal(MemoryError(), "").message == "vLLM cannot load the model: MemoryError"
    assert isinstance(refusal(MemoryError(), ""), DoesNotFit)
