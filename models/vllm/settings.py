"""What the vLLM engine is told, and what its process must be told before vLLM is imported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """`folder` holds a Hugging Face model: config.json, safetensors, tokenizer.json.

    `context_length` in tokens per sequence, `slots` sequences run at once, `max_waiting` more may
    wait. On a CPU: `threads` cores (numbers 0 to n-1 of those allowed) and `kv_bytes` of KV cache;
    on a GPU: the share of its memory that vLLM may take, and how many cards share the model.
    `load_format` "dummy" makes random weights: throughput without a download.
    """

    folder: Path
    name: str
    device: Literal["cpu", "gpu"] = "cpu"
    context_length: int = 2048
    slots: int = 16
    max_waiting: int = 256
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    load_format: Literal["auto", "dummy"] = "auto"
    cores: tuple[int, ...] = (0,)
    kv_bytes: int = 1 << 30
    memory_share: float = 0.9
    tensor_parallel: int = 1

    @property
    def environment(self) -> dict[str, str]:
        """No telemetry, no chatter; on a CPU also cores and KV cache (in whole GiB)."""
        quiet = {
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "VLLM_LOGGING_LEVEL": "WARNING",
        }
        if self.device == "gpu":
            return quiet
        return quiet | {
            "VLLM_CPU_KVCACHE_SPACE": str(max(1, self.kv_bytes >> 30)),
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, self.cores)),
            # As without our own (for llama.cpp's threads): vLLM's would sleep inside every step.
            "GOMP_SPINCOUNT": "300000",
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """Of vLLM's `AsyncEngineArgs`."""
        everywhere = {
            "model": str(self.folder),
            "served_model_name": self.name,
            "load_format": self.load_format,
            "dtype": self.dtype,
            "max_model_len": self.context_length,
            "max_num_seqs": self.slots,
            "scheduling_policy": "priority",
            "enable_prefix_caching": True,
            "structured_outputs_config": {"backend": "guidance"},
            "trust_remote_code": False,
        }
        if self.device == "gpu":
            return everywhere | {
                "gpu_memory_utilization": self.memory_share,
                "tensor_parallel_size": self.tensor_parallel,
            }
        return everywhere | {"enforce_eager": True}
