"""A key on the operator's list of compromised keys is certified by no verb, also not once more."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from directca.pki import keys
from directca.pki.errors import WeakKey
from tests.world import World, fresh_key


def listing(world: World, number: int) -> None:
    """Put a subscriber's key on the list, as an operator finds its digest: by any program that writes the public key as DER."""
    encoded = fresh_key(number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    line = hashlib.sha256(encoded).hexdigest().encode()
    world.issuance = replace(world.issuance, blocked_keys=keys.blocked_keys(compromised=[("taken.txt", line)]))


@pytest.mark.parametrize("taken", [0, 1], ids=["signing", "encryption"])
def test_no_pair_has_a_listed_key(world: World, taken: int) -> None:
    listing(world, taken)
    with pytest.raises(WeakKey, match="list of compromised keys"):
        world.issue(key=0)
    with pytest.raises(WeakKey, match="list of compromised keys"):
        world.dry_run(key=0)
    assert "certificate.intended" not in world.journal_kinds()
    world.check_books()


def test_a_key_that_was_listed_since_has_no_successor_until_it_is_changed(world: World) -> None:
    world.issue(key=0)
    listing(world, 1)
    for succession in (world.reissue, world.renew):
        with pytest.raises(WeakKey, match="list of compromised keys"):
            succession()
    assert world.reissue(key=2).record.current
