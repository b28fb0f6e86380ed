"""Long lists that are measured are those that the product makes, and other programs make the same of the same facts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench import lists, peak, seeding
from bench.beside import OpensslFiles
from bench.server import Failed
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from directca.db.engine import Database
from directca.revocation import crl
from tests.material import rsa_key
from tests.world import a_world

pytestmark = pytest.mark.engine("sqlite", why="it fills a file")

COUNT = 300


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(rsa_key(1).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def test_the_product_lists_what_was_filled_in(database: Database, key_file: Path) -> None:
    world = a_world(database)
    world.issue()
    crl.produce(world.revocation, lists.FULL, actor="system:test")
    database.close()
    lists.fill(database.path, 0, 100)
    lists.fill(database.path, 100, COUNT)
    world.clock.advance(seconds=5)
    assert crl.due(world.revocation, lists.FULL)
    assert crl.produce(world.revocation, lists.FULL, actor="system:test").entries == COUNT
    ours = x509.load_der_x509_crl(crl.published(world.revocation, lists.FULL).der)
    for one_by_one in (False, True):
        theirs = lists.by_cryptography(key_file, COUNT, one_by_one)()
        assert isinstance(theirs, bytes)
        assert _facts(ours) == _facts(x509.load_der_x509_crl(theirs))
    assert all(seeding.octets(serial) in ours.tbs_certlist_bytes for serial in lists.serials(COUNT))


def test_openssl_is_given_the_same_serials(tmp_path: Path) -> None:
    files = OpensslFiles(tmp_path / "openssl")
    files.write_index(good=["1", "a0b"], revoked=["ff"])
    rows = [line.split("\t") for line in files.index.read_text().splitlines()]
    assert [(row[0], row[3]) for row in rows] == [("V", "01"), ("V", "0A0B"), ("R", "FF")]
    assert rows[2][2].endswith("Z,keyCompromise")
    assert datetime.strptime(rows[0][1], "%y%m%d%H%M%SZ").replace(tzinfo=UTC) > datetime.now(UTC)


def test_the_memory_of_work_is_what_it_adds(key_file: Path) -> None:
    few, many = (peak.of(lists.by_cryptography, key_file, count, False) for count in (1, 20_000))
    assert 0 < few.seconds < many.seconds
    assert few.own_megabytes + 3 < many.megabytes


def test_a_program_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="ended with"):
        peak.of_program(["openssl", "ca", "-config", str(tmp_path / "none")], tmp_path / "log")


def _facts(made: x509.CertificateRevocationList) -> set[tuple[int, datetime, str | None]]:
    found = set()
    for one in made:
        reasons = [extension.value.reason.value for extension in one.extensions]
        found.add((one.serial_number, one.revocation_date_utc, *(reasons or [None])))
    return found
