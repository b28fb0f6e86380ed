"""`make test` meets every table on PostgreSQL: a file of `ON_BOTH` tests the module that holds it, or one that works with it."""

import ast
from collections.abc import Iterable, Mapping
from itertools import chain

from tests.engines import ON_BOTH, ONLY_IN_ENGINES
from tests.house.sources import ROOT, Module, module, modules

SCHEMA = "tests/unit/db/"
"""What tests the form of tables, and so of each of them, says nothing of the statements that other rooms' stores send."""


def name(path: str) -> str:
    """The module's name: `directca.accounts.store`."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(by: Module) -> set[str]:
    """What a file imports: modules, and names that may be modules."""
    found: set[str] = set()
    for node in by.nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
    return found


def holds_a_table(one: Module) -> bool:
    """Whether the file describes a table of the database; migrations describe those of the past."""
    calls = (node.func for node in one.nodes if isinstance(node, ast.Call))
    return (
        one.product
        and "/migrations/" not in one.path
        and "sqlalchemy.Table" in imported(one)
        and any(isinstance(function, ast.Name) and function.id == "Table" for function in calls)
    )


def working_with(table: str, users: Mapping[str, set[str]]) -> set[str]:
    """The module of a table, the stores that build on it, and every module that imports one of these."""
    found, waiting = {table}, [table]
    while waiting:
        for user in users[waiting.pop()] - found:
            found.add(user)
            if user.endswith("store"):
                waiting.append(user)
    return found


def unmet(of: Iterable[Module], on_both: tuple[str, ...]) -> set[str]:
    """The modules with a table that no test on both engines is about."""
    known = {name(one.path): one for one in of if one.product}
    uses = {one: imported(by) for one, by in known.items()}
    users = {one: {user for user, names in uses.items() if one in names} for one in known}
    places = tuple(f"tests/{place}" for place in on_both)
    tests = {one.path: imported(one) for one in of if one.path.startswith(places) and "/test_" in one.path}
    return {
        table
        for table in (one for one, holder in known.items() if holds_a_table(holder))
        if working_with(table, users).isdisjoint(
            chain.from_iterable(
                names for path, names in tests.items() if table.startswith("directca.db.") or not path.startswith(SCHEMA)
            )
        )
    }


def test_every_table_is_met_on_both_engines() -> None:
    found = unmet(modules(), ON_BOTH)
    assert not found, f"add a file that tests these to ON_BOTH of tests/engines.py: {sorted(found)}"


def test_what_runs_on_both_engines_is_there() -> None:
    assert [one for one in (*ON_BOTH, *ONLY_IN_ENGINES) if not (ROOT / "tests" / one).exists()] == []


def test_a_table_that_only_sqlite_has_met_is_seen() -> None:
    table = module("src/directca/oauth/tables.py", "from sqlalchemy import Table\ntoken = Table('token')")
    store = module("src/directca/oauth/store.py", "from directca.oauth.tables import token")
    verb = module("src/directca/oauth/purge.py", "from directca.oauth import store")
    about_it = module("tests/unit/oauth/test_purge.py", "from directca.oauth.purge import purge")
    of_its_form = module("tests/unit/db/test_form.py", "from directca.oauth import tables")
    house = (table, store, verb, about_it, of_its_form)
    assert unmet(house, ("unit/oauth/", "unit/db/")) == set()
    assert unmet(house, ("unit/db/",)) == {"directca.oauth.tables"}
    assert unmet(house, ("unit/vetting/",)) == {"directca.oauth.tables"}
