"""The handbook can be shown, is that of the repository, and names pages and words of the console that are there."""

import re

import pytest

from directca.web.console import routes
from directca.web.docs import handbook
from directca.web.docs.guide import CHAPTERS as GUIDE
from directca.web.docs.site import PAGES
from directca.web.next_page import PEOPLE
from directca.web.pages import TEMPLATES


def source(name: str) -> str:
    return (handbook.FOLDER / f"{name}.md").read_text(encoding="utf-8")


def test_every_chapter_is_shown_and_is_that_of_the_repository() -> None:
    assert [one.anchor for one in handbook.chapters()] == list(handbook.CHAPTERS)
    in_repository = handbook.FOLDER.parents[4] / "docs" / "handbook"
    assert {path.stem for path in in_repository.glob("*.md")} == set(handbook.CHAPTERS)
    for name in handbook.CHAPTERS:
        assert (handbook.FOLDER / f"{name}.md").samefile(in_repository / f"{name}.md")


def test_every_link_leads_to_a_page() -> None:
    pages = {path for path, _, _ in routes.PAGES} | {page.path for page in PAGES} | {PEOPLE}
    for name in handbook.CHAPTERS:
        for target in re.findall(r"\]\(([^)]+)\)", source(name).replace("\n", " ")):
            path, _, anchor = target.partition("#")
            assert path in pages, f"{name}: {target}"
            assert not anchor or anchor in GUIDE, f"{name}: {target}"


@pytest.mark.parametrize("name", handbook.CHAPTERS)
def test_what_stands_in_bold_is_on_a_page(name: str) -> None:
    shown = " ".join(path.read_text(encoding="utf-8") for path in sorted((TEMPLATES / "console").glob("*.html"))).lower()
    words = {found.rstrip(".").lower() for found in re.findall(r"\*\*([^*]+)\*\*", source(name))}
    own = {"sent back", "rejected", "approved", "end", "suspend"}  # states, and what registry_pages calls its acts
    assert [one for one in sorted(words - own) if one not in shown] == []
