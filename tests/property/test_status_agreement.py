"""However a pair came to where it is, everybody who is asked for its status says the same.

The row in the database, `status()`, the record of the API, the query by status and the entry of the CRL are compared after each
step of generated histories, also in the seconds around notAfter, which is inclusive (RFC 5280 4.1.2.5).
"""

import shutil
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from directca.api.records import shown
from directca.certificates import query
from directca.certificates.filters import Filters, Window
from directca.certificates.model import Pair, Status, status
from directca.certificates.query import Counts
from directca.clock import rfc3339
from directca.db.sqlite import SqliteDatabase
from directca.errors import Conflict
from directca.issuance.errors import NotRenewable
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.crash.forking import moved
from tests.world import DOMAIN, START, World, a_world

NAMES = tuple(f"{word}@{DOMAIN}" for word in ("ann", "bob", "cai"))
OFFICERS_ONLY = {RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE}
REASONS = [reason for reason in RevocationReason if reason not in OFFICERS_ONLY]


@dataclass(frozen=True)
class Said:
    """A reason for a name."""

    name: str
    reason: RevocationReason

    def happen(self, world: World) -> None:
        with suppress(Conflict):
            world.revoke(self.reason, self.name)


@dataclass(frozen=True)
class Waited:
    """Time that passed, from now or, if `near_the_end`, to a moment close to the notAfter of the first name's pair."""

    seconds: float
    near_the_end: bool

    def happen(self, world: World) -> None:
        ends = world.history(NAMES[0])[0].record.not_after
        if self.near_the_end:
            world.clock.moment = max(world.clock.moment, ends + timedelta(seconds=self.seconds))
        else:
            world.clock.advance(seconds=abs(self.seconds) * 40_000)


@dataclass(frozen=True)
class Kept:
    """Periodic work."""

    def happen(self, world: World) -> None:
        upkeep.revoke_superseded(world.revocation)
        upkeep.revoke_overheld(world.revocation)


@dataclass(frozen=True)
class Reissued:
    """A successor, and an overlap that begins."""

    name: str

    def happen(self, world: World) -> None:
        world.verify_domain()
        world.proof()
        with suppress(Conflict):
            world.reissue(self.name)


Happening = Said | Waited | Kept | Reissued
histories = st.lists(
    st.one_of(
        st.builds(Said, st.sampled_from(NAMES), st.sampled_from(REASONS)),
        st.builds(Waited, st.sampled_from((-1, 0, 0.5, 1, 30)), st.booleans()),
        st.builds(Kept),
        st.builds(Reissued, st.sampled_from(NAMES)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def issued(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three pairs that end at different moments; to be copied."""
    path = Path(shutil.copyfile(migrated, tmp_path_factory.mktemp("issued") / "directca.sqlite"))
    world = a_world(SqliteDatabase(path, synchronous="OFF"))
    for number, name in enumerate(NAMES):
        world.issue(name, key=2 * number)
        world.clock.advance(seconds=1)
    world.database.close()
    return world


def test_everybody_says_the_same(issued: World) -> None:
    # Inside, because a failing example is shown with all its arguments, and a world is a long one.
    @settings(max_examples=30)
    @given(histories)
    def every_history(history: list[Happening]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(shutil.copyfile(issued.database.path, Path(folder) / "directca.sqlite"))
            issued.clock.moment = START + timedelta(minutes=1)
            world = moved(issued, SqliteDatabase(path, synchronous="OFF"))
            with closing(world.database):
                agree(world)
                for event in history:
                    event.happen(world)
                    agree(world)

    every_history()


def agree(world: World) -> None:
    """Ask everybody, once the list is made that is due."""
    upkeep.produce_due_crls(world.revocation)
    now = world.clock.now()
    pairs = [pair for name in NAMES for pair in world.history(name)]
    for pair in pairs:
        row = rows(world)[pair.record.id]
        assert shown(pair, "", now)["status"] == status(pair.record, now) == by_hand(row, now)
    for one in Status:
        assert asked_for(world, one) == {pair.record.id for pair in pairs if status(pair.record, now) is one}
    listed = entries(world)
    for pair in pairs:
        seen = {serial: listed.get(int(serial, 16)) for serial in (pair.record.signing_serial, pair.record.encryption_serial)}
        assert len(set(seen.values())) == 1, "the two certificates of a pair, told apart"
        check_entry(pair, seen.popitem()[1], now)


def check_entry(pair: Pair, entry: tuple[str, str] | None, now: datetime) -> None:
    """A pair that is not expired is listed if and only if it is held or revoked; and with the API's own words."""
    said = shown(pair, "", now)
    if now <= pair.record.not_after:
        assert (entry is not None) == (said["status"] in {"held", "revoked"})
    if entry is not None:
        assert entry == (said["revocation_reason"], said["revoked_ts"])


def by_hand(row: Any, now: datetime) -> str:
    """The status, from the columns and the clock alone."""
    if row.state == "revoked":
        return "revoked"
    if now > datetime.fromisoformat(row.not_after).replace(tzinfo=START.tzinfo):
        return "expired"
    if row.state == "held":
        return "held"
    return "issued" if row.superseded_by is None else "superseded"


def rows(world: World) -> dict[str, Any]:
    with world.database.read() as tx:
        return {row.id: row for row in tx.exec_driver_sql("SELECT * FROM record")}


def asked_for(world: World, wanted: Status) -> set[str]:
    """The ids that a query for a status finds."""
    with world.database.read() as tx:
        found = query.page(tx, Counts(), world.account_id, Filters(status=wanted), Window(limit=100), world.clock.now())
    assert found.total == len(found.pairs)
    return {pair.record.id for pair in found.pairs}


def entries(world: World) -> dict[int, tuple[str, str]]:
    """Serial, reason and moment of each entry of the published list."""
    published = x509.load_der_x509_crl(crl.published(world.revocation, ListId("issuing")).der)
    return {one.serial_number: (reason_of(one), rfc3339(one.revocation_date_utc)) for one in published}


def reason_of(entry: x509.RevokedCertificate) -> str:
    """The API's word; the reason unspecified is left out of an entry (RFC 5280 5.3.1)."""
    with suppress(x509.ExtensionNotFound):
        named = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert named is not x509.ReasonFlags.unspecified
        return str(named.value)
    return "unspecified"


def test_a_pair_is_good_in_its_last_second_and_too_old_for_a_reissue(issued: World, tmp_path: Path) -> None:
    path = Path(shutil.copyfile(issued.database.path, tmp_path / "directca.sqlite"))
    world = moved(issued, SqliteDatabase(path, synchronous="OFF"))
    with closing(world.database):
        world.clock.moment = world.history(NAMES[0])[0].record.not_after
        world.verify_domain()
        world.proof()
        agree(world)
        assert asked_for(world, Status.EXPIRED) == set()
        with pytest.raises(NotRenewable):
            world.reissue(NAMES[0])
        assert world.renew(NAMES[0]).record.current
