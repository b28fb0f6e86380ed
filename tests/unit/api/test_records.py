"""Records as JSON text: byte for byte what encoding the whole object gives."""

import json
from dataclasses import replace

import pytest

from directca.api.records import chain, encoded, pem, shown
from directca.certificates.model import Pair
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason
from tests.world import World, a_world

ODD = 'Praxis "Grün" \\ \u2028 \x01 </script> -----BEGIN\n'


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


def as_text(pair: Pair, ca_chain: str, world: World) -> str:
    return json.dumps(shown(pair, ca_chain, world.clock.now()), separators=(",", ":"), ensure_ascii=False)


def test_a_record_as_text_is_the_encoded_object(world: World) -> None:
    pair = world.issue()
    revoked = world.revoke(RevocationReason.KEY_COMPROMISE)
    unsigned = replace(pair, signing=replace(pair.signing, der=None), encryption=replace(pair.encryption, der=None))
    odd = replace(pair, record=replace(pair.record, organization=ODD, subject_dn=ODD))
    assert pair.signing.der is not None
    for one in (pair, revoked, unsigned, odd):
        for ca_chain in ("", chain(pair.signing.der, pair.signing.der)):
            assert encoded(one, ca_chain, world.clock.now()) == as_text(one, ca_chain, world)


@pytest.mark.parametrize("octets", [1, 2, 3, 47, 48, 49, 96, 1000])
def test_lines_of_pem_have_64_characters_and_the_last_one_the_rest(octets: int) -> None:
    first, *lines, last, end = pem(bytes(octets)).split("\n")
    assert (first, last, end) == ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "")
    assert {len(line) for line in lines[:-1]} <= {64}
    assert sum(map(len, lines)) == -(-octets // 3) * 4
