"""The sign-ins of this user, one file per server under `$XDG_CONFIG_HOME/directca`, and the lock that guards a refresh.

A refresh token is used up by its use (RFC 9700 4.14.2), and a second use looks like theft and ends the whole sign-in. So
of several commands that run at once only the holder of the lock refreshes; the others read what it wrote.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from directca.cli.client import private_files
from directca.cli.client.failures import Misused

_SIGN_IN_FIRST = "Run `directca client login` first."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a sign-in left behind. `server` is the issuer that the server calls itself."""

    server: str
    client_id: str
    scope: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    token_endpoint: str
    revocation_endpoint: str | None


def store_folder() -> Path:
    """Where sign-ins live (XDG Base Directory: a relative value counts as unset)."""
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".config"
    return base / "directca" / "sign-ins"


def save(sign_in: SignIn, *, make_current: bool) -> None:
    """Keep a sign-in; the current one is what commands use that name no server."""
    private_files.folder(store_folder())
    written: dict[str, Any] = {name: getattr(sign_in, name) for name in SignIn.__slots__}
    written["expires_at"] = sign_in.expires_at.isoformat()
    private_files.replace(_file(sign_in.server), json.dumps(written, indent=2).encode())
    if make_current:
        private_files.replace(store_folder() / "current", sign_in.server.encode())


def load(server: str | None) -> SignIn:
    """The sign-in at `server`, or the current one. Raises Misused if there is none."""
    if server is None:
        server = _current()
    path = _file(server)
    try:
        facts = json.loads(path.read_text())
        facts["expires_at"] = datetime.fromisoformat(facts["expires_at"])
        return SignIn(**facts)
    except FileNotFoundError:
        raise Misused(f"You are not signed in at {server}. Run `directca client login --server {server}` first.") from None
    except OSError as error:
        raise Misused(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError):
        raise Misused(f"{path} is damaged. Run `directca client login --server {server}` again.") from None


def forget(sign_in: SignIn) -> None:
    """Remove a sign-in from this machine."""
    _file(sign_in.server).unlink(missing_ok=True)
    pointer = store_folder() / "current"
    if pointer.exists() and pointer.read_text() == sign_in.server:
        pointer.unlink(missing_ok=True)


@contextmanager
def lock(server: str) -> Iterator[None]:
    """Hold the one right to refresh the sign-in at `server`; waits for another process. The system frees it on exit."""
    private_files.folder(store_folder())
    handle = os.open(_file(server).with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _current() -> str:
    try:
        return (store_folder() / "current").read_text()
    except OSError:
        raise Misused(f"You are not signed in anywhere. {_SIGN_IN_FIRST}") from None


def _file(server: str) -> Path:
    return store_folder() / (re.sub(r"[^a-z0-9.-]+", "_", server.lower()) + ".json")
