"""A person with a browser: follows links, reads forms, fills them in. No JavaScript, since the pages need none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 10


class Lost(Exception):
    """The pages did not lead where they should."""


@dataclass
class Form:
    """A form as the page sent it: where it goes, and what a browser would send untouched."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def offers(self, name: str) -> bool:
        """Whether it has a field or a button of that name."""
        return name in self.fields or any(name == button for button, _ in self.buttons)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(facts.get("action", ""), facts.get("method", "get").lower()))
            self._open = True
        elif self._open and tag in {"input", "button"} and facts.get("name"):
            self._control(tag, facts)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False

    def _control(self, tag: str, facts: Mapping[str, str]) -> None:
        kind = facts.get("type", "submit" if tag == "button" else "text").lower()
        if kind in {"submit", "image"}:
            self.found[-1].buttons.append((facts["name"], facts.get("value", "")))
        elif kind not in {"button", "reset", "checkbox", "radio"} or "checked" in facts:
            self.found[-1].fields[facts["name"]] = facts.get("value", "on" if kind in {"checkbox", "radio"} else "")


class Visitor:
    """One browser with its cookies, looking at one page after the other, until a redirect leads back to an application."""

    def __init__(self, home: str) -> None:
        self._http = httpx2.Client(timeout=30, follow_redirects=False, trust_env=False)
        self._home = home
        self._page: httpx2.Response | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    @property
    def cookies(self) -> str:
        """What the browser sends with its next request, as the Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())

    def open(self, address: str) -> None:
        """Type an address."""
        self._arrive(self._http.get(address), until=None)

    def fill_in(self, **values: str) -> None:
        """Send the form that has all these fields, its hidden ones as they are."""
        self._arrive(self._send(values), until=None)

    def press(self, name: str, value: str, *, back_to: str) -> dict[str, str]:
        """Press a button of a form; the browser must end at `back_to`. Returns what the application receives there."""
        returned = self._arrive(self._send({name: value}), until=back_to)
        return dict(parse_qsl(urlsplit(returned).query))

    def _send(self, values: dict[str, str]) -> httpx2.Response:
        page = self._page
        if page is None:
            raise Lost("No page is open.")
        forms = _Forms()
        forms.feed(page.text)
        form = next((each for each in forms.found if all(each.offers(name) for name in values)), None)
        if form is None:
            raise Lost(f"{page.url} ({page.status_code}) has no form with {', '.join(values)}.")
        target, fields = urljoin(str(page.url), form.action), form.fields | values
        if form.method == "get":
            return self._http.get(target, params=fields)
        # Browsers name the page a form comes from; a server that is careful about forged requests looks at it.
        return self._http.post(target, data=fields, headers={"Origin": self._home, "Sec-Fetch-Site": "same-origin"})

    def _arrive(self, response: httpx2.Response, *, until: str | None) -> str:
        for _ in range(_MOST_REDIRECTS):
            if response.status_code not in _REDIRECTS:
                break
            target = urljoin(str(response.url), response.headers["Location"])
            if until is not None and target.partition("?")[0] == until:
                return target
            response = self._http.get(target)
        if response.status_code != 200 or until is not None:
            raise Lost(f"{response.url} answered {response.status_code}: {_words(response.text)}")
        self._page = response
        return str(response.url)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())


def _words(html: str) -> str:
    words = _Words()
    words.feed(html)
    return " ".join(words.words)[:300]
