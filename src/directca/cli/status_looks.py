"""What `directca status verify` remembers in the data folder: the lists of the last look, and the report of the last run.

    status/looks.json            by URL: number, thisUpdate, SHA-256
    status/lists/{sha256}.crl    the lists themselves
    status/report.json           what the last run found

Each file is whole or not there: written beside its place, brought to the disk, renamed. A list is there before `looks.json` names
it, and goes after; so a crash leaves a file too many at worst, which the next run removes.
"""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from directca.revocation.verification_model import Look

FOLDER = "status"


class FileLooks:
    """The last look, in a folder of the data folder. For one process at a time."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._lists = self._folder / "lists"
        self._path = self._folder / "looks.json"
        for folder in (self._folder, self._lists):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._looks = _looks(_object(self._path))

    def last(self, url: str) -> Look | None:
        """What was seen last; None at the first look."""
        return self._looks.get(url)

    def der(self, look: Look) -> bytes | None:
        """The list that was seen; None when it is lost, or is not what was seen."""
        try:
            found = self._file(look.sha256).read_bytes()
        except OSError:
            return None
        return found if sha256(found).hexdigest() == look.sha256 else None

    def remember(self, url: str, look: Look, der: bytes) -> None:
        """Keep what is seen now in place of it."""
        if self._looks.get(url) == look and self._file(look.sha256).exists():
            return
        if self.der(look) is None:
            replace(self._file(look.sha256), der)
        self._looks = {**self._looks, url: look}
        told = {
            at: {"number": one.number, "this_update": one.this_update.isoformat(), "sha256": one.sha256}
            for at, one in self._looks.items()
        }
        replace(self._path, json.dumps(told, indent=1).encode())
        wanted = {self._file(one.sha256).name for one in self._looks.values()}
        for path in self._lists.iterdir():
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _file(self, digest: str) -> Path:
        return self._lists / f"{digest}.crl"


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of the one that may be there. Raises OSError."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_report(data: Path, report: Mapping[str, Any]) -> None:
    """Keep what a run found."""
    replace(data / FOLDER / "report.json", json.dumps(report, indent=1, ensure_ascii=False).encode())


def read_report(data: Path) -> dict[str, Any] | None:
    """What the last run found; None before the first, and when it cannot be read."""
    return _object(data / FOLDER / "report.json") or None


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _looks(told: Mapping[str, Any]) -> dict[str, Look]:
    """What is not as it was written counts as not seen: then the next look is the first."""
    try:
        return {
            url: Look(int(one["number"]), datetime.fromisoformat(one["this_update"]), str(one["sha256"]))
            for url, one in told.items()
        }
    except (KeyError, TypeError, ValueError):
        return {}
