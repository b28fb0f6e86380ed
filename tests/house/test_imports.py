"""Arrows between rooms: the contracts of .importlinter, and four rules that it cannot say. Each is broken once on purpose."""

import configparser
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp
import pytest

from tests.house.sources import PACKAGE, ROOT

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True, no_cache=True))"


def contracts() -> dict[str, str]:
    """The contracts' names by their keys."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    prefix = "importlinter:contract:"
    return {section.removeprefix(prefix): config[section]["name"] for section in config.sections() if section.startswith(prefix)}


def verdict(root: Path) -> str:
    """What import-linter says of the checkout `root`."""
    ran = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "COLUMNS": "200", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_every_contract_is_kept() -> None:
    told = verdict(ROOT)
    assert f"Contracts: {len(contracts())} kept, 0 broken." in told, told


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second checkout that may be spoilt."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(PACKAGE, root / "src" / "directca", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", root)
    return root


OFFENCES = [
    ("floors", "pki/offence.py", "import directca.oauth"),
    ("floors", "vetting/offence.py", "import directca.oauth"),  # one floor, two rooms
    ("floors", "issuance/offence.py", "import directca.revocation"),
    ("floors", "signing/offence.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import directca.accounts"),
    ("floors", "utils.py", ""),
    ("pure", "pki/offence.py", "import sqlalchemy"),
    ("pure", "direct/offence.py", "import socket"),
    ("pure", "journal/model.py", "import directca.db.engine"),  # not in person, but by way of another module
    ("pure", "accounts/policy.py", "import logging"),
    ("edges", "oauth/offence.py", "import fastapi"),
    ("edges", "journal/offence.py", "from jinja2 import Template"),
    ("terminal", "api/offence.py", "import typer"),
    ("cycles", "journal/chain.py", "import directca.journal.verify"),
    ("cycles", "pki/offence.py", "import directca.pki.lints.offence"),
]


@pytest.mark.parametrize(("contract", "file", "line"), OFFENCES, ids=[f"{c}-{f}" for c, f, _ in OFFENCES])
def test_every_contract_can_be_broken(copy: Path, contract: str, file: str, line: str) -> None:
    spoilt = copy / "src" / "directca" / file
    before = spoilt.read_text() if spoilt.exists() else None
    back = copy / "src" / "directca" / "pki" / "lints" / "offence.py"
    try:
        spoilt.write_text(f"{before or ''}\n{line}\n")
        if "lints.offence" in line:
            back.write_text("import directca.pki.offence\n")
        assert f"{contracts()[contract]} BROKEN" in verdict(copy)
    finally:
        back.unlink(missing_ok=True)
        spoilt.unlink() if before is None else spoilt.write_text(before)


def test_every_contract_has_its_offence() -> None:
    assert {contract for contract, _, _ in OFFENCES} == set(contracts())


# ------------------------------------------------------------------ rules that need to know which room a module stands in


@dataclass(frozen=True)
class Arrow:
    """`importer` imports `imported`, both with full names."""

    importer: str
    imported: str


@cache
def arrows() -> tuple[Arrow, ...]:
    """Every direct import of the product."""
    graph = grimp.build_graph("directca", include_external_packages=True, cache_dir=None)
    return tuple(
        Arrow(importer, imported)
        for importer in sorted(graph.modules)
        if importer.split(".")[0] == "directca"
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
    )


def findings(judged: Iterable[Arrow]) -> Iterator[str]:
    """Every arrow that must not be drawn."""
    for arrow in judged:
        yield from (f"{arrow.importer} imports {arrow.imported}: {why}" for why in _offences(arrow))


def _offences(arrow: Arrow) -> Iterator[str]:
    importer, imported = arrow.importer.split("."), arrow.imported.split(".")
    within = importer[:2] == imported[:2]
    if imported[0] == "directca" and len(imported) > 2:
        if _is_store(imported) and not within:
            yield "a room's store is imported by that room only"
        if imported[1] == "signing" and imported[-1].endswith("_keys") and not within and importer != ["directca", "rooms"]:
            yield "key backends are known to rooms and signing alone"
    if imported[0] in ("sqlalchemy", "sqlite3") and not (_is_store(importer) or importer[1] == "db"):
        yield "SQL stands in stores and in db"
    if imported[0] == "cryptography" and importer[1] in ("api", "web", "responders"):
        yield "edges translate; they know no cryptography"


def _is_store(name: list[str]) -> bool:
    # A store's `tables` are part of it; those of pki are tables of the certificate profile.
    return name[-1] == "store" or name[-1].endswith("_store") or (name[-1] == "tables" and name[1] != "pki")


def test_no_arrow_is_drawn_that_must_not_be() -> None:
    assert len(arrows()) > 50
    found = list(findings(arrows()))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "arrow",
    [
        Arrow("directca.issuance.issue", "directca.certificates.store"),
        Arrow("directca.oauth.bearer", "directca.accounts.people_store"),
        Arrow("directca.cli.root", "directca.vetting.store"),
        Arrow("directca.issuance.issue", "directca.signing.file_keys"),
        Arrow("directca.cli.operator", "directca.signing.file_keys"),
        Arrow("directca.issuance.issue", "sqlalchemy"),
        Arrow("directca.api.certificates", "sqlalchemy"),
        Arrow("directca.web.pages", "cryptography"),
    ],
    ids=str,
)
def test_the_gate_sees_it(arrow: Arrow) -> None:
    assert len(list(findings([arrow]))) == 1


def test_the_gate_accepts_what_the_house_allows() -> None:
    allowed = [
        Arrow("directca.accounts.people", "directca.accounts.people_store"),
        Arrow("directca.rooms", "directca.signing.file_keys"),
        Arrow("directca.signing.ceremony", "directca.signing.file_keys"),
        Arrow("directca.accounts.store", "sqlalchemy"),
        Arrow("directca.db.engine", "sqlalchemy"),
    ]
    assert list(findings(allowed)) == []
