"""Lists of partitions: each pair names the one that its serial number falls into, and that list alone has to tell of it."""

import pytest
from cryptography import x509

from directca.certificates import addresses, listing
from directca.certificates.addresses import AddressKind, NamedAddress
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests import authority
from tests.world import DOMAIN, START, World, a_world

PARTITIONS = 3
FULL = ListId("issuing")


@pytest.fixture
def parted(database: Database) -> World:
    """An authority that shares its certificates out among three lists, all of them published."""
    world = a_world(database, partitions=PARTITIONS)
    with database.write() as tx:
        listing.begin(tx, "issuing", listing.partition_names(PARTITIONS), START)
    upkeep.produce_due_crls(world.revocation)
    return world


def read(world: World, of: ListId) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(crl.published(world.revocation, of).der)


def lists(world: World) -> list[ListId]:
    with world.database.read() as tx:
        return [of for of in crl.lists(tx) if of.authority_id == "issuing"]


def named_by(certificate: bytes) -> str:
    points = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (point,) = points
    assert point.full_name is not None
    (name,) = point.full_name
    assert isinstance(name, x509.UniformResourceIdentifier)
    return name.value


def test_every_list_is_published_empty_before_a_certificate_names_it(parted: World) -> None:
    assert len(lists(parted)) == 1 + PARTITIONS
    for of in lists(parted):
        assert list(read(parted, of)) == []


def test_a_pair_names_the_list_that_its_serial_falls_into(parted: World) -> None:
    seen = set()
    for number in range(4):
        pair = parted.issue(f"p{number}@{DOMAIN}", key=2 * number)
        for one in (pair.signing, pair.encryption):
            assert one.der is not None
            assert one.crl_partition == f"{PARTITIONS}-{int(pair.signing.serial, 16) % PARTITIONS}"
            assert named_by(one.der) == f"{authority.BASE}/crl/issuing/{one.crl_partition}.crl"
            seen.add(NamedAddress(named_by(one.der), AddressKind.CRL, "issuing", one.crl_partition))
    with parted.database.read() as tx:
        known = [one for one in addresses.named(tx) if one.kind is AddressKind.CRL]
    assert set(known) == seen


def test_a_list_calls_itself_what_certificates_call_it_critically(parted: World) -> None:
    for of in lists(parted):
        found = [one for one in read(parted, of).extensions if isinstance(one.value, x509.IssuingDistributionPoint)]
        if of == FULL:
            assert found == []
            continue
        (point,) = found
        assert isinstance(point.value, x509.IssuingDistributionPoint)
        assert point.critical
        assert point.value.full_name is not None
        assert [name.value for name in point.value.full_name] == [f"{authority.BASE}/crl/issuing/{of.partition}.crl"]


def test_the_lists_of_partitions_together_are_the_full_list(parted: World) -> None:
    pairs = [parted.issue(f"p{number}@{DOMAIN}", key=2 * number) for number in range(4)]
    for pair in pairs[:3]:
        parted.revoke(Reason.SUPERSEDED, pair.record.identifier)
    upkeep.produce_due_crls(parted.revocation)
    revoked = {int(one.serial, 16): one.crl_partition for pair in pairs[:3] for one in (pair.signing, pair.encryption)}
    assert {entry.serial_number for entry in read(parted, FULL)} == set(revoked)
    for of in lists(parted):
        if of != FULL:
            wanted = {serial for serial, partition in revoked.items() if partition == of.partition}
            assert {entry.serial_number for entry in read(parted, of)} == wanted


def test_a_revocation_makes_the_lists_that_it_concerns_and_no_other(parted: World) -> None:
    pair = parted.issue()
    before = {of: crl.published(parted.revocation, of).facts.number for of in lists(parted)}
    parted.clock.advance(seconds=5)
    parted.revoke(Reason.CERTIFICATE_HOLD)
    after = {of: crl.published(parted.revocation, of).facts.number for of in lists(parted)}
    concerned = {FULL, *(ListId("issuing", one.crl_partition) for one in (pair.signing, pair.encryption))}
    assert {of for of in after if after[of] != before[of]} == concerned


def test_a_hold_leaves_both_lists_when_it_ends(parted: World) -> None:
    parted.issue()
    parted.revoke(Reason.CERTIFICATE_HOLD)
    assert len(list(read(parted, FULL))) == 2
    parted.revoke(Reason.REMOVE_FROM_CRL)
    assert [list(read(parted, of)) for of in lists(parted)] == [[]] * (1 + PARTITIONS)


def test_a_new_address_is_said_by_the_list_beside_the_old_one(parted: World) -> None:
    pair = parted.issue()
    of = ListId("issuing", pair.signing.crl_partition)
    moved = parted.revocation.__class__(
        parted.database, parted.clock, parted.revocation.policy, parted.revocation.authorities, "http://new.example.org"
    )
    assert crl.due(moved, of)
    crl.produce(moved, of, actor="system:test")
    points = crl.published(moved, of).facts.points
    assert points == (
        f"{authority.BASE}/crl/issuing/{of.partition}.crl",
        f"http://new.example.org/crl/issuing/{of.partition}.crl",
    )
    assert not crl.due(moved, of)
