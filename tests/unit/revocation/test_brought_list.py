"""Order, sign offline, bring: a list is published when it says exactly what the register says, and comes after the last one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from directca.certificates import listing
from directca.certificates.listing import Listable, Revoked
from directca.certificates.model import AuthorityEntry
from directca.db.engine import Database
from directca.pki.crl import RevokedEntry
from directca.pki.profiles import shipped_file
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import authority_status, crl, offline_list, offline_order, offline_watch, store, upkeep
from directca.revocation.authority_errors import BadCrlFile, CrlIncomplete, CrlNotNewer, CrlNumberFar, CrlOutOfTime
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.brought_list import MOST_OCTETS
from directca.revocation.errors import NothingFresh
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId
from directca.revocation.offline_order import Order, OrderedEntry
from directca.signing.authority import Authority
from directca.signing.file_keys import DeferredKey, FileKey
from tests.authority import CA_KEY, ROOT_KEY, issuing_ca, never, policy, root
from tests.material import rsa_key
from tests.world import START, World, a_world

ROOT = ListId("root")
LASTS = timedelta(days=180)
WRONG = AuthorityRevocation(Reason.CA_COMPROMISE, None, "drill")


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    """An authority whose root key was taken away."""
    made = a_world(database)
    away = DeferredKey(tmp_path / "root.pem", b"secret", root().issuer.spki_der)
    offline_root = Authority(root().issuer, away, policy(), never)
    made.revocation = replace(made.revocation, authorities={**made.revocation.authorities, "root": offline_root})
    return made


def entry(world: World) -> AuthorityEntry:
    with world.database.read() as tx:
        return authority_status.find(tx, "root")


def an_order(world: World) -> Order:
    order = offline_list.order(world.revocation, entry(world), shipped_file().decode(), actor="operator:ann")
    return offline_order.read(offline_order.write(order))


def signed(world: World, order: Order, *, lasts: timedelta = LASTS) -> bytes:
    key_holder = Authority(root().issuer, FileKey(rsa_key(ROOT_KEY, 3072)), policy().for_offline_lists(), never)
    return offline_list.make(order, key_holder, world.clock.now(), lasts).der


def bring(world: World, encoded: bytes) -> None:
    offline_list.bring(world.revocation, entry(world), encoded, actor="operator:ann")


def bring_new(world: World) -> None:
    bring(world, signed(world, an_order(world)))


def wanted(world: World) -> str | None:
    with world.database.read() as tx:
        (found,) = offline_watch.offline_lists(tx, world.revocation)
    return found.wanted_because


def unchanged(world: World) -> bool:
    """No number was spent and nothing was published."""
    with world.database.read() as tx:
        return crl.newest(tx, ROOT) is None and store.last_number(tx, ROOT) == 0


def test_a_list_that_was_ordered_signed_and_brought_is_served_until_it_ends(world: World) -> None:
    with pytest.raises(NothingFresh):
        crl.published(world.revocation, ROOT)
    encoded = signed(world, an_order(world))
    bring(world, encoded)
    assert crl.published(world.revocation, ROOT).der == encoded
    world.clock.advance(days=180, seconds=-1)
    assert crl.published(world.revocation, ROOT).der == encoded
    world.clock.advance(seconds=1)
    with pytest.raises(NothingFresh):
        crl.published(world.revocation, ROOT)


def test_without_the_key_upkeep_makes_the_other_lists_and_fails_at_nothing(world: World) -> None:
    for _ in range(2):
        upkeep.produce_due_crls(world.revocation)
        world.clock.advance(hours=13)
    assert crl.published(world.revocation, ListId("issuing")).facts.number > 0
    assert unchanged(world)


def test_a_list_that_was_brought_is_not_due_after_hours_but_before_its_end(world: World) -> None:
    assert wanted(world) == "no list is published"
    bring_new(world)
    assert wanted(world) is None
    world.clock.advance(days=149)
    assert wanted(world) is None
    world.clock.advance(days=1)
    assert wanted(world) == "the published list runs out"
    bring_new(world)
    assert wanted(world) is None


def test_a_revoked_authority_is_on_the_next_list_that_is_brought(world: World) -> None:
    bring_new(world)
    authority_status.revoke(world.revocation, "issuing", WRONG, actor="operator:ann")
    assert wanted(world) == "a status changed that the published list does not show"
    order = an_order(world)
    assert [(one.entry.serial, one.entry.reason) for one in order.entries] == [(5**58, Reason.CA_COMPROMISE)]
    assert "Issuing CA" in order.entries[0].name
    bring(world, signed(world, order))
    (listed,) = x509.load_der_x509_crl(crl.published(world.revocation, ROOT).der)
    assert listed.serial_number == 5**58
    assert wanted(world) is None


def test_the_journal_tells_of_the_order_and_of_the_list(world: World) -> None:
    bring_new(world)
    assert world.journal_kinds()[-2:] == ["crl.ordered", "crl.brought"]
    world.check_books()


def test_a_second_list_takes_the_place_of_the_first_and_never_the_other_way(world: World) -> None:
    first = signed(world, an_order(world))
    world.clock.advance(days=1)
    second = signed(world, an_order(world))
    bring(world, second)
    for older in (first, second):
        with pytest.raises(CrlNotNewer):
            bring(world, older)
    assert crl.published(world.revocation, ROOT).der == second


def test_a_list_that_lacks_a_revocation_is_refused(world: World) -> None:
    early = signed(world, an_order(world))
    world.clock.advance(minutes=1)
    authority_status.revoke(world.revocation, "issuing", WRONG, actor="operator:ann")
    with pytest.raises(CrlIncomplete, match="does not list"):
        bring(world, early)
    assert unchanged(world)


def test_a_list_that_revokes_more_than_the_register_is_refused(world: World) -> None:
    order = an_order(world)
    more = OrderedEntry(RevokedEntry(77, START), "CN=Stranger")
    with pytest.raises(CrlIncomplete, match="nothing here says so, the serial 4d"):
        bring(world, signed(world, replace(order, entries=(more,))))
    assert unchanged(world)


@pytest.mark.parametrize(
    "alter",
    [
        lambda one: replace(one, reason=Reason.SUPERSEDED),
        lambda one: replace(one, reason=None),
        lambda one: replace(one, revoked_at=one.revoked_at - timedelta(days=1)),
        lambda one: replace(one, invalidity_date=START - timedelta(days=9)),
    ],
)
def test_a_list_that_says_something_else_of_a_revocation_is_refused(
    world: World, alter: Callable[[RevokedEntry], RevokedEntry]
) -> None:
    authority_status.revoke(world.revocation, "issuing", WRONG, actor="operator:ann")
    order = an_order(world)
    changed = replace(order.entries[0], entry=alter(order.entries[0].entry))
    with pytest.raises(CrlIncomplete, match="says otherwise"):
        bring(world, signed(world, replace(order, entries=(changed,))))
    assert unchanged(world)


@pytest.mark.parametrize("ahead", [1, 3600, 90 * 365 * 86_400])
def test_a_number_that_nothing_explains_is_refused(world: World, ahead: int) -> None:
    """An order that was altered on its way: what is above the time and above the last number only freezes the next lists."""
    order = an_order(world)
    encoded = signed(world, replace(order, number_above=int(order.made_at.timestamp()) + ahead))
    with pytest.raises(CrlNumberFar, match="follows neither from the last one"):
        bring(world, encoded)
    assert unchanged(world)
    bring_new(world)


def test_numbers_behind_a_clock_that_ran_ahead_go_on_one_by_one(world: World) -> None:
    ahead = int(world.clock.now().timestamp()) + 2 * 365 * 86_400
    bring_new(world)
    with world.database.write() as tx:
        tx.execute(text("UPDATE crl SET number = :ahead WHERE authority_id = 'root'"), {"ahead": ahead})
    for number in (ahead + 1, ahead + 2):
        world.clock.advance(days=1)
        bring_new(world)
        assert crl.published(world.revocation, ROOT).facts.number == number


def test_a_register_without_a_number_to_come_orders_nothing(world: World) -> None:
    bring_new(world)
    with world.database.write() as tx:
        tx.execute(text("UPDATE crl SET number = :last WHERE authority_id = 'root'"), {"last": 2**63 - 1})
    with pytest.raises(CrlNumberFar):
        an_order(world)


def test_a_list_that_is_not_valid_yet_or_not_any_more_is_refused(world: World) -> None:
    encoded = signed(world, an_order(world), lasts=timedelta(days=40))
    world.clock.advance(seconds=-1)
    with pytest.raises(CrlOutOfTime, match="is to come"):
        bring(world, encoded)
    world.clock.advance(days=40, seconds=1)
    with pytest.raises(CrlOutOfTime, match="was valid until"):
        bring(world, encoded)
    assert unchanged(world)


def test_an_order_with_another_policy_makes_no_list_that_lasts_for_longer(world: World) -> None:
    lax = policy().for_offline_lists()
    lax = replace(lax, crl=replace(lax.crl, next_update=timedelta(days=400)))
    key_holder = Authority(root().issuer, FileKey(rsa_key(ROOT_KEY, 3072)), lax, never)
    made = offline_list.make(an_order(world), key_holder, world.clock.now(), timedelta(days=191))
    with pytest.raises(CrlOutOfTime, match="190 days"):
        bring(world, made.der)
    assert unchanged(world)


def test_a_list_of_another_key_is_refused(world: World) -> None:
    own = x509.load_der_x509_crl(signed(world, an_order(world)))
    forged = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(own.issuer)
        .last_update(own.last_update_utc)
        .next_update(own.next_update_utc)
    )
    for extension in own.extensions:
        forged = forged.add_extension(extension.value, critical=extension.critical)
    with pytest.raises(BadCrlFile, match="not signed by this authority's key"):
        bring(world, forged.sign(rsa_key(CA_KEY, 3072), SHA256()).public_bytes(Encoding.DER))
    assert unchanged(world)


def test_a_list_by_the_right_key_in_another_form_is_refused(world: World) -> None:
    """The key was used by another program: what it signed is still held against every rule for lists."""
    own = x509.load_der_x509_crl(signed(world, an_order(world)))
    other = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b"").subject)
        .last_update(own.last_update_utc)
        .next_update(own.next_update_utc)
    )
    for extension in own.extensions:
        other = other.add_extension(extension.value, critical=extension.critical)
    with pytest.raises(BadCrlFile, match="issuer_is_the_subject_of_the_ca"):
        bring(world, other.sign(rsa_key(ROOT_KEY, 3072), SHA256()).public_bytes(Encoding.DER))
    assert unchanged(world)


def test_every_altered_byte_is_refused(world: World) -> None:
    encoded = signed(world, an_order(world))
    for at in range(0, len(encoded), 11):
        with pytest.raises(BadCrlFile):
            bring(world, encoded[:at] + bytes((encoded[at] ^ 1,)) + encoded[at + 1 :])
    for cut in range(0, len(encoded), 23):
        with pytest.raises(BadCrlFile):
            bring(world, encoded[:cut])
    with pytest.raises(BadCrlFile):
        bring(world, encoded + b"\0")
    with pytest.raises(BadCrlFile, match="larger than"):
        bring(world, b"\0" * (MOST_OCTETS + 1))
    assert unchanged(world)
    bring(world, encoded)


def test_an_entry_stays_for_one_list_past_its_certificate(world: World) -> None:
    ends = world.clock.now() + timedelta(days=10)
    with world.database.write() as tx:
        listing.show(tx, "root", (Listable("4d", "", ends),), Revoked(START, Reason.SUPERSEDED), START)
    for listed in (1, 1, 0):
        bring_new(world)
        assert len(list(x509.load_der_x509_crl(crl.published(world.revocation, ROOT).der))) == listed
        world.clock.advance(days=11)


def test_a_key_that_is_back_makes_lists_by_itself_again(world: World) -> None:
    bring_new(world)
    world.clock.advance(hours=13)
    online_root = Authority(root().issuer, FileKey(rsa_key(ROOT_KEY, 3072)), policy(), never)
    back = replace(world.revocation, authorities={**world.revocation.authorities, "root": online_root})
    with world.database.read() as tx:
        before = crl.newest(tx, ROOT)
    upkeep.produce_due_crls(back)
    with world.database.read() as tx:
        after = crl.newest(tx, ROOT)
    assert before is not None
    assert after is not None
    assert after.number > before.number
    assert after.next_update - after.this_update == policy().crl.next_update


def test_issuance_does_not_rely_for_months_on_a_list_that_a_shorter_one_followed(world: World) -> None:
    fresh = FreshLists({ROOT: None})
    bring_new(world)
    world.clock.advance(minutes=2)
    with world.database.read() as tx:
        fresh.check(tx, world.clock.now())  # good for months
    online_root = Authority(root().issuer, FileKey(rsa_key(ROOT_KEY, 3072)), policy(), never)
    back = replace(world.revocation, authorities={**world.revocation.authorities, "root": online_root})
    crl.produce(back, ROOT, actor="system:test")
    world.clock.advance(hours=72)
    with world.database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, world.clock.now())
