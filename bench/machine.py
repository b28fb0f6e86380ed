"""Where a measurement was made, without which no figure means anything; and the time that processes take of its cores."""

import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from cryptography.hazmat.backends.openssl.backend import backend

_PACKAGES = ("cryptography", "fastapi", "httptools", "pkilint", "sqlalchemy", "starlette", "uvicorn", "uvloop")
_DURABLE_WRITES = 60
_TICK = os.sysconf("SC_CLK_TCK")
_CAPABILITIES, _NO_IFMA = "OPENSSL_ia32cap", "~0x0:~0x200000"
"""Bit 21 of EBX of CPUID's leaf 7."""


@dataclass(frozen=True)
class CpuTime:
    """Seconds of a core that some processes have taken, one by one."""

    seconds: tuple[float, ...]

    def since(self, earlier: "CpuTime") -> tuple[float, ...]:
        """What each took between two moments."""
        return tuple(now - before for now, before in zip(self.seconds, earlier.seconds, strict=True))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def on(chosen: Sequence[int]) -> Iterator[None]:
    """Run, and start processes, on these cores only: what is measured and what measures do not share any."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(chosen: Sequence[int], *processes: int) -> None:
    """Let running processes, with all of their threads, use these cores only."""
    for process in processes:
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), chosen)


def halves() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The cores for what is measured, and those for what measures; with a single core they are the same."""
    mine = tuple(sorted(os.sched_getaffinity(0)))
    half = max(1, len(mine) // 2)
    return mine[:half], mine[half:] or mine


def holder(port: int, client_port: int, processes: Sequence[int]) -> int | None:
    """Which of the processes has the server's end of a loopback connection to `port`; None when none has it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *_, inode = line.split()[:10]
        if local.endswith(f":{port:04X}") and remote.endswith(f":{client_port:04X}"):
            wanted = f"socket:[{inode}]"
            return next((one for one in processes if wanted in _open_files(one)), None)
    return None


def facts(folder: Path) -> dict[str, Any]:
    """The machine, the versions, and what one durable write costs in `folder`."""
    return {
        "cores": cores(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
        "durable_write_ms": round(_durable_write(folder) * 1000, 2),
        "python": platform.python_version(),
        "openssl": backend.openssl_version_text(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: metadata.version(name) for name in ("directca", *_PACKAGES)},
    }


def has_ifma() -> bool:
    """Whether the processor has AVX-512 IFMA, with which OpenSSL makes RSA signatures more than twice as fast."""
    return "avx512ifma" in Path("/proc/cpuinfo").read_text().split()


@contextmanager
def without_ifma() -> Iterator[None]:
    """Let OpenSSL, in processes that are started meanwhile, do without it, as most processors do (OPENSSL_ia32cap(3))."""
    before = os.environ.get(_CAPABILITIES)
    os.environ[_CAPABILITIES] = _NO_IFMA
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CAPABILITIES]
        else:
            os.environ[_CAPABILITIES] = before


def cpu_time(*processes: int) -> CpuTime:
    """What the processes have taken so far, their threads included."""
    return CpuTime(tuple(_taken(one) for one in processes))


def family_time(process: int) -> float:
    """Seconds of a core that a process has taken so far, with its children that live and those that it has waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / _TICK  # proc(5): the 14th and 15th field, behind those of _taken
    living = 0.0
    for child in children(process):
        with suppress(OSError):  # ended since it was listed
            living += _taken(child)
    return _taken(process) + ended + living


def children(process: int) -> tuple[int, ...]:
    """The processes that a process has started and that live."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return tuple(sorted(int(one) for one in found))


def _taken(process: int) -> float:
    # proc(5): behind the name, which may hold anything, user time is the 12th field and system time the 13th.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _open_files(process: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # closed since it was listed
            found.add(str(file.readlink()))
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _durable_write(folder: Path) -> float:
    """The median of writes of 4 KiB that reach the disk, in seconds: what each commit waits for at least."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(_DURABLE_WRITES):
            began = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]
