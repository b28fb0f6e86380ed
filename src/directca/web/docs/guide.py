"""The operator's guide: Markdown chapters, written once, read in the repository and here."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from directca.web.docs import markdown

FOLDER = Path(__file__).parent / "operator"
"""Links to the chapters in `docs/operator/`, so that they are packaged with the pages that show them."""

CHAPTERS = (
    "install",
    "start",
    "configuration",
    "people",
    "keys",
    "signing",
    "backup",
    "journal",
    "revocation",
    "status",
    "crl",
    "ocsp",
    "authority",
    "limits",
    "upgrade",
    "commands",
)
"""The chapters in reading order, by the name of their file; the name is also their anchor."""

_LINK = re.compile(r"(?:([a-z]+)\.md)?(?:#([a-z0-9-]+))?")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter as the page shows it."""

    anchor: str
    title: str
    html: Markup


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters. Raises `ValueError` if one holds what the page cannot show, or links to nowhere."""
    return tuple(_chapter(name) for name in CHAPTERS)


def _chapter(name: str) -> Chapter:
    source = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = source.partition("\n")[0].removeprefix("# ")
    return Chapter(anchor=name, title=title, html=markdown.render(source, anchor=name, link=lambda target: link(target, name)))


def link(target: str, chapter: str) -> str:
    """Where a link of a chapter leads on the page: to another chapter, or to another page of the site."""
    if target.startswith(("/docs/", "https://")):
        return target
    found = _LINK.fullmatch(target)
    if not found or (found.group(1) or chapter) not in CHAPTERS:
        raise ValueError(f"The chapter {chapter} links to {target}, which the page does not have.")
    name = found.group(1) or chapter
    return f"#{name}-{found.group(2)}" if found.group(2) else f"#{name}"
