"""A person with a browser and no JavaScript: follows redirects by hand, reads the forms of a page, fills them in, sends them.

Cookies are kept as a browser keeps them. Redirects are not followed silently, since where an authorization server sends
its user is what the tests look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 10


@dataclass
class Form:
    """A form as it stands on a page: `fields` are what a browser would send if nothing were touched."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def names(self) -> set[str]:
        """The names of all its fields and buttons."""
        return {name for name, _ in (*self.fields, *self.buttons)}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(found.get("action", ""), found.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and tag in ("input", "button") and "name" in found:
            kind = found.get("type", "submit" if tag == "button" else "text")
            pair = (found["name"], found.get("value", ""))
            if kind == "submit":
                self._open.buttons.append(pair)
            elif kind not in ("checkbox", "radio") or any(name == "checked" for name, _ in attrs):
                self._open.fields.append(pair)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms(html: str) -> list[Form]:
    """Every form of a page, in its order."""
    parser = _Forms()
    parser.feed(html)
    parser.close()
    return parser.forms


class Browser:
    """One person's browser: a cookie jar and a page."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._client = httpx2.Client(follow_redirects=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self._client.close()

    def open(self, url: str, params: Mapping[str, str] | None = None) -> httpx2.Response:
        """Follow redirects for as long as they stay on this server; a redirect that leaves it is the answer."""
        answer = self._client.get(urljoin(self.base_url, url), params=dict(params) if params else None)
        return self._followed(answer)

    def submit(self, page: httpx2.Response, with_field: str, **filled: str) -> httpx2.Response:
        """Fill in and send the page's form that has the field or button `with_field`."""
        form = next((found for found in forms(page.text) if with_field in found.names()), None)
        assert form is not None, f"no form with {with_field!r} on {page.url} ({page.status_code}):\n{page.text[:2000]}"
        sent = {name: value for name, value in form.fields if name not in filled} | filled
        target = urljoin(str(page.url), form.action or str(page.url))
        if form.method == "post":
            # A browser states where a form came from; the server's defence against forged forms looks at it.
            answer = self._client.post(target, data=sent, headers={"Origin": self.base_url, "Sec-Fetch-Site": "same-origin"})
        else:
            answer = self._client.get(target, params=sent)
        return self._followed(answer)

    def _followed(self, answer: httpx2.Response) -> httpx2.Response:
        for _ in range(MOST_REDIRECTS):
            if answer.status_code not in REDIRECTS or not self.is_here(location(answer)):
                return answer
            answer = self._client.get(location(answer))
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last one to {answer.url}")

    def is_here(self, url: str) -> bool:
        """Whether an address belongs to the server that this browser was opened for."""
        return urlsplit(url)[:2] == urlsplit(self.base_url)[:2]


def location(answer: httpx2.Response) -> str:
    """Where a redirect leads, as an absolute address."""
    return urljoin(str(answer.url), answer.headers["Location"])


def query_of(url: str) -> dict[str, str]:
    """The query of an address; a repeated parameter is an error."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=False)
    assert all(len(values) == 1 for values in found.values()), f"a parameter is repeated in {url}"
    return {name: values[0] for name, values in found.items()}
