"""Where the access token of a command comes from: a sign-in that renews itself, or one token from a file or the environment."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx2

from directca.cli.client import credentials, oauth_flow
from directca.cli.client.failures import Misused
from directca.clock import Clock

TOKEN_VARIABLE = "DIRECTCA_TOKEN"  # noqa: S105 - the name of a variable, not a token

# Renewed this long before its end, so that a token does not run out on its way to the server.
_MARGIN = timedelta(seconds=60)


class TokenSource(Protocol):
    """Gives access tokens. `stale` is one that the server has just refused; None means that there is no other."""

    def access_token(self) -> str:
        """A token to try."""
        ...

    def replacement(self, stale: str) -> str | None:
        """Another token than `stale`."""
        ...


class GivenToken:
    """A token that somebody else obtained."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access_token(self) -> str:
        """The token."""
        return self._token

    def replacement(self, stale: str) -> str | None:
        """None: only its giver can renew it."""
        return None


class StoredSignIn:
    """The tokens of `directca client login`, refreshed when they run out."""

    def __init__(self, http: httpx2.Client, sign_in: credentials.SignIn, clock: Clock) -> None:
        self._http = http
        self._sign_in = sign_in
        self._clock = clock

    def access_token(self) -> str:
        """A token that is good for a while yet."""
        if self._is_fresh(self._sign_in):
            return self._sign_in.access_token
        return self._refreshed(self._sign_in.access_token)

    def replacement(self, stale: str) -> str | None:
        """A token newer than `stale`. Raises Refused if the sign-in has ended."""
        return self._refreshed(stale)

    def _refreshed(self, stale: str) -> str:
        with credentials.lock(self._sign_in.server):
            # Another command may have refreshed while this one waited for the lock.
            stored = credentials.load(self._sign_in.server)
            if stored.access_token == stale or not self._is_fresh(stored):
                stored = oauth_flow.refresh(self._http, stored, self._clock.now())
                credentials.save(stored, make_current=False)
            self._sign_in = stored
        return stored.access_token

    def _is_fresh(self, sign_in: credentials.SignIn) -> bool:
        return self._clock.now() < sign_in.expires_at - _MARGIN


def given_token(token_file: Path | None) -> str | None:
    """The token of `--token-file`, else that of the environment, else None."""
    if token_file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    try:
        token = token_file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise Misused(f"Cannot read a token from {token_file}. It must hold one access token and nothing else.") from None
    if not token or len(token.split()) != 1 or not token.isascii():
        raise Misused(f"{token_file} must hold one access token and nothing else.")
    return token
