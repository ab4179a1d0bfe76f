"""From what the catalogue was told to a loaded vLLM engine.

What does not fit into memory is tried again with less, a few times: a smaller large model answers
better than none.
"""

import os
import time
from contextlib import suppress
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import psutil

from models.engine import Engine, ModelCard
from models.errors import DoesNotFit, EngineNotLoaded, ModelRefused
from models.gpu.device import device
from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader
from models.memory.plan import Room
from models.memory.room import of_gpu, of_machine
from models.processor import computes_bf16
from models.residence import Course
from models.vllm.settings import VllmSettings
from models.vllm.shared import note, sweep
from models.vllm.smaller import smaller, told

if TYPE_CHECKING:
    from models.catalogue import EngineSpec

PAUSES: Final = (1.0, 2.0, 4.0, 8.0)  # seconds after each try but the last
LOST_RETRY: Final = 60.0  # seconds
DRIVER: Final = Path("/proc/driver/nvidia/version")  # there while an NVIDIA driver is loaded


def card_of(spec: "EngineSpec") -> ModelCard:
    """What is known before the weights are."""
    return ModelCard(spec.name, "vllm", spec.context_length, int(time.time()), "loading")


def load(spec: "EngineSpec", course: Course) -> Engine:
    """Takes from seconds to minutes. Raises `ModelRefused` with words for the owner, and

    `EngineNotLoaded` when the GPU is lost.
    """
    if find_spec("vllm") is None:
        raise ModelRefused("vLLM is not installed here: scripts/install says why.")
    with suppress(OSError):  # what stays costs little
        sweep(spec.kept)
    settings = settings_of(spec, weights(spec))
    gpus = GpuReader(Nvml().read) if settings.device == "gpu" else None
    _check(gpus)
    try:
        engine = _fitting(settings, gpus, course)
    except ModelRefused:
        _check(gpus)
        raise
    with suppress(OSError):
        note(spec.kept, psutil.Process().children(recursive=True))
    return engine


def _check(gpus: GpuReader | None) -> None:
    """Raises `EngineNotLoaded` when a GPU is lost: no setting and no patience helps."""
    if gpus is not None and (gone := device(gpus.read()).gone):
        raise EngineNotLoaded(gone, LOST_RETRY, "unavailable")


def _fitting(wanted: VllmSettings, gpus: GpuReader | None, course: Course) -> Engine:
    """The largest engine that fits, of those that are tried: `wanted` and ever smaller ones."""
    from models.vllm.engine import VllmEngine

    settings, remark, pauses = wanted, "", iter(PAUSES)
    while True:
        try:
            return VllmEngine(settings, gpus, remark)
        except DoesNotFit as exc:
            failed = exc
        lower = _after(failed, settings, gpus, course, next(pauses, None))
        if lower is None:
            raise ModelRefused(_too_large(wanted, settings)) from failed
        settings, less = lower, told(wanted, lower)
        remark = f"It runs smaller than configured, for lack of memory: {less}."
        course.news = f"The model did not fit into memory; it is loading with {less}."


def _after(
    failed: DoesNotFit,
    settings: VllmSettings,
    gpus: GpuReader | None,
    course: Course,
    pause: float | None,
) -> VllmSettings | None:
    """What to try next, once the memory of the last try has come back."""
    if pause is None:
        return None
    if course.ended.wait(pause):
        raise ModelRefused("The engine was stopped while it was loading.")
    return smaller(settings, failed.lack, _room(settings, gpus))


def _room(settings: VllmSettings, gpus: GpuReader | None) -> Room | None:
    """That of the fullest GPU; None when the driver does not say."""
    if gpus is None:
        return of_machine()
    rooms = [of_gpu(gpu) for gpu in gpus.read().gpus[: settings.tensor_parallel]]
    return min(rooms, key=lambda room: room.free / room.total, default=None)


def _too_large(wanted: VllmSettings, last: VllmSettings) -> str:
    less = told(wanted, last)
    tried = f", not even with {less}" if less else ""
    more = "more GPUs" if wanted.device == "gpu" else "more memory"
    return (
        f"The model does not fit into memory{tried}. Take a smaller model or {more}, or end what "
        "else takes the memory (`hearth models fit` tells), and start Hearth again."
    )


def settings_of(spec: "EngineSpec", folder: Path) -> VllmSettings:
    """`spec.vllm` has fields of `VllmSettings`; `device` may be "auto"."""
    known = {field.name for field in fields(VllmSettings)}
    options = {name: value for name, value in spec.vllm.items() if name in known}
    cores = sorted(os.sched_getaffinity(0))
    device = device_of(spec.vllm.get("device", "auto"))
    if device == "cpu" and options.get("dtype", "auto") == "auto":
        options["dtype"] = "bfloat16" if computes_bf16() else "float32"
    return VllmSettings(
        **options
        | {
            "folder": folder,
            "name": spec.name,
            "device": device,
            "context_length": spec.context_length,
            "slots": spec.slots,
            "max_waiting": spec.max_waiting,
            "cores": tuple(cores[-spec.threads :]),
        }
    )


def device_of(wanted: str) -> Literal["cpu", "gpu"]:
    """`wanted` is cpu, gpu or auto: a GPU where a driver is loaded."""
    if wanted == "auto":
        return "gpu" if DRIVER.exists() else "cpu"
    return "gpu" if wanted == "gpu" else "cpu"


def weights(spec: "EngineSpec") -> Path:
    """The folder with the model; from a GGUF (or the bundled model) derived once and kept."""
    from models.derive import derive
    from models.llama.settings import BUNDLED_SHA256, bundled_model

    source = spec.path or bundled_model()
    sha256 = spec.sha256 if spec.path else BUNDLED_SHA256
    if source.is_dir():
        return source
    if not source.is_file():
        raise ModelRefused(
            f"There are no weights of {spec.name} here: `hearth models pull REPOSITORY "
            f"--name {spec.name}` fetches them, `hearth models add FOLDER` takes your own."
        )
    spec.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    return derive(source, spec.kept, lambda done, total: None, sha256)
