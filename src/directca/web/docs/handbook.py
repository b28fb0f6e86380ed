"""The handbook of those who work in the console, and of what they do there. Written once, shown here too."""

from functools import cache
from pathlib import Path

from directca.web.docs import markdown
from directca.web.docs.guide import Chapter

FOLDER = Path(__file__).parent / "handbook"
"""Links to the chapters in `docs/handbook/`, so that they are packaged with the page that shows them."""

CHAPTERS = ("applicants", "officers", "auditors", "payments")
"""The chapters in reading order, by the name of their file; the name is also their anchor."""


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters. Raises `ValueError` if one holds what the page cannot show; a test reads them all."""
    return tuple(_chapter(name) for name in CHAPTERS)


def _chapter(name: str) -> Chapter:
    source = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = source.partition("\n")[0].removeprefix("# ")
    return Chapter(anchor=name, title=title, html=markdown.render(source, anchor=name, link=_own))


def _own(target: str) -> str:
    if not target.startswith("/"):
        raise ValueError(f"The handbook links to {target}, which is no page of the site.")
    return target
