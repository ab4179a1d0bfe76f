"""What is wrong with a machine, and how to mend it, before anything is started.

Each check reads something and judges it in one `Finding`. Checks change nothing.
"""

from collections.abc import Callable, Sequence

from serve.config import Settings
from serve.doctor import appliance, machine
from serve.doctor.finding import Finding

CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    machine.python,
    machine.compiler,
    machine.cmake,
    machine.memory,
    machine.disk,
    machine.temporary,
    machine.processor_flags,
    machine.scheduler,
    machine.gpu,
    appliance.packages,
    appliance.llama,
    appliance.models,
    appliance.sqlite,
    appliance.data_directory,
    appliance.port,
    appliance.listeners,
)


# What may change while an appliance runs, and takes a few milliseconds to look at.
QUICK: tuple[Callable[[Settings], Finding], ...] = (
    machine.disk,
    machine.temporary,
    machine.scheduler,
    appliance.data_directory,
)


def examine(
    settings: Settings, checks: Sequence[Callable[[Settings], Finding]] = CHECKS
) -> list[Finding]:
    return [check(settings) for check in checks]
