"""Run a command as a unit of systemd would, without systemd: its variables, its mask, its folder, its filter of system calls.

    python tests/walls.py UNIT COMMAND …

The filter is the kernel's own, put together from the unit's lines as systemd.exec(5) tells: the first line is what may be called,
each later one takes away (`~`) or adds. What may not be called answers EPERM, and the children inherit that.
"""

import ctypes
import ctypes.util
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ALLOW, EPERM = 0x7FFF0000, 0x00050001  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM) of seccomp.h


def values(unit: str, name: str) -> list[str]:
    """What a unit says of one directive, line by line."""
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def permitted(unit: str) -> set[str]:
    """The system calls that a unit lets its processes make."""
    found: set[str] = set()
    for line in values(unit, "SystemCallFilter"):
        named = {call for word in line.removeprefix("~").split() for call in _calls(word)}
        found = found - named if line.startswith("~") else found | named
    return found


@cache
def _calls(word: str) -> frozenset[str]:
    """A call, or all those of a group, which may name further groups."""
    if not word.startswith("@"):
        return frozenset({word})
    told = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
    words = (line.strip() for line in told.splitlines()[1:])
    return frozenset(call for one in words if one and not one.startswith("#") for call in _calls(one))


def wall_in(calls: set[str]) -> None:
    """Let this process, and all that come of it, make no other system calls. Raises OSError."""
    library = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    filters = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(EPERM)))
    for call in sorted(calls):
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # the others are another processor's
            library.seccomp_rule_add_array(filters, ctypes.c_uint32(ALLOW), number, 0, None)
    if library.seccomp_load(filters) != 0:
        raise OSError("the kernel does not take the filter")


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    os.umask(int(values(text, "UMask")[0], 8))
    os.chdir("/")
    wall_in(permitted(text))
    os.execvp(sys.argv[2], sys.argv[2:])
