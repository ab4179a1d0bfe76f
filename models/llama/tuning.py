from pathlib import Path

from models.llama.settings import Layout


def kept(path: Path, folder: Path) -> Layout | None:
    return None
