"""The query: filters that mean what the contract says, exact counts, and pages that lose nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from directca.certificates import authorities, query, query_store
from directca.certificates.filters import Filters, Window
from directca.certificates.model import AuthorityEntry, State, Status
from directca.certificates.query import Counts, Page, page
from directca.db.engine import Database
from directca.errors import Malformed
from tests.register import NOON, a_record, some_records


def ask(database: Database, filters: Filters | None = None, window: Window | None = None, counts: Counts | None = None) -> Page:
    with database.read() as tx:
        return page(tx, counts or Counts(), "clinic", filters or Filters(), window or Window(), NOON + timedelta(days=1))


def names(found: Page) -> list[str]:
    return [pair.record.identifier for pair in found.pairs]


def test_no_filter_means_all_of_the_account_newest_first(database: Database) -> None:
    some_records(database, "a@x.example", "b@x.example", "c@x.example")
    some_records(database, "d@x.example", account_id="other")
    found = ask(database)
    assert names(found) == ["c@x.example", "b@x.example", "a@x.example"]
    assert (found.total, found.newer, found.older) == (3, False, False)


def test_an_intent_is_not_listed_until_it_is_known(database: Database) -> None:
    with database.write() as tx:
        a_record(tx, "a@x.example", state=State.INTENDED)
    assert ask(database).total == 0


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mydomain.com", ["x@sub.mydomain.com", "sub.mydomain.com", "deep.er.mydomain.com"]),
        ("*@mydomain.com", ["b@mydomain.com", "a_b@mydomain.com"]),
        ("a*", ["a_b@mydomain.com"]),
        ("*sub*", ["x@sub.mydomain.com", "sub.mydomain.com"]),
        ("x@sub.mydomain.com", ["x@sub.mydomain.com"]),
        ("*", ["b@mydomain.com", "x@sub.mydomain.com", "a_b@mydomain.com", "sub.mydomain.com", "deep.er.mydomain.com"]),
        ("**", ["b@mydomain.com", "x@sub.mydomain.com", "a_b@mydomain.com", "sub.mydomain.com", "deep.er.mydomain.com"]),
        ("a_b@*", ["a_b@mydomain.com"]),
        ("_@mydomain.com", []),
        ("%", []),
        ("*%*", []),
        ("d*r*.com", ["deep.er.mydomain.com"]),
        ("nothing*", []),
    ],
)
def test_the_star_is_the_only_wildcard(database: Database, pattern: str, expected: list[str]) -> None:
    some_records(
        database, *["deep.er.mydomain.com", "sub.mydomain.com", "a_b@mydomain.com", "x@sub.mydomain.com", "b@mydomain.com"]
    )
    found = ask(database, Filters(name_like=pattern))
    assert (names(found), found.total) == (expected, len(expected))


def test_filters_combine_with_and(database: Database) -> None:
    first, second = some_records(database, "a@x.example", "a@x.example")
    assert ask(database, Filters(name_is="a@x.example")).total == 2
    found = ask(database, Filters(name_is="a@x.example", signing_serial=second.signing_serial))
    assert [one.record.id for one in found.pairs] == [second.id]
    assert ask(database, Filters(signing_serial=first.signing_serial, encryption_serial=second.encryption_serial)).total == 0
    assert ask(database, Filters(name_is="a@x.example", name_like="a*example")).total == 2
    assert ask(database, Filters(name_is="a@x.example", name_like="b@x.example")).total == 0


def test_a_serial_finds_the_certificate_of_its_use_in_the_own_account_alone(database: Database) -> None:
    (mine,) = some_records(database, "a@x.example")
    (foreign,) = some_records(database, "b@x.example", account_id="other")
    with database.write() as tx:
        intent = a_record(tx, "c@x.example", state=State.INTENDED)
    assert names(ask(database, Filters(signing_serial=mine.signing_serial))) == ["a@x.example"]
    assert names(ask(database, Filters(encryption_serial=mine.encryption_serial))) == ["a@x.example"]
    for nobodys in (
        Filters(signing_serial=mine.encryption_serial),
        Filters(encryption_serial=mine.signing_serial),
        Filters(signing_serial=foreign.signing_serial),
        Filters(encryption_serial=foreign.encryption_serial),
        Filters(signing_serial=intent.signing_serial),
        Filters(signing_serial="0"),
    ):
        found = ask(database, nobodys)
        assert (found.total, found.pairs) == (0, ())


def test_a_serial_that_two_issuers_gave_finds_both(database: Database) -> None:
    (one,) = some_records(database, "a@x.example")
    with database.write() as tx:
        second = AuthorityEntry("second", "issuing", None, "CN=CA 2", b"certificate", "second.pem", one.not_after, NOON)
        authorities.add(tx, second)
        a_record(
            tx,
            "b@x.example",
            authority_id="second",
            signing_serial=one.signing_serial,
            encryption_serial=one.encryption_serial,
        )
    found = ask(database, Filters(signing_serial=one.signing_serial))
    assert (names(found), found.total) == (["b@x.example", "a@x.example"], 2)
    assert [pair.signing.authority_id for pair in found.pairs] == ["second", "issuing"]


def test_status_is_what_the_record_shows(database: Database) -> None:
    with database.write() as tx:
        for state in (State.ISSUED, State.HELD, State.REVOKED):
            a_record(tx, f"{state}@x.example", state=state)
        a_record(tx, "old@x.example", not_after=NOON)
        newer = a_record(tx, "new@x.example")
        a_record(tx, "replaced@x.example", superseded_by=newer.id)
    for status, expected in (
        (Status.ISSUED, ["new@x.example", "issued@x.example"]),
        (Status.HELD, ["held@x.example"]),
        (Status.REVOKED, ["revoked@x.example"]),
        (Status.EXPIRED, ["old@x.example"]),
        (Status.SUPERSEDED, ["replaced@x.example"]),
    ):
        found = ask(database, Filters(status=status))
        assert (names(found), found.total) == (expected, len(expected))


def test_expiry_filters_are_strict(database: Database) -> None:
    (one,) = some_records(database, "a@x.example")
    second = timedelta(seconds=1)
    assert ask(database, Filters(expires_before=one.not_after)).total == 0
    assert ask(database, Filters(expires_before=one.not_after + second)).total == 1
    assert ask(database, Filters(expires_after=one.not_after)).total == 0
    assert ask(database, Filters(expires_after=one.not_after - second)).total == 1


def test_a_cursor_survives_what_comes_in_between(database: Database) -> None:
    some_records(database, *(f"n{number}@x.example" for number in range(25)))
    counts = Counts()
    seen: list[str] = []
    window = Window(limit=10)
    while True:
        found = ask(database, window=window, counts=counts)
        seen.extend(names(found))
        if not found.older:
            break
        some_records(database, f"late{len(seen)}@x.example")  # newer than every page to come
        window = Window(limit=10, offset=len(seen), before=found.pairs[-1].record.position)
    assert seen == [f"n{number}@x.example" for number in reversed(range(25))]


def test_a_page_looks_back(database: Database) -> None:
    made = some_records(database, *(f"n{number}@x.example" for number in range(9)))
    found = ask(database, window=Window(limit=3, offset=3, after=made[2].position))
    assert names(found) == ["n5@x.example", "n4@x.example", "n3@x.example"]
    assert found.newer


def test_the_last_page_has_none_behind_it_from_wherever_one_comes(database: Database) -> None:
    some_records(database, *(f"n{number}@x.example" for number in range(5)))
    last = ask(database, window=Window(limit=3, offset=2, after=0))
    assert names(last) == ["n2@x.example", "n1@x.example", "n0@x.example"]
    assert (last.newer, last.older) == (True, False)


def test_counts_are_exact_after_new_records(database: Database) -> None:
    counts = Counts()
    some_records(database, "a@x.example", "b@y.example")
    for extra in range(5):
        assert ask(database, Filters(name_like="*x.example"), counts=counts).total == 1 + extra
        some_records(database, f"n{extra}@x.example", f"n{extra}@y.example")


def test_a_remembered_count_reads_only_what_is_new(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts()
    some_records(database, "a@x.example", "b@x.example")
    ask(database, Filters(name_like="*example"), counts=counts)
    calls: list[int] = []
    count = query_store.count

    def watched(*arguments: object, after: int) -> int:
        calls.append(after)
        return count(*arguments, after=after)  # type: ignore[arg-type]

    monkeypatch.setattr(query_store, "count", watched)
    assert ask(database, Filters(name_like="*example"), counts=counts).total == 2
    assert calls == []
    some_records(database, "c@x.example")
    assert ask(database, Filters(name_like="*example"), counts=counts).total == 3
    assert calls == [2]


def test_a_reader_of_an_earlier_moment_counts_for_itself(database: Database) -> None:
    counts = Counts()
    some_records(database, "a@x.example")
    with database.read() as before:
        assert page(before, Counts(), "clinic", Filters(), Window(), NOON).total == 1
        some_records(database, "b@x.example")
        assert ask(database, counts=counts).total == 2
        assert page(before, counts, "clinic", Filters(), Window(), NOON).total == 1


def test_what_is_remembered_is_bounded(database: Database) -> None:
    counts = Counts(most=3)
    some_records(database, "a@x.example")
    for number in range(10):
        ask(database, Filters(name_is=f"n{number}@x.example"), counts=counts)
    assert len(counts._known) == 3


def test_too_many_wildcards_are_refused(database: Database) -> None:
    with pytest.raises(Malformed):
        ask(database, Filters(name_like="*a*b*c*d*e*f*g*h*i*"))


@pytest.mark.parametrize("asked", ["École de Santé", "École DE santé"])
def test_an_organization_is_found_by_its_name_in_any_case(database: Database, asked: str) -> None:
    with database.write() as tx:
        a_record(tx, "a@x.example", organization="École de Santé")
        a_record(tx, "b@x.example", organization="Another Clinic")
    assert names(ask(database, Filters(organization=asked))) == ["a@x.example"]


def test_the_few_places_of_a_costly_pattern_are_remembered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts()
    some_records(database, *(f"n{number}@x.example" for number in range(5)))
    assert names(ask(database, Filters(name_like="*3@x*"), counts=counts)) == ["n3@x.example"]
    monkeypatch.setattr(query_store, "records", None)  # from here on nothing is searched for again
    assert names(ask(database, Filters(name_like="*3@x*"), counts=counts)) == ["n3@x.example"]
    some_records(database, "m3@x.example")
    found = ask(database, Filters(name_like="*3@x*"), counts=counts)
    assert (names(found), found.total) == (["m3@x.example", "n3@x.example"], 2)


def test_many_places_are_counted_and_not_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "_FEW_PLACES", 3)
    counts = Counts()
    some_records(database, *(f"n{number}@x.example" for number in range(3)))
    assert ask(database, Filters(name_like="*@x*"), counts=counts).total == 3
    some_records(database, "m@x.example", "l@x.example")
    found = ask(database, Filters(name_like="*@x*"), Window(limit=2), counts)
    assert (names(found), found.total, found.older) == (["l@x.example", "m@x.example"], 5, True)
    assert [known.places for known in counts._known.values()] == [None]


@pytest.mark.parametrize("microseconds", [0, 1, 24 * 60 * 60 * 1_000_000, 24 * 60 * 60 * 1_000_000 + 1])
def test_nothing_ends_on_the_last_of_all_days(database: Database, microseconds: int) -> None:
    some_records(database, "a@x.example")
    after = datetime.max.replace(tzinfo=UTC) - timedelta(microseconds=microseconds)
    assert ask(database, Filters(expires_after=after)).total == 0
