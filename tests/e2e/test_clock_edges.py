"""One second before and one after: thisUpdate, nextUpdate, the end of a responder, of a hold, of a certificate.

The verbs and both edges of one process, whose wall clock the test turns and whose monotonic clock runs along.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, OCSPResponseStatus, load_der_ocsp_response

from directca.certificates import switch
from directca.db.engine import Database
from directca.errors import Unavailable
from directca.pki.reasons import RevocationReason
from directca.responders.ocsp import OcspEdge
from directca.responders.ocsp_feed import Feed
from directca.responders.ocsp_kept import KeptAnswers
from directca.revocation import crl, ocsp, upkeep
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import ListId
from tests import authority
from tests.responding import ACTOR, responding
from tests.status_requests import status_request
from tests.unit.responders.ocsp_asking import called
from tests.world import World, a_world

ISSUER = authority.issuing_ca().issuer.certificate_der or b""
FULL = ListId("issuing")
A_SECOND = timedelta(seconds=1)
GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
HOLD = RevocationReason.CERTIFICATE_HOLD


class Scene:
    """An authority with one pair, its responder, and a process that answers."""

    def __init__(self, database: Database) -> None:
        self.world: World = a_world(database)
        self.house = responding(self.world)
        self.monotonic = 0.0
        upkeep.produce_due_crls(self.world.revocation, holder="test")
        self.responder = self.house.make()
        self.pair = self.world.issue()
        kept = KeptAnswers()
        self._feed = Feed(lambda since: ocsp.news(self.house.ocsp, since), kept, lambda: None, lambda: self.monotonic)
        self.edge = OcspEdge(lambda asked: ocsp.answer(self.house.ocsp, asked), kept, self._feed, self.world.clock, threads=1)

    def at(self, moment: datetime) -> "Scene":
        """The clock comes to a moment, and the process hears of what changed."""
        self.monotonic += 1
        self.world.clock.moment = moment
        self._feed.poll()
        return self

    def says(self) -> OCSPResponse:
        """What the process answers about the signing certificate."""
        asked = status_request(ISSUER, int(self.pair.record.signing_serial, 16))
        return load_der_ocsp_response(asyncio.run(called(self.edge, "POST", "/ocsp", asked)).body)

    def silent(self) -> bool:
        return self.says().response_status is OCSPResponseStatus.TRY_LATER

    def stop_signing(self) -> None:
        with self.world.database.write() as tx:
            switch.stop(tx, at=self.world.clock.now(), by="operator:ann", reason="drill")

    def published(self) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(crl.published(self.world.revocation, FULL).der)

    def lists_it(self) -> bool:
        """Whether the next list has the certificate; both of the pair are there or neither."""
        crl.produce(self.world.revocation, FULL, actor=ACTOR)
        listed = {one.serial_number for one in self.published()}
        ours = {int(one, 16) for one in (self.pair.record.signing_serial, self.pair.record.encryption_serial)}
        assert ours & listed in (set(), ours)
        return ours <= listed

    def time_does_its_work(self) -> None:
        upkeep.revoke_overheld(self.world.revocation)
        with suppress(Unavailable):
            upkeep.produce_due_crls(self.world.revocation, holder="test")


@pytest.fixture
def scene(database: Database) -> Iterator[Scene]:
    made = Scene(database)
    made.at(made.world.clock.now())
    yield made
    made.edge.stop()


def test_a_list_ends_with_the_second_before_its_next_update(scene: Scene) -> None:
    end = scene.published().next_update_utc
    assert end is not None
    scene.stop_signing()
    scene.at(end - A_SECOND).time_does_its_work()
    assert scene.published().next_update_utc == end
    for late in (timedelta(0), A_SECOND):
        scene.at(end + late).time_does_its_work()
        with pytest.raises(NothingFresh):
            scene.published()


def test_nothing_is_made_or_said_before_the_newest_list(scene: Scene) -> None:
    first = scene.published().last_update_utc
    assert scene.at(first).says().certificate_status is GOOD
    assert scene.at(first - A_SECOND).silent()
    with pytest.raises(ClockWentBack):
        crl.produce(scene.world.revocation, FULL, actor=ACTOR)
    assert scene.at(first).says().certificate_status is GOOD


def test_an_answer_ends_with_the_second_before_its_next_update(scene: Scene) -> None:
    end = scene.says().next_update_utc
    assert end is not None
    scene.stop_signing()
    assert scene.at(end - A_SECOND).says().next_update_utc == end
    for late in (timedelta(0), A_SECOND):
        assert scene.at(end + late).silent()


def test_a_new_answer_takes_the_place_of_one_that_ends(scene: Scene) -> None:
    end = scene.says().next_update_utc
    assert end is not None
    for late in (timedelta(0), A_SECOND):
        answer = scene.at(end + late).says()
        assert answer.next_update_utc is not None
        assert answer.next_update_utc > end + late


def test_a_responder_speaks_until_it_ends_and_its_answers_end_with_it(scene: Scene) -> None:
    end = scene.responder.not_after
    answer = scene.at(end - timedelta(hours=1)).says()
    assert answer.next_update_utc == end
    assert scene.at(end - A_SECOND).says().next_update_utc == end
    for late in (timedelta(0), A_SECOND):
        assert scene.at(end + late).silent()


def test_the_next_responder_is_there_ten_days_before(scene: Scene) -> None:
    due = scene.responder.not_after - scene.world.revocation.policy.ocsp.renew_before
    for early, made in ((A_SECOND, 0), (-A_SECOND, 1)):
        scene.at(due - early)
        assert len(ocsp.keep(scene.house.ocsp, actor=ACTOR, older_than=timedelta(minutes=1))) == made
    assert scene.says().certificate_status is GOOD
    assert scene.at(scene.responder.not_after + A_SECOND).says().certificate_status is GOOD


def test_a_hold_becomes_a_revocation_when_it_lasted_too_long(scene: Scene) -> None:
    scene.world.revoke(HOLD)
    limit = scene.world.clock.now() + scene.world.revocation.policy.rules.hold_maximum
    for late, reason in ((-A_SECOND, x509.ReasonFlags.certificate_hold), (A_SECOND, None)):
        scene.at(limit + late)
        ocsp.keep(scene.house.ocsp, actor=ACTOR, older_than=timedelta(minutes=1))
        scene.time_does_its_work()
        answer = scene.at(limit + late).says()
        assert (answer.certificate_status, answer.revocation_reason) == (REVOKED, reason)
        assert scene.lists_it()
        entry = scene.published().get_revoked_certificate_by_serial_number(answer.serial_number)
        assert entry is not None
        assert (len(entry.extensions) == 0) == (reason is None)
        assert entry.revocation_date_utc == answer.revocation_time_utc


def test_a_revoked_certificate_is_listed_once_more_past_its_end(scene: Scene) -> None:
    scene.world.revoke(RevocationReason.SUPERSEDED)
    end = scene.pair.record.not_after
    scene.at(end)
    assert [scene.lists_it(), scene.lists_it()] == [True, True]
    scene.at(end + A_SECOND)
    assert [scene.lists_it(), scene.lists_it()] == [True, False]


def test_an_expired_certificate_is_no_more_revoked_than_it_was(scene: Scene) -> None:
    end = scene.pair.record.not_after
    for moment in (end - A_SECOND, end, end + A_SECOND):
        scene.at(moment)
        ocsp.keep(scene.house.ocsp, actor=ACTOR, older_than=timedelta(minutes=1))
        assert scene.at(moment).says().certificate_status is GOOD
        assert not scene.lists_it()
