"""Where a new sequence goes in the KV cache, and which prefix it continues from. Pure."""

from collections.abc import Iterable
from collections.abc import Sequence as Many

from models.llama.prefix import common_prefix
from models.llama.sequence import Sequence, Slot

WORTH_COPYING = 16  # tokens: reading fewer is as quick as copying them


def longest_prefix(slots: Iterable[Slot], sequence: Sequence) -> tuple[Slot | None, int]:
    """The slot of the same tenant that holds most of the prompt, and how many tokens of it.

    At least one token is left to compute: the first answer token is sampled from its output.
    """
    best: Slot | None = None
    most = WORTH_COPYING - 1
    for slot in slots:
        held = slot.holds(sequence.tenant)
        if held is None or len(held) <= most:
            continue
        length = min(common_prefix(held, sequence.prompt), len(sequence.prompt) - 1)
        if length > most:
            best, most = slot, length
    return best, most if best else 0


def find_slot(slots: Many[Slot], source: Slot | None, reused: int, *, adjacent: bool) -> Slot:
    """The free slot to use; there must be one.

    The source itself when the prompt goes on where it ended, so that nothing is copied. Otherwise
    an empty one, or the one unused for longest, but the source last. `adjacent`: next to what
    runs, gaps first, because llama.cpp computes only neighbours of a split cache in one go.
    """
    free = [slot for slot in slots if not slot.running]
    near = _neighbours(slots, free) if adjacent else free
    if source in near and source.holder and 2 * reused > source.holder.computed:
        return source
    return min(near, key=lambda slot: (slot is source, slot.holder is not None, slot.used))


def _neighbours(slots: Many[Slot], free: list[Slot]) -> list[Slot]:
    running = [slot.index for slot in slots if slot.running]
    if not running:
        return free
    first, last = min(running), max(running)
    gaps = [slot for slot in free if first < slot.index < last]
    edges = [slot for slot in free if slot.index in (first - 1, last + 1)]
    return gaps or edges or free
