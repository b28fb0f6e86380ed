"""For any register and any filter: a walk over the pages yields exactly what matches, once each, newest first."""

from fnmatch import translate
from pathlib import Path
from re import compile as regex
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from directca.certificates.filters import Filters, Window
from directca.certificates.query import Counts, page
from directca.db import migrate
from directca.db.sqlite import SqliteDatabase
from tests.register import NOON, a_record

LABELS = ["a", "b", "ab", "a-b", "x_y", "sub"]
NAMES = [f"{local}@{domain}.example" for local in LABELS for domain in ("a", "ab", "sub.ab")] + ["a.example", "sub.ab.example"]
PATTERNS = st.lists(st.sampled_from(["*", "a", "b", "@", ".", "_", "sub", "example", "%"]), min_size=1, max_size=5).map("".join)


def matches(name: str, pattern: str) -> bool:
    literal = pattern.replace("[", "[[]").replace("?", "[?]")
    return regex(translate(literal)).match(name) is not None


@settings(deadline=None, max_examples=30)
@given(
    identifiers=st.lists(st.sampled_from(NAMES), max_size=25),
    pattern=PATTERNS,
    limit=st.integers(1, 7),
    late=st.lists(st.sampled_from(NAMES), max_size=5),
)
def test_a_walk_is_complete_exact_and_without_repetition(
    identifiers: list[str], pattern: str, limit: int, late: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "directca.sqlite", synchronous="OFF")
        migrate.upgrade(database)
        counts, filters = Counts(), Filters(name_like=pattern)
        with database.write() as tx:
            made = [a_record(tx, name) for name in identifiers]
        expected = [one.id for one in reversed(made) if matches(one.identifier, pattern)]
        window, seen, total = Window(limit=limit), [], None
        while True:
            with database.read() as tx:
                found = page(tx, counts, "clinic", filters, window, NOON)
            total = found.total if total is None else total
            seen.extend(pair.record.id for pair in found.pairs)
            if late:
                with database.write() as tx:
                    a_record(tx, late.pop())
            if not found.older:
                break
            window = Window(limit=limit, offset=len(seen), before=found.pairs[-1].record.position)
        database.close()
    assert (seen, total) == (expected, len(expected))
