"""CRL production: made from stored facts, only ever newer, never stale."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import select

from directca.certificates import register, switch
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import crl, store, upkeep
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import ListId
from directca.signing.errors import SigningStopped
from tests.world import DOMAIN, START, World, a_world

FIRST = int(START.timestamp())


def parsed(world: World) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(crl.published(world.revocation, ListId("issuing")).der)


def test_an_empty_list_is_published_before_anything_is_revoked(world: World) -> None:
    upkeep.produce_due_crls(world.revocation)
    assert list(parsed(world)) == []
    assert x509.load_der_x509_crl(crl.published(world.revocation, ListId("root")).der).is_signature_valid(
        x509.load_der_x509_certificate(world.revocation.authorities["root"].issuer.certificate_der or b"").public_key()  # type: ignore[arg-type]
    )


def test_numbers_rise_and_times_do_not_go_back(world: World) -> None:
    made = []
    for _ in range(4):
        made.append(crl.produce(world.revocation, ListId("issuing"), actor="system:test"))
        world.clock.advance(seconds=0.4)
    assert [one.number - made[0].number for one in made] == [0, 1, 2, 3]
    assert sorted(one.this_update for one in made) == [one.this_update for one in made]


def test_a_clock_that_went_back_makes_no_list(world: World) -> None:
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.clock.advance(seconds=-60)
    with pytest.raises(ClockWentBack):
        crl.produce(world.revocation, ListId("issuing"), actor="system:test")


def test_an_older_list_never_replaces_a_newer_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = type(world.revocation.authorities["issuing"]).sign

    def while_another_publishes(authority: object, token: object) -> bytes:
        monkeypatch.setattr(type(world.revocation.authorities["issuing"]), "sign", sign)
        crl.produce(world.revocation, ListId("issuing"), actor="system:quick")
        return sign(authority, token)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.revocation.authorities["issuing"]), "sign", while_another_publishes)
    answered = crl.produce(world.revocation, ListId("issuing"), actor="system:slow")
    assert answered == crl.published(world.revocation, ListId("issuing")).facts
    assert answered.number == FIRST + 1


def test_a_number_that_is_taken_is_not_given_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gather = crl._gather

    def while_another_produces(*arguments: object) -> object:
        found = gather(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(crl, "_gather", gather)
        crl.produce(world.revocation, ListId("issuing"), actor="system:quick")
        return found

    monkeypatch.setattr(crl, "_gather", while_another_produces)
    assert crl.produce(world.revocation, ListId("issuing"), actor="system:slow").number == FIRST + 1


def test_a_list_of_older_facts_never_replaces_one_of_newer_facts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.issue()
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.clock.advance(hours=12)
    this_update = crl._this_update

    def while_another_revokes(*arguments: object) -> object:
        monkeypatch.setattr(crl, "_this_update", this_update)
        with ThreadPoolExecutor(1) as another:  # this process has read the register and not yet looked at the clock
            another.submit(world.revoke, Reason.KEY_COMPROMISE).result()
        world.clock.advance(seconds=5)
        return this_update(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(crl, "_this_update", while_another_revokes)
    answered = crl.produce(world.revocation, ListId("issuing"), actor="system:slow")
    assert len(list(parsed(world))) == 2
    assert answered == crl.published(world.revocation, ListId("issuing")).facts


def test_a_list_is_due_after_its_interval_and_after_each_change(world: World) -> None:
    assert crl.due(world.revocation, ListId("issuing"))
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert not crl.due(world.revocation, ListId("issuing"))
    world.clock.advance(hours=12)
    assert crl.due(world.revocation, ListId("issuing"))
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.issue()
    assert not crl.due(world.revocation, ListId("issuing"))
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    world.revoke(Reason.SUPERSEDED)
    assert crl.due(world.revocation, ListId("issuing"))


def test_nothing_stale_is_served(world: World) -> None:
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.clock.advance(hours=72, seconds=-1)
    assert crl.published(world.revocation, ListId("issuing")).facts.number == FIRST
    world.clock.advance(seconds=1)
    with pytest.raises(NothingFresh):
        crl.published(world.revocation, ListId("issuing"))


def test_without_a_list_nothing_is_served(world: World) -> None:
    with pytest.raises(NothingFresh):
        crl.published(world.revocation, ListId("issuing"))


def test_an_entry_stays_for_one_list_past_its_not_after(world: World) -> None:
    made = world.issue()
    world.revoke(Reason.SUPERSEDED)
    world.clock.moment = made.record.not_after - timedelta(seconds=1)
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert len(list(parsed(world))) == 2
    world.clock.advance(seconds=2)
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert len(list(parsed(world))) == 2  # the one list past notAfter
    world.clock.advance(seconds=2)
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert list(parsed(world)) == []


def test_a_stopped_authority_signs_no_list_and_spends_no_number(world: World) -> None:
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    with world.database.write() as tx:
        switch.resume(tx, by="operator:ann", reason="over")
    assert crl.produce(world.revocation, ListId("issuing"), actor="system:test").number == FIRST
    with world.database.read() as tx:
        assert store.last_number(tx, ListId("issuing")) == FIRST


def test_the_journal_tells_of_each_list_before_and_after_it_is_signed(world: World) -> None:
    world.issue(f"bob@{DOMAIN}", key=4)
    world.revoke(Reason.SUPERSEDED, f"bob@{DOMAIN}")
    assert world.journal_kinds()[-3:] == ["certificate.revoked", "crl.intended", "crl.published"]
    world.check_books()


@pytest.mark.engine("sqlite", why="it is a copy of the file")
def test_a_database_from_an_old_backup_gives_no_number_out_twice(world: World, tmp_path: Path) -> None:
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.database.backup(tmp_path / "backup.sqlite")
    world.clock.advance(hours=1)
    lost = [crl.produce(world.revocation, ListId("issuing"), actor="system:test").number for _ in range(3)]
    restored = replace(world.revocation, database=SqliteDatabase(tmp_path / "backup.sqlite"))
    world.clock.advance(hours=1)
    assert crl.produce(restored, ListId("issuing"), actor="system:test").number > max(lost)
    restored.database.close()


def test_nothing_is_issued_while_no_fresh_list_is_published(database: Database) -> None:
    strict = a_world(database, strict=True)
    with pytest.raises(NothingFresh):
        strict.issue()
    upkeep.produce_due_crls(strict.revocation)
    strict.issue()
    strict.clock.advance(hours=72)
    with pytest.raises(NothingFresh):
        strict.issue(f"bob@{DOMAIN}", key=2)


def test_a_clock_that_was_set_back_after_a_revocation_keeps_no_list_back(world: World) -> None:
    world.issue()
    world.clock.advance(hours=1)
    with world.database.write() as tx:  # revoked by a process whose clock ran ahead, which made no list
        register.revoke(tx, world.history()[0].record, Reason.SUPERSEDED, world.clock.now())
    world.clock.advance(hours=-1)
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert len(list(parsed(world))) == 2


def test_a_revocation_that_no_list_showed_before_its_not_after_is_shown_once(world: World) -> None:
    made = world.issue()
    world.clock.moment = made.record.not_after
    gathered = crl._gather

    def gathered_before(*arguments: Any) -> Any:
        """Another request revokes the pair between gathering and signing, in the last second that it can."""
        found = gathered(*arguments)
        with world.database.write() as tx:
            register.revoke(tx, made.record, Reason.SUPERSEDED, world.clock.now())
        world.clock.advance(seconds=2)
        return found

    world.clock.advance(seconds=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crl, "_gather", gathered_before)
        crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert list(parsed(world)) == []
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert len(list(parsed(world))) == 2
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert list(parsed(world)) == []


def test_of_replaced_lists_the_facts_stay_and_the_bytes_go(world: World) -> None:
    made = []
    for _ in range(4):
        made.append(crl.produce(world.revocation, ListId("issuing"), actor="system:test"))
        world.clock.advance(seconds=1)
    with world.database.read() as tx:
        assert [store.der_of(tx, facts) is not None for facts in made] == [False, False, True, True]
        numbers = tx.execute(select(store.crl.c.number).order_by(store.crl.c.number)).scalars().all()
    assert numbers == [facts.number for facts in made]
