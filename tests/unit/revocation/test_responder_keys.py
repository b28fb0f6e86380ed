"""Keys of responders in the database: what one node makes another opens, and what lies in a file from before goes there too."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from directca.db.engine import Database
from directca.pki.algorithms import SignatureAlgorithm
from directca.revocation.responder_keys import StoredKeys
from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.sealed_keys import SealedKeys
from tests.clocks import MovableClock

NAME = "ocsp-issuing-a1.pem"
SEALER = SealedKeys(b"passphrase")


@dataclass
class Files:
    """Sealed keys by name, as they lie in one machine's folder."""

    content: dict[str, bytes] = field(default_factory=dict)

    def sealed(self, reference: str) -> bytes | None:
        return self.content.get(reference)

    def destroy(self, reference: str) -> bool:
        return self.content.pop(reference, None) is not None

    def holds(self, reference: str) -> bool:
        return reference in self.content


def node(database: Database, files: Files | None = None, sealer: SealedKeys = SEALER) -> StoredKeys:
    return StoredKeys(database, MovableClock(), sealer, files or Files())


def test_what_one_node_made_another_opens_and_ends(database: Database) -> None:
    one, other = node(database), node(database)
    made = one.make(NAME, 2048)
    assert other.holds(NAME)
    opened = other.open(NAME)
    assert opened.sign(b"m", SignatureAlgorithm.RSA_SHA256) == made.sign(b"m", SignatureAlgorithm.RSA_SHA256)
    assert [other.destroy(NAME), one.destroy(NAME), one.holds(NAME)] == [True, False, False]
    with pytest.raises(KeyUnusable):
        one.open(NAME)


def test_a_key_is_never_made_over_another(database: Database) -> None:
    keys = node(database)
    spki = keys.make(NAME, 2048).spki_der
    with pytest.raises(KeyUnusable):
        keys.make(NAME, 2048)
    assert keys.open(NAME).spki_der == spki


def test_nothing_in_the_database_opens_without_the_passphrase(database: Database) -> None:
    node(database).make(NAME, 2048)
    with database.read() as tx:
        (sealed,) = tx.execute(text("SELECT sealed FROM responder_key")).one()
    assert b"PRIVATE" not in sealed
    with pytest.raises(WrongPassphrase):
        node(database, sealer=SealedKeys(b"another")).open(NAME)


def test_a_key_in_a_file_is_everybodys_once_it_was_opened(database: Database) -> None:
    sealed, key = SEALER.make(2048)
    files = Files({NAME: sealed})
    assert not node(database).holds(NAME)
    with pytest.raises(WrongPassphrase):
        node(database, files, SealedKeys(b"another")).open(NAME)
    assert (files.content, node(database).holds(NAME)) == ({NAME: sealed}, False)
    assert node(database, files).open(NAME).spki_der == key.spki_der
    assert files.content == {}
    assert node(database).open(NAME).spki_der == key.spki_der


def test_the_end_of_a_key_is_the_end_of_its_file_too(database: Database) -> None:
    files = Files({NAME: SEALER.make(2048)[0]})
    assert node(database, files).holds(NAME)
    assert node(database, files).destroy(NAME)
    assert files.content == {}
