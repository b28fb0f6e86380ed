"""Each check of lists sees the one thing that is broken for it, and nothing when nothing is."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from directca.certificates import listing
from directca.db.engine import Database
from directca.pki.lints.findings import Severity
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation.model import ListId
from directca.revocation.verification_model import Fetched
from tests import authority
from tests.material import rsa_key
from tests.verifying import ROOT, Listed, Sight, a_list, seen
from tests.world import DOMAIN, START, World, a_world

LIST = f"{authority.BASE}/crl/issuing.crl"
FIRST_PART = f"{authority.BASE}/crl/issuing/2-0.crl"
BOB = f"bob@{DOMAIN}"


@pytest.fixture
def sight(world: World, tmp_path: Path) -> Sight:
    """Alice's pair is revoked for good, Bob's is good; all of it is settled, and looked at once."""
    sight = seen(world, tmp_path)
    world.issue()
    world.issue(BOB, key=2)
    world.revoke(Reason.SUPERSEDED)
    sight.settle()
    assert sight.findings() == ()
    return sight


def serials(world: World, name: str) -> tuple[int, int]:
    (pair,) = world.history(name)
    return int(pair.signing.serial, 16), int(pair.encryption.serial, 16)


def alice(world: World) -> tuple[int, int]:
    return serials(world, "alice@" + DOMAIN)


def next_number(sight: Sight) -> int:
    """A number that a list of this moment may have."""
    sight.world.clock.advance(minutes=10)
    return int(sight.world.clock.now().timestamp())


def test_what_was_looked_at_is_told(sight: Sight) -> None:
    outcome = sight.verify()
    assert (outcome.addresses, outcome.lists, outcome.entries) == (5, 2, 2)
    assert {asked.url for asked in sight.asked if asked.body is None and "/ocsp/" not in asked.url} == {
        f"{authority.BASE}/{path}"
        for path in (
            *("crl/issuing.crl", "crl/root.crl"),
            *("aia/issuing.cer", "aia/issuing.p7c", "aia/root.cer", "aia/root.p7c"),
        )
    }


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (Fetched(None, problem="no answer within 60 seconds."), "reachable"),
        (Fetched(503, "text/plain"), "reachable"),
        (Fetched(404, "text/plain"), "reachable"),
        (Fetched(302, location="http://elsewhere.example/"), "reachable"),
        (Fetched(200, "application/pkix-crl", problem="It is longer than anything that belongs there."), "size"),
        (Fetched(200, "application/pkix-crl", b"no list"), "crl_readable"),
    ],
)
def test_a_list_that_cannot_be_had(sight: Sight, answer: Fetched, check: str) -> None:
    sight.answers["/crl/issuing.crl"] = lambda _: answer
    (finding,) = sight.findings()
    assert (finding.check, finding.address, finding.severity) == (check, LIST, Severity.ERROR)


def test_another_content_type(sight: Sight) -> None:
    sight.answers["/crl/issuing.crl"] = lambda _: Fetched(200, "text/html; charset=utf-8", sight.current())
    assert sight.checks() == {"content_type"}


def test_a_list_without_a_number(sight: Sight) -> None:
    without = x509.CertificateRevocationListBuilder().issuer_name(x509.Name([])).last_update(START)
    made = without.next_update(START + timedelta(days=1)).sign(rsa_key(1), SHA256())
    sight.serve_list(made.public_bytes(Encoding.DER))
    assert sight.checks() == {"crl_readable"}


def test_a_list_of_a_foreign_key(sight: Sight) -> None:
    sight.serve_list(a_list(next_number(sight), sight.world.clock.now(), key=rsa_key(55)))
    assert sight.checks() == {"crl_signature", "crl_known"}


def test_a_list_of_another_name(sight: Sight) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody")])
    made = a_list(next_number(sight), sight.world.clock.now(), issuer=name)
    sight.register_list(made)
    assert sight.checks() == {"crl_issuer"}


def test_a_list_of_the_future(sight: Sight) -> None:
    made = a_list(next_number(sight) + 600, sight.world.clock.now() + timedelta(minutes=10), entries_of_alice(sight))
    sight.register_list(made)
    # Neither the list is served nor anything said by OCSP: this clock, or the one of that list, is wrong.
    assert sight.checks() == {"reachable", "ocsp_readable"}


def test_a_list_of_the_next_minute(sight: Sight) -> None:
    made = a_list(next_number(sight) + 600, sight.world.clock.now() + timedelta(seconds=50), entries_of_alice(sight))
    sight.register_list(made)
    assert sight.checks() == {"crl_begun", "ocsp_readable"}


def test_a_list_that_has_run_out(sight: Sight) -> None:
    old = sight.current()
    sight.world.clock.advance(hours=73)
    sight.serve_list(old)
    sight.publish(ROOT)
    assert sight.checks() == {"crl_fresh"}


def test_nothing_stale_is_served_and_that_is_a_finding_too(sight: Sight) -> None:
    """Invariant 13: the product answers 503 by itself."""
    sight.world.clock.advance(hours=73)
    sight.publish(ROOT)
    (finding,) = sight.findings()
    assert (finding.check, "503" in finding.message) == ("reachable", True)


def test_a_list_that_lasts_too_long(sight: Sight) -> None:
    made = a_list(next_number(sight), sight.world.clock.now(), entries_of_alice(sight), lasts=timedelta(days=30))
    sight.register_list(made)
    assert sight.checks() == {"crl_period"}


def test_the_roots_list_may_last_as_long_as_one_that_was_made_offline(sight: Sight) -> None:
    root = x509.load_der_x509_certificate(sight.certificate("root"))
    key, number = rsa_key(authority.ROOT_KEY, 3072), next_number(sight)
    lasts = sight.world.revocation.policy.crl.offline_next_update
    made = a_list(number, sight.world.clock.now(), key=key, issuer=root.subject, lasts=lasts)
    sight.register_list(made, ROOT)
    assert sight.findings() == ()


def test_an_old_list_is_replayed(sight: Sight) -> None:
    """Invariant 12, seen from outside."""
    old = sight.current()
    sight.settle()
    assert sight.findings() == ()
    sight.serve_list(old)
    sight.world.clock.advance(minutes=2)
    assert sight.checks() == {"crl_moves_on", "crl_newest"}
    assert sight.checks() == {"crl_moves_on", "crl_newest"}  # what was seen is not forgotten by seeing less
    sight.answers.clear()
    assert sight.findings() == ()


def test_an_old_list_is_seen_at_the_first_look_too(sight: Sight, tmp_path: Path) -> None:
    old = sight.current()
    sight.settle()
    sight.folder = tmp_path / "another"
    sight.folder.mkdir()
    sight.serve_list(old)
    sight.world.clock.advance(minutes=2)
    assert sight.checks() == {"crl_newest"}


def test_a_cache_may_keep_a_list_for_a_minute(sight: Sight, tmp_path: Path) -> None:
    old = sight.current()
    sight.settle()
    sight.folder = tmp_path / "another"
    sight.folder.mkdir()
    sight.serve_list(old)
    sight.world.clock.advance(seconds=50)
    assert sight.findings() == ()


def test_two_lists_of_one_number(sight: Sight) -> None:
    made = x509.load_der_x509_crl(sight.current())
    number = made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    sight.serve_list(a_list(number, made.last_update_utc, entries_of_alice(sight)))
    assert sight.checks() == {"crl_moves_on", "crl_known"}


def test_a_list_that_nobody_wrote_down(sight: Sight) -> None:
    """Invariant 8: one that the CA's key signed elsewhere."""
    sight.serve_list(a_list(next_number(sight), sight.world.clock.now(), entries_of_alice(sight)))
    assert sight.checks() == {"crl_known"}


def test_a_full_list_that_says_it_is_a_part(sight: Sight) -> None:
    point = part(LIST)
    sight.register_list(a_list(next_number(sight), sight.world.clock.now(), entries_of_alice(sight), point=point))
    assert sight.checks() == {"crl_scope"}


def part(*uris: str, users: bool = False) -> x509.IssuingDistributionPoint:
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    return x509.IssuingDistributionPoint(names, None, users, False, None, False, False)


def entries_of_alice(sight: Sight) -> list[Listed]:
    return [(serial, START, Reason.SUPERSEDED) for serial in sorted(alice(sight.world))]


class TestPartitions:
    """Full lists and those of partitions agree, since each agrees with the register."""

    @pytest.fixture
    def parted(self, database: Database, tmp_path: Path) -> Sight:
        world = a_world(database, partitions=2)
        with database.write() as tx:
            listing.begin(tx, "issuing", listing.partition_names(2), START)
        sight = seen(world, tmp_path)
        for number in range(6):
            world.issue(f"p{number}@{DOMAIN}", key=2 * number)
        for number in range(3):
            world.revoke(Reason.SUPERSEDED, f"p{number}@{DOMAIN}")
        sight.settle()
        return sight

    def test_all_is_well(self, parted: Sight) -> None:
        outcome = parted.verify()
        assert outcome.findings == ()
        # The full list, which nobody names, is looked at as well.
        assert (outcome.lists, outcome.entries) == (4, 12)

    def test_the_list_of_another_partition(self, parted: Sight) -> None:
        parted.serve_list(parted.current(ListId("issuing", "2-0")), ListId("issuing", "2-1"))
        assert "crl_scope" in parted.checks()

    @pytest.mark.parametrize(
        "point", [None, part("http://x.example/"), part(f"{authority.BASE}/crl/issuing/2-0.crl", users=True)]
    )
    def test_a_part_that_does_not_say_so(self, parted: Sight, point: x509.IssuingDistributionPoint | None) -> None:
        of = ListId("issuing", "2-0")
        made = x509.load_der_x509_crl(parted.current(of))
        entries = [(one.serial_number, one.revocation_date_utc, Reason.SUPERSEDED) for one in made]
        parted.register_list(a_list(next_number(parted), parted.world.clock.now(), entries, point=point), of)
        assert parted.checks() == {"crl_scope"}

    def test_a_part_that_says_so_but_need_not_be_heeded(self, parted: Sight) -> None:
        of = ListId("issuing", "2-0")
        made = x509.load_der_x509_crl(parted.current(of))
        entries = [(one.serial_number, one.revocation_date_utc, Reason.SUPERSEDED) for one in made]
        point = part(FIRST_PART)
        when = parted.world.clock
        parted.register_list(a_list(next_number(parted), when.now(), entries, point=point, critical=False), of)
        assert parted.checks() == {"crl_scope"}
        parted.register_list(a_list(next_number(parted), when.now(), entries, point=point), of)
        assert parted.findings() == ()

    def test_an_entry_that_only_the_full_list_has(self, parted: Sight) -> None:
        (pair,) = parted.world.history(f"p0@{DOMAIN}")
        parted.change("DELETE FROM crl_entry WHERE partition = :part", part=pair.signing.crl_partition)
        parted.settle()
        found = parted.findings()
        assert {one.check for one in found} == {"crl_complete"}
        assert {one.address for one in found} == {f"{authority.BASE}/crl/issuing/{pair.signing.crl_partition}.crl"}

    @pytest.mark.tampers
    def test_an_entry_in_the_wrong_part(self, parted: Sight) -> None:
        parted.change(
            "UPDATE crl_entry SET partition = CASE partition WHEN '2-0' THEN '2-1' ELSE '2-0' END WHERE partition != ''"
        )
        parted.settle()
        assert {"crl_only_known", "crl_complete"} <= parted.checks()
