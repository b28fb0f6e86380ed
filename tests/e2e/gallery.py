"""A gallery: the pages that a browser opens, by name, each with whose browser it is, where it is and what is sent there first."""

from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from tests.browser import forms
from tests.console import Desk

CONSOLE, SECURITY = "/console", "/account/security"
CERTIFICATES = f"{CONSOLE}/certificates"
Records = dict[str, str]
"""The record of a pair in each state, by the name of the state."""


@dataclass
class Gallery:
    """The pages by name, each with whose browser opens it, where, and what is sent there first, if anything is."""

    desk: Desk
    browsers: dict[str, TestClient] = field(default_factory=dict)
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hang(self, who: str, name: str, path: str, status: int = 200, /, **send: str) -> None:
        """One page more. `send` are the fields that are posted there."""
        assert name not in self.pages, name
        self.pages[name] = {"who": who, "path": path, "status": status, "send": send or None}

    def hang_all(self, who: str, /, **paths: str) -> None:
        """Some that are opened and no more."""
        for name, path in paths.items():
            self.hang(who, name.replace("_", "-"), path)

    def cookies(self) -> dict[str, dict[str, str]]:
        """By whom, the cookies of their browser."""
        return {who: dict(browser.cookies) for who, browser in self.browsers.items()}


def field_of(browser: TestClient, page: str, name: str) -> str:
    """What a form of the page brings along."""
    found = forms(browser.get(page).text)
    return next(dict(form.fields)[name] for form in found if name in form.names())
