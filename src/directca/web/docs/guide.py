"""The operator's guide: Markdown chapters, written once, read in the repository and here."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog
from markupsafe import Markup

from directca.web.docs import markdown

FOLDER = Path(__file__).parent / "operator"
"""Links to the chapters in `docs/operator/`, so that they are packaged with the pages that show them."""

CHAPTERS = (
    "install",
    "start",
    "deployment",
    "sizing",
    "configuration",
    "postgresql",
    "nodes",
    "people",
    "roles",
    "approvals",
    "billing",
    "notices",
    "keys",
    "signing",
    "backup",
    "recovery",
    "journal",
    "metrics",
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

_LOG = structlog.get_logger("directca.docs")
_LINK = re.compile(r"(?:([a-z]+)\.md)?(?:#([a-z0-9-]+))?")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter as the page shows it."""

    anchor: str
    title: str
    html: Markup


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters. Raises `ValueError` if one holds what the page cannot show.

    A link to nowhere is a mistake that tests find. Whoever reads in a bad night shall have all the rest.
    """
    return tuple(_chapter(name) for name in CHAPTERS)


def _chapter(name: str) -> Chapter:
    source = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = source.partition("\n")[0].removeprefix("# ")
    return Chapter(anchor=name, title=title, html=markdown.render(source, anchor=name, link=lambda target: _shown(target, name)))


def link(target: str, chapter: str) -> str:
    """Where a link of a chapter leads on the page: to another chapter, or to another page of the site. Raises `ValueError`."""
    if target.startswith(("/docs/", "https://")):
        return target
    found = _LINK.fullmatch(target)
    if not found or (found.group(1) or chapter) not in CHAPTERS:
        raise ValueError(f"The chapter {chapter} links to {target}, which the page does not have.")
    name = found.group(1) or chapter
    return f"#{name}-{found.group(2)}" if found.group(2) else f"#{name}"


def _shown(target: str, chapter: str) -> str | None:
    try:
        return link(target, chapter)
    except ValueError as error:
        _LOG.error("the guide has a link to nowhere", why=str(error))  # once, since chapters are kept
        return None
