"""Kept answers under a virtual clock: the real cache, with as many bytes as an answer may have."""

from index.caches.exact import ExactCache
from index.caches.sealed import Owner, Sealed
from serve.replay.past import Past
from serve.sections.cache import CacheSettings

FRAME = 400  # bytes of an answer besides its text
TOKEN_BYTES = 5  # of text


class Shelf:
    def __init__(self, settings: CacheSettings) -> None:
        self._settings = settings
        self._cache = ExactCache(settings.memory, settings.ttl)

    def fits(self, past: Past) -> bool:
        """Whether an answer may be given again at all."""
        features = past.features
        steady = features.temperature <= self._settings.temperature or features.repeatable
        return self._settings.enabled and features.keep and features.digest is not None and steady

    def kept(self, past: Past, now: float) -> str | None:
        """The tier that made the answer that is there."""
        if not (self.fits(past) and past.features.read):
            return None
        found = self._cache.get(_key(past), now)
        return found.sealed.tier if found else None

    def keep(self, past: Past, tier: str, now: float, took: float) -> None:
        """`took`: seconds."""
        if self.fits(past):
            usage = past.truth
            size = FRAME + TOKEN_BYTES * usage.completion_tokens
            key, owner = _key(past), Owner("", ())
            made = Sealed(key, owner, bytes(size), tier, "", took * 1000, usage.total_tokens, b"")
            self._cache.put(made, now)


def _key(past: Past) -> bytes:
    return bytes.fromhex(past.features.digest or "")
