"""Every error that the authority can explain has its own code, its explanation, and a test that provokes it."""

import importlib
import pkgutil
import re
from functools import cache

import directca
from directca import errors
from directca.errors import DirectCAError
from tests.house.sources import modules

WORD = re.compile(r"\w+")
SLUG = re.compile(r"[a-z]+(_[a-z0-9]+)*")


@cache
def all_errors() -> tuple[type[DirectCAError], ...]:
    """Every subclass, wherever in the house it is declared."""
    for found in pkgutil.walk_packages(directca.__path__, "directca."):
        # Alembic runs its scripts itself, and only within a migration; they declare no errors.
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            importlib.import_module(found.name)
    known: dict[str, type[DirectCAError]] = {}
    waiting = [DirectCAError]
    while waiting:
        for child in waiting.pop().__subclasses__():
            if child.__module__.startswith("directca."):
                known[f"{child.__module__}.{child.__qualname__}"] = child
                waiting.append(child)
    return tuple(known[name] for name in sorted(known))


def test_every_error_has_a_code_of_its_own() -> None:
    by_slug: dict[str, list[str]] = {}
    for error in all_errors():
        assert "slug" in vars(error), f"{error.__qualname__} has no slug of its own"
        assert SLUG.fullmatch(error.slug), f"{error.slug!r} of {error.__qualname__} is no slug"
        by_slug.setdefault(error.slug, []).append(error.__qualname__)
    assert {slug: names for slug, names in by_slug.items() if len(names) > 1} == {}


def test_every_error_belongs_to_a_family() -> None:
    families = {error for error in DirectCAError.__subclasses__() if error.__module__ == errors.__name__}
    assert len(families) == 7
    for error in all_errors():
        assert sum(issubclass(error, family) for family in families) == 1, error


def test_every_error_is_explained() -> None:
    assert [error.__qualname__ for error in all_errors() if len((vars(error).get("__doc__") or "").split()) < 3] == []


def test_every_error_is_provoked_by_a_test() -> None:
    tests = (found.text for found in modules() if found.path.startswith("tests/") and "/house/" not in found.path)
    words = {word for text in tests for word in WORD.findall(text)}
    families = {error for error in all_errors() if error.__module__ == errors.__name__}
    silent = [e.slug for e in all_errors() if e not in families and words.isdisjoint((e.__name__, e.slug))]
    assert not silent, "no test outside of tests/house names: " + ", ".join(silent)
