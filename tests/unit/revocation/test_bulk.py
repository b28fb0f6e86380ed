"""Revocation in bulk: what a selection means, what becomes of each pair, and that an order is worked off once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.certificates.errors import CompromisedKey
from directca.certificates.filters import Filters
from directca.certificates.model import State, Status
from directca.db import leases
from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.journal import read
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import bulk, crl
from directca.revocation.authority_errors import BadInvalidityDate
from directca.revocation.bulk_errors import BadSelection, JobFinished, OfficersOnly, UnknownJob
from directca.revocation.bulk_model import Job, JobState, Wanted
from directca.revocation.model import ListId, Requester, the_authority
from tests.material import spki_der
from tests.register import a_record
from tests.unit.revocation.test_revoke import serials
from tests.world import DOMAIN, START, World, fresh_key

OFFICER = the_authority("operator:ann")
WHY = "the key store was copied"
VAGUE = ("*", "**", "*@*", "*.*", "*e*", "*.org", "*.a*", "direct.*", "*@direct.*", "*a.b*", "a*.*b", "alice@*", "nr-*")


def wanted(reason: Reason = Reason.CESSATION_OF_OPERATION, **chosen: object) -> Wanted:
    return Wanted(Selection(**chosen), reason, explanation=WHY)  # type: ignore[arg-type]


def done(world: World, what: Wanted) -> Job:
    job, _ = bulk.order(world.revocation, OFFICER, what)
    return bulk.work(world.revocation, job.id, holder="test")


def many(database: Database, count: int, **changes: object) -> list[str]:
    """Pairs that are valid as long as others."""
    with database.write() as tx:
        return [
            a_record(tx, f"nr-{number}@{DOMAIN}", not_after=START + timedelta(days=300), **changes).id for number in range(count)
        ]


def states(world: World, ids: list[str]) -> Counter[State]:
    with world.database.read() as tx:
        return Counter(found.state for one in ids if (found := register.by_id(tx, one)) is not None)


def rows(world: World, kind: str) -> list[str]:
    with world.database.read() as tx:
        return [row.event.subject for row in read.latest(tx, limit=5000) if row.event.kind == kind]


def test_all_pairs_of_an_organization(world: World) -> None:
    first, second = world.issue(), world.issue(f"bob@{DOMAIN}", key=2)
    many(world.database, 3)  # of another organization
    job = done(world, wanted(organization_id=world.organization_id))
    assert (job.state, job.total, job.done, job.refused, job.outcomes) == (JobState.FINISHED, 2, 2, 0, {"revoked": 2})
    pairs = {int(one, 16) for pair in (first, second) for one in (pair.record.signing_serial, pair.record.encryption_serial)}
    assert set(serials(world)) == pairs
    assert sorted(rows(world, "certificate.revoked")) == sorted(f"record:{one.record.id}" for one in (first, second))
    assert len(rows(world, "bulk_revocation.ordered")) == len(rows(world, "bulk_revocation.finished")) == 1
    world.check_books()


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("direct.a.example", ["direct.a.example", "x@direct.a.example", "x@sub.direct.a.example", "sub.direct.a.example"]),
        ("sub.direct.a.example", ["x@sub.direct.a.example", "sub.direct.a.example"]),
        ("a.example", ["direct.a.example", "x@direct.a.example", "x@sub.direct.a.example", "sub.direct.a.example"]),
        ("b.example", ["x@direct.b.example", "y@direct.b.example"]),
        ("example", None),
        ("irect.a.example", []),
        ("none.example", []),
    ],
)
def test_a_domain_means_itself_and_everything_below(world: World, domain: str, expected: list[str] | None) -> None:
    names = [
        *("direct.a.example", "x@direct.a.example", "x@sub.direct.a.example", "sub.direct.a.example"),
        *("x@notdirect.c.example", "x@direct.b.example", "y@direct.b.example", "x@direct.a.example.org"),
    ]
    with world.database.write() as tx:
        for name in names:
            a_record(tx, name, not_after=START + timedelta(days=1))
    plan = bulk.plan(world.revocation, OFFICER, wanted(domain=domain))
    found = sorted(one.identifier for one in plan.sample)
    assert found == sorted(names[:-1] if expected is None else expected)


def test_what_a_query_finds(world: World) -> None:
    many(world.database, 4)
    with world.database.write() as tx:
        other = a_record(tx, f"nr-9@{DOMAIN}", account_id="other", not_after=START + timedelta(days=300))
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(name_like=f"nr-*{DOMAIN}"))).total == 5
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(name_is=f"nr-1@{DOMAIN}"))).total == 1
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(name_like="nr-*"), account_id="other")).total == 1
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(status=Status.HELD), account_id="other")).total == 0
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(signing_serial=other.signing_serial))).total == 1
    assert bulk.plan(world.revocation, OFFICER, wanted(account_id="other")).sample[0].id == other.id


def test_serials_of_either_certificate_mean_the_pair_once(world: World) -> None:
    first, second = world.issue(), world.issue(f"bob@{DOMAIN}", key=2)
    named = (first.record.signing_serial, first.record.encryption_serial, second.record.encryption_serial, "abc", "def")
    plan = bulk.plan(world.revocation, OFFICER, wanted(serials=named))
    assert (plan.total, plan.unknown, plan.statuses) == (2, ("abc", "def"), {"issued": 2})
    assert done(world, wanted(serials=named)).outcomes == {"revoked": 2}


def test_keys_by_the_digest_of_their_spki(world: World) -> None:
    first = world.issue()
    world.clock.advance(days=1)
    renewed = world.renew()
    world.issue(f"bob@{DOMAIN}", key=2)
    digest = sha256(spki_der(fresh_key(1))).hexdigest()
    plan = bulk.plan(world.revocation, OFFICER, wanted(Reason.KEY_COMPROMISE, keys=(digest, "0" * 64)))
    assert [one.id for one in plan.sample] == [first.record.id, renewed.record.id]
    assert (plan.unknown, plan.statuses) == (("0" * 64,), {"superseded": 1, "issued": 1})
    assert done(world, wanted(Reason.KEY_COMPROMISE, keys=(digest,))).outcomes == {"revoked": 2}
    with pytest.raises(CompromisedKey):
        world.issue(f"carol@{DOMAIN}", key=0)


@pytest.mark.tampers
def test_another_exponent_of_the_modulus_is_the_same_key(world: World) -> None:
    """The register knows keys by their modulus, so a digest of one exponent's SPKI finds certificates of every exponent."""
    made = world.issue()
    with world.database.write() as tx:
        a_record(tx, f"twin@{DOMAIN}")
        twin = "UPDATE certificate SET modulus_sha256 = :modulus, der = :der WHERE record_id != :other"
        values = {"modulus": made.signing.modulus_sha256, "der": made.encryption.der, "other": made.record.id}
        tx.execute(text(twin), values)
    digest = sha256(spki_der(fresh_key(0))).hexdigest()
    assert bulk.plan(world.revocation, OFFICER, wanted(keys=(digest,))).total == 2


def test_each_pair_has_its_own_outcome(world: World) -> None:
    ends = {"not_after": START + timedelta(days=9)}
    with world.database.write() as tx:
        records = {
            "issued": a_record(tx, f"a@{DOMAIN}", **ends),
            "held": a_record(tx, f"b@{DOMAIN}", state=State.HELD, **ends),
            "revoked": a_record(tx, f"c@{DOMAIN}", state=State.REVOKED, **ends),
            "expired": a_record(tx, f"d@{DOMAIN}", not_after=START - timedelta(days=1)),
        }
        tx.exec_driver_sql("UPDATE record SET revocation_reason = 'superseded' WHERE state = 'revoked'")
    named = tuple(one.signing_serial for one in records.values())

    def counted(reason: Reason) -> dict[str, int]:
        return dict(bulk.plan(world.revocation, OFFICER, wanted(reason, serials=named)).outcomes)

    assert counted(Reason.SUPERSEDED) == {"revoked": 2, "unchanged": 1, "already_expired": 1}
    assert counted(Reason.CESSATION_OF_OPERATION) == {"revoked": 2, "already_revoked": 1, "already_expired": 1}
    assert counted(Reason.KEY_COMPROMISE) == {"revoked": 3, "already_expired": 1}
    assert counted(Reason.CERTIFICATE_HOLD) == {"held": 1, "unchanged": 1, "already_revoked": 1, "already_expired": 1}
    assert counted(Reason.REMOVE_FROM_CRL) == {"not_held": 1, "released": 1, "already_revoked": 1, "already_expired": 1}
    job = done(world, wanted(Reason.KEY_COMPROMISE, serials=named))
    assert (job.outcomes, job.refused) == ({"revoked": 3, "already_expired": 1}, 1)
    assert len(rows(world, "certificate.revoked")) == 3
    # An expired pair is on no list; its keys are refused all the same.
    assert rows(world, "key.blocked") == [f"record:{records['expired'].id}"]
    with world.database.read() as tx:
        expired = register.pair_of(tx, records["expired"])
        with pytest.raises(CompromisedKey):
            register.check_keys(tx, f"d@{DOMAIN}", expired.signing.modulus_sha256, "0")
    again = done(world, wanted(Reason.KEY_COMPROMISE, serials=named))
    assert (again.outcomes, len(rows(world, "certificate.revoked"))) == ({"unchanged": 3, "already_expired": 1}, 3)
    assert len(rows(world, "key.blocked")) == 1


def test_a_dry_run_changes_nothing(world: World) -> None:
    ids = many(world.database, 5)
    before = world.journal_kinds()
    plan = bulk.plan(world.revocation, OFFICER, wanted(domain=DOMAIN))
    assert (plan.total, plan.statuses, plan.outcomes) == (5, {"issued": 5}, {"revoked": 5})
    assert (states(world, ids), world.journal_kinds()) == ({State.ISSUED: 5}, before)
    assert bulk.newest(world.revocation) == ()


def test_many_are_worked_off_in_batches_with_a_row_each(world: World) -> None:
    ids = many(world.database, 450)
    heard: list[int] = []
    job, _ = bulk.order(world.revocation, OFFICER, wanted(Reason.KEY_COMPROMISE, domain=DOMAIN))
    ended = bulk.work(world.revocation, job.id, holder="test", told=lambda job: heard.append(job.done))
    assert heard == [200, 400, 450]
    assert (ended.outcomes, states(world, ids)) == ({"revoked": 450}, {State.REVOKED: 450})
    assert Counter(rows(world, "certificate.revoked")) == {f"record:{one}": 1 for one in ids}
    assert len(serials(world)) == 900
    assert rows(world, "crl.published").count("authority:issuing") == 1
    world.check_books()


def test_lists_are_made_every_few_seconds_and_at_the_end(world: World) -> None:
    many(world.database, 900)
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    job, _ = bulk.order(world.revocation, OFFICER, wanted(domain=DOMAIN))
    lists: list[int] = []

    def told(_job: Job) -> None:
        lists.append(len(serials(world)))
        world.clock.advance(seconds=3)

    bulk.work(world.revocation, job.id, holder="test", told=told)
    assert lists == [0, 0, 1200, 1200, 1200]
    assert len(serials(world)) == 1800


def test_time_runs_out_and_another_goes_on(world: World) -> None:
    ids = many(world.database, 500)
    job, _ = bulk.order(world.revocation, OFFICER, wanted(domain=DOMAIN))
    slow = bulk.work(world.revocation, job.id, holder="first", told=lambda _: world.clock.advance(seconds=4), seconds=3)
    assert (slow.state, slow.done) == (JobState.RUNNING, 200)
    held = bulk.work(world.revocation, job.id, holder="second")
    assert (held.state, held.done) == (JobState.RUNNING, 200)  # the first has its lease for some seconds more
    world.clock.advance(seconds=31)
    (ended,) = bulk.resume_all(world.revocation, holder="second")
    assert (ended.state, ended.outcomes, states(world, ids)) == (JobState.FINISHED, {"revoked": 500}, {State.REVOKED: 500})
    assert len(rows(world, "certificate.revoked")) == 500
    assert bulk.resume_all(world.revocation, holder="second") == ()


def test_a_finished_order_gives_its_lease_back(world: World) -> None:
    many(world.database, 1)
    job = done(world, wanted(domain=DOMAIN))
    with world.database.write() as tx:
        assert leases.take(tx, f"bulk:{job.id}", "another", now=world.clock.now(), duration=timedelta(seconds=1))


def test_what_is_not_done_can_be_cancelled(world: World) -> None:
    ids = many(world.database, 300)
    job, _ = bulk.order(world.revocation, OFFICER, wanted(domain=DOMAIN))

    def told(job: Job) -> None:
        assert job.done == 200, "nothing is done after that"
        bulk.cancel(world.revocation, job.id, actor="operator:ann", reason="the wrong domain")

    ended = bulk.work(world.revocation, job.id, holder="test", told=told)
    assert (ended.state, ended.outcomes) == (JobState.CANCELLED, {"revoked": 200, "cancelled": 100})
    assert states(world, ids) == {State.REVOKED: 200, State.ISSUED: 100}
    assert len(serials(world)) == 400
    with pytest.raises(JobFinished):
        bulk.cancel(world.revocation, job.id, actor="operator:ann", reason="again")


def test_the_same_order_again_is_the_one_that_is_under_way(world: World) -> None:
    many(world.database, 3)
    what = wanted(domain=DOMAIN)
    first, second = (bulk.order(world.revocation, OFFICER, what)[0] for _ in range(2))
    other, _ = bulk.order(world.revocation, OFFICER, replace(what, reason=Reason.SUPERSEDED))
    dated, _ = bulk.order(world.revocation, OFFICER, replace(what, invalidity_date=START - timedelta(days=1)))
    assert first == second
    assert len({first.id, other.id, dated.id}) == 3
    bulk.work(world.revocation, first.id, holder="test")
    assert bulk.order(world.revocation, OFFICER, what)[0].id != first.id


def test_since_when_the_keys_are_suspect(world: World) -> None:
    made = world.issue()
    since = START - timedelta(days=2, microseconds=5)
    done(world, replace(wanted(Reason.KEY_COMPROMISE, account_id=world.account_id), invalidity_date=since))
    with world.database.read() as tx:
        found = register.by_id(tx, made.record.id)
    assert found is not None
    assert found.invalidity_date == since.replace(microsecond=0)
    with pytest.raises(BadInvalidityDate):
        bulk.plan(world.revocation, OFFICER, replace(wanted(domain=DOMAIN), invalidity_date=START + timedelta(seconds=1)))
    for year in (1, 1970, 1999):
        with pytest.raises(BadInvalidityDate, match="before 2000"):
            bulk.order(
                world.revocation, OFFICER, replace(wanted(domain=DOMAIN), invalidity_date=datetime(year, 12, 31, 23, tzinfo=UTC))
            )
    bulk.plan(world.revocation, OFFICER, replace(wanted(domain=DOMAIN), invalidity_date=datetime(2000, 1, 1, tzinfo=UTC)))


def test_members_may_do_none_of_it(world: World) -> None:
    ids = many(world.database, 1)
    member = Requester("person:1", world.account_id)
    for verb in (bulk.plan, bulk.order):
        with pytest.raises(OfficersOnly):
            verb(world.revocation, member, wanted(account_id=world.account_id))
    assert states(world, ids) == {State.ISSUED: 1}


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"filters": Filters()},
        *[{"filters": Filters(name_like=like)} for like in VAGUE],
        {"filters": Filters(status=Status.ISSUED)},
        {"filters": Filters(expires_after=datetime(1970, 1, 1, tzinfo=UTC))},
        {"filters": Filters(expires_before=datetime(2999, 1, 1, tzinfo=UTC), status=Status.ISSUED, name_like="*")},
        {"serials": ("a",), "keys": ("b",)},
        {"serials": ("a",), "domain": "b"},
        {"keys": ("a",), "account_id": "b"},
    ],
)
def test_everything_at_once_is_never_meant(world: World, chosen: dict[str, object]) -> None:
    ids = many(world.database, 1)
    for verb in (bulk.plan, bulk.order):
        with pytest.raises(BadSelection):
            verb(world.revocation, OFFICER, wanted(**chosen))
    assert (bulk.newest(world.revocation), states(world, ids)) == ((), {State.ISSUED: 1})


@pytest.mark.parametrize(
    "like", [f"*{DOMAIN}", f"*.{DOMAIN}", f"nr-*@{DOMAIN}", f"*{DOMAIN[1:]}*", f"nr-0@{DOMAIN}", "n.nurse@*"]
)
def test_a_pattern_that_spells_out_a_part_of_a_name_is_a_choice(world: World, like: str) -> None:
    many(world.database, 1)
    total = bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(name_like=like))).total
    assert total == (0 if like in {f"*.{DOMAIN}", "n.nurse@*"} else 1)


@pytest.mark.parametrize("like", VAGUE)
def test_what_is_vague_narrows_a_choice(world: World, like: str) -> None:
    many(world.database, 1)
    assert bulk.plan(world.revocation, OFFICER, wanted(filters=Filters(name_like=like), account_id="clinic")).total >= 0


def test_an_order_that_there_is_not(world: World) -> None:
    for verb in (bulk.show, lambda ca, job: bulk.work(ca, job, holder="test")):
        with pytest.raises(UnknownJob) as refused:
            verb(world.revocation, "0" * 32)
        assert isinstance(refused.value, DirectCAError)


def test_nothing_found_is_an_order_that_ends_at_once(world: World) -> None:
    job = done(world, wanted(domain="direct.nobody.example"))
    assert (job.state, job.total, job.outcomes) == (JobState.FINISHED, 0, {})
