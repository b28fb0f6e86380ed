"""What a documentation template sees as `page`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import quote

from markupsafe import Markup

from directca.web.docs import markdown, samples
from directca.web.docs.authorize_link import FIELD_TEXTS, AuthorizeForm, authorize_form
from directca.web.docs.identifiers import MADE_UP, Identifiers, identifiers
from directca.web.docs.samples import Sample
from directca.web.docs.site import PAGES, DocPage, neighbours

_TITLE = re.compile(r'<h2 id="[^"]+-title"><a class="anchor" href="#([a-z-]+)">([^<]+)</a></h2>')


@dataclass(frozen=True, slots=True)
class View:
    """One page for one reader."""

    path: str
    title: str
    lead: str
    base_url: str
    identifiers: Identifiers
    authorize: AuthorizeForm
    given: Mapping[str, str | None]
    previous: DocPage | None = None
    next: DocPage | None = None
    all: tuple[DocPage, ...] = PAGES
    authorize_fields: tuple[tuple[str, str, str], ...] = FIELD_TEXTS
    text: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)

    def samples(self, function: str) -> tuple[Sample, ...]:
        """A function's samples, filled."""
        return tuple(replace(sample, text=samples.fill(sample.text, self.fills)) for sample in samples.samples(function))

    def way_to(self, other: DocPage) -> str:
        """The address of another page, which keeps the reader's values if that page uses them."""
        return other.path + (self.identifiers.carried() if other.takes_identifiers else "")

    def sections(self, content: Markup) -> tuple[tuple[str, str], ...]:
        """The sections of the page, by anchor and heading, as its own titles name them."""
        return tuple((anchor, unescape(title)) for anchor, title in _TITLE.findall(content))

    def plain(self, text: str) -> Markup:
        """A sentence with its `code`."""
        return markdown.plain(text)

    def slug(self, text: str) -> str:
        """The anchor of a heading or title."""
        return markdown.slug(text)

    def paragraphs(self, text: str) -> tuple[str, ...]:
        """The paragraphs of a description."""
        return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def view(page: DocPage, query: Mapping[str, str], base_url: str, made_up: Identifiers = MADE_UP) -> View:
    """The page as the address asks for it; `made_up` stands where the reader gave nothing."""
    reader = identifiers(query, made_up)
    fills = reader.fills(base_url) | {"base_url_encoded": quote(base_url, safe=""), "code": "CODE"}
    before, after = neighbours(page) if page in PAGES else (None, None)
    return View(
        path=page.path,
        title=page.title,
        lead=page.lead,
        base_url=base_url,
        identifiers=reader,
        authorize=authorize_form(query, base_url, "" if made_up is MADE_UP else made_up.redirect_uri),
        given={
            name: getattr(reader, name) if name in reader.own else None for name in ("client_id", "redirect_uri", "common_name")
        },
        previous=before,
        next=after,
        text={name: samples.fill(text, fills) for name, text in samples.answers().items()},
        fills=fills,
    )
