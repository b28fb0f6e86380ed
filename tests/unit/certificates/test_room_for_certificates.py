"""On PostgreSQL a certificate takes the place of what was to be signed in the same page, whose indexes then stay as they are."""

import pytest
from sqlalchemy import text

from tests.world import DOMAIN, World

pytestmark = pytest.mark.engine("postgresql", why="SQLite has no such pages")

_INTEND = text("""
    INSERT INTO certificate (authority_id, serial, record_id, usage, modulus_sha256, tbs_sha256, tbs, crl_partition)
    SELECT authority_id, serial || number, record_id, usage, modulus_sha256, tbs_sha256, :tbs, crl_partition
    FROM certificate, generate_series(10, 29) AS number
    RETURNING serial, (ctid::text::point)[0] AS page
""")
_STORE = text("UPDATE certificate SET tbs = NULL, der = :der WHERE serial = :serial RETURNING (ctid::text::point)[0] AS page")


def test_a_certificate_is_stored_in_the_page_of_its_intent(world: World) -> None:
    world.issue(f"alice@{DOMAIN}")
    with world.database.write() as tx:
        intended = {row.serial: row.page for row in tx.execute(_INTEND, {"tbs": bytes(range(250)) * 4})}
    stored = {}
    for serial in intended:
        with world.database.write() as tx:
            stored[serial] = tx.execute(_STORE, {"serial": serial, "der": bytes(range(250)) * 5}).scalar_one()
    assert stored == intended
