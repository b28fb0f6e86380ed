"""Access as every application gets it: a person signs in, grants, and the code buys tokens."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
from demo.visitor import Visitor

from bench import load
from bench.server import Failed

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint answered."""

    access: str
    refresh: str


class Person:
    """Signed in once, willing to grant as often as wanted: each grant is a family of tokens of its own."""

    def __init__(self, sandbox: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self._base_url: str = sandbox["base_url"]
        self._visitor = Visitor(self._base_url)
        self._signed_in = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._visitor.__exit__(kind, error, trace)

    def code(self) -> str:
        """A code, fresh for a minute."""
        redirect_uri = self._sandbox["redirect_uri"]
        asked = {
            "client_id": self._sandbox["client_id"],
            "redirect_uri": redirect_uri,
            "scope": "tuser.account",
            "response_type": "code",
        }
        self._visitor.open(f"{self._base_url}/oauth/authorize?{urlencode(asked)}")
        if not self._signed_in:
            self._visitor.fill_in(username=self._sandbox["username"], password=self._sandbox["password"])
            self._signed_in = True
        return self._visitor.press("decision", "grant", back_to=redirect_uri)["code"]

    def cookie(self) -> str:
        """What the person's browser sends once they are signed in."""
        self._visitor.open(f"{self._base_url}/sign-in")
        self._visitor.fill_in(username=self._sandbox["username"], password=self._sandbox["password"])
        return self._visitor.cookies

    def tokens(self) -> Tokens:
        """A new family's first tokens."""
        form = self._form(grant_type="authorization_code", code=self.code())
        answer = httpx2.post(f"{self._base_url}/oauth/token", data=form, timeout=30, trust_env=False)
        if answer.status_code != 200:
            raise Failed(f"The token endpoint answered {answer.status_code}: {answer.text[:400]}")
        found = answer.json()
        return Tokens(found["access_token"], found["refresh_token"])

    def redemption(self, code: str) -> bytes:
        """The call that redeems a code."""
        return self._call(grant_type="authorization_code", code=code)

    def refresh(self, refresh_token: str) -> bytes:
        """The call that refreshes."""
        return self._call(grant_type="refresh_token", refresh_token=refresh_token)

    def _call(self, **form: str) -> bytes:
        return load.post("/oauth/token", _FORM, urlencode(self._form(**form)).encode())

    def _form(self, **form: str) -> dict[str, str]:
        return {"client_id": self._sandbox["client_id"], "client_secret": self._sandbox["client_secret"], **form}


def access_token(sandbox: dict[str, Any]) -> str:
    """A token for the certificate API."""
    with Person(sandbox) as person:
        return person.tokens().access


def session(sandbox: dict[str, Any]) -> str:
    """The cookies of a browser in which the sandbox's person is signed in."""
    with Person(sandbox) as person:
        return person.cookie()
