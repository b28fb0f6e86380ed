"""The operator's guide names every setting with its section and every command; nothing that it names is made up."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from structlog.testing import capture_logs
from typer.main import get_command

from directca.accounts import prices
from directca.cli.client.app import app as client
from directca.cli.root import app, loaded
from directca.direct.names import Kind
from directca.settings import SECTIONS
from directca.web.docs import guide
from directca.web.docs.guide import CHAPTERS, FOLDER, chapters

GUIDE = {name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in CHAPTERS}


def section(name: str) -> str:
    """The part of the configuration chapter that is about one section."""
    parts = re.split(r"^## ", GUIDE["configuration"], flags=re.MULTILINE)
    (found,) = [part for part in parts if f"Section `[{name}]`" in part]
    return found


def test_every_setting_is_documented_in_its_section() -> None:
    missing = [
        f"{name}.{one.name}"
        for name, kind in SECTIONS.items()
        for one in fields(kind)
        if f"| `{one.name}` |" not in section(name)
    ]
    assert missing == []


def test_no_documented_setting_is_made_up() -> None:
    for name, kind in SECTIONS.items():
        documented = set(re.findall(r"^\| `([a-z_]+)` \|", section(name), re.MULTILINE))
        assert documented <= {one.name for one in fields(kind)}, name


def test_plain_defaults_are_the_true_ones() -> None:
    for name, kind in SECTIONS.items():
        for one in fields(kind):
            said = re.search(rf"^\| `{one.name}` \| `([^`]+)` \|", section(name), re.MULTILINE)
            if said:
                assert said[1] == (str(one.default).lower() if isinstance(one.default, bool) else str(one.default)), one.name


def test_the_price_list_is_documented_as_it_is() -> None:
    text = section("prices")
    for product in Kind:
        assert f"[prices.{product}]" in text
        for purchase in prices.Purchase:
            years = [prices.DEFAULT.cents[product, purchase, year] for year in (1, 2, 3)]
            assert f"{purchase} = {years}" in text


def commands(group: typer.Typer, before: str = "") -> Iterator[str]:
    """Every command of a group, as it is typed."""
    for name, shown in sorted(getattr(get_command(group), "commands", {}).items()):
        command = loaded(name) if group is app else shown
        path = f"{before}{name}"
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path
        else:
            yield from (f"{path} {child}" for child in sorted(inner))


def test_every_command_is_documented() -> None:
    text = GUIDE["commands"]
    operators = [path for path in commands(app) if not path.startswith("client ")]
    assert operators
    assert [path for path in operators if f"`{path}`" not in text] == []


def test_every_command_of_the_client_is_documented() -> None:
    page = (FOLDER.parent.parent / "templates" / "docs" / "client.html").read_text(encoding="utf-8")
    shown = page + "".join(path.read_text(encoding="utf-8") for path in (FOLDER.parent.parent / "samples" / "answers").iterdir())
    assert [name for name in commands(client) if not re.search(rf"<code>{name}</code>|directca client {name}\b", shown)] == []


def test_no_documented_command_is_made_up() -> None:
    known = set(commands(app)) | {f"client {name}" for name in commands(client)}
    groups = {path.split()[0] for path in known if " " in path}
    for name, text in GUIDE.items():
        for typed in re.findall(
            r"directca ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", "\n".join(re.findall(r"`[^`]+`|```.*?```", text, re.DOTALL))
        ):
            words = typed.split()
            path = typed if words[0] in groups else words[0]
            assert path in known or typed in groups, f"{name}: directca {typed}"


def test_the_guide_can_be_shown() -> None:
    assert [chapter.anchor for chapter in chapters()] == list(CHAPTERS)


def test_every_link_leads_somewhere() -> None:
    with capture_logs() as logs:
        page = "".join(chapter.html for chapter in guide.chapters.__wrapped__())
    assert logs == []
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert [target for target in re.findall(r'href="#([^"]+)"', page) if target not in ids] == []


def test_a_link_to_nowhere_takes_nothing_else_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CHAPTERS:
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nSee [what is gone](gone.md), and [how to start](start.md).\n")
    monkeypatch.setattr(guide, "FOLDER", tmp_path)
    with capture_logs() as logs:
        shown = guide.chapters.__wrapped__()
    assert {chapter.html.partition("\n")[2] for chapter in shown} == {
        '<p>See what is gone, and <a href="#start">how to start</a>.</p>'
    }
    assert len(logs) == len(CHAPTERS)
    assert logs[0]["why"] == f"The chapter {CHAPTERS[0]} links to gone.md, which the page does not have."


def test_every_chapter_in_the_repository_is_in_the_guide() -> None:
    in_repository = FOLDER.parents[4] / "docs" / "operator"
    assert {path.stem for path in in_repository.glob("*.md")} == set(CHAPTERS)
    for name in CHAPTERS:
        assert (FOLDER / f"{name}.md").samefile(in_repository / f"{name}.md")
