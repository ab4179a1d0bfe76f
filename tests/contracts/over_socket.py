"""An engine at the other end of a Unix socket."""

from pathlib import Path
from tempfile import TemporaryDirectory

from models.engine import Engine
from models.wire.engine import WiredEngine
from models.wire.serving import Door


class OverSocket(WiredEngine):
    """Closing it closes what is behind it, too."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.card, self._door)
        self.engine = engine
        self._folder = TemporaryDirectory()
        self._opened: Door | None = None

    async def close(self) -> None:
        await super().close()
        if self._opened is not None:
            await self._opened.close()
        self._folder.cleanup()
        await self.engine.close()

    async def _door(self) -> Path:
        if self._opened is None:
            self._opened = Door(self.engine, Path(self._folder.name) / "engine", lambda: None)
            await self._opened.open()
        return self._opened.path
