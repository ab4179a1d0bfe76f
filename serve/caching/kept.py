"""The memory of kept answers, opened as the settings say."""

from typing import Final

from index.caches.answer_file import forget
from index.caches.behind import Behind
from index.caches.local import LocalMemory
from index.caches.semantic import SemanticCache
from index.caches.verdict import trained
from serve.config import Settings

FILE: Final = "answers.db"
ROOM: Final = 2  # times the memory: rows are larger than what they hold


def open_memory(settings: Settings) -> LocalMemory:
    """In one process only: what it keeps may be in a file; where it may not, there is none. Beside
    the answers, a fourth of their memory is for what was asked.
    """
    cache, alike = settings.cache, None
    if cache.enabled and cache.semantic:
        alike = SemanticCache(cache.memory // 4, trained(), cache.false_hits)
    memory = LocalMemory(cache.memory, cache.ttl, alike)
    file = settings.data / FILE
    if cache.enabled and cache.persist:
        memory.outlive(Behind(file, ROOM * cache.memory, cache.ttl))
    else:
        forget(file)
    return memory
