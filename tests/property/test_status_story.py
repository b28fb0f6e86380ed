"""Status as a state machine: whatever happens in whatever order, SQL, every list and OCSP tell the same story.

After each step a receiver fetches every list and asks OCSP about every serial there is, and about some that there are not. One
process of the authority hears of each change; another hears of it now and then, keeps its answers, and may be as many seconds
behind the truth as the feed lets it be. The clock goes on in steps, and sometimes back.
"""

import asyncio
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from directca.certificates import listing
from directca.clock import whole_second
from directca.db.sqlite import SqliteDatabase
from directca.direct import names as direct_names
from directca.errors import DirectCAError
from directca.issuance.distribution import Distribution
from directca.issuance.reconcile import reconcile
from directca.pki.reasons import RevocationReason
from directca.responders.ocsp import OcspEdge
from directca.responders.ocsp_feed import LIVE_SECONDS, Feed
from directca.responders.ocsp_kept import KeptAnswers
from directca.revocation import crl, ocsp, upkeep
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import ListId, Requester
from directca.revocation.revoke import revoke
from tests import authority
from tests.property.receivers import GOOD, UNKNOWN, Memory, ReadList, Told, named_list, read_answer
from tests.property.test_lifecycle import Spy, attempt, moment
from tests.responding import ACTOR, responding
from tests.status_requests import status_request
from tests.unit.responders.ocsp_asking import called
from tests.world import DOMAIN, World, a_world

NAMES = (f"alice@{DOMAIN}", f"bob@{DOMAIN}")
SPANS = (0.5, 1, 5, 61, 3600, 13 * 3600, 73 * 3600, 15 * 86_400, 150 * 86_400)
STEPS_BACK = (0.5, 1, 30, 61)
HOLD, RELEASE = RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL
REASONS = (*[HOLD, RELEASE, RevocationReason.KEY_COMPROMISE] * 3, *RevocationReason)
A_MINUTE = timedelta(minutes=1)
ISSUER = authority.issuing_ca().issuer.certificate_der or b""
STRANGERS = (0, 1, 2**159 - 1)
names = st.sampled_from((*[NAMES[0]] * 2, NAMES[1]))
Row = Any
"""A row of the table `record`, as it is in the file."""


class Process:
    """One process that answers OCSP: the real edge over the real verb, with a monotonic clock that the test turns."""

    def __init__(self, story: "Story") -> None:
        verb = story.house.ocsp
        kept = KeptAnswers()
        self.feed = Feed(lambda since: ocsp.news(verb, since), kept, lambda: None, lambda: story.monotonic)
        self._edge = OcspEdge(lambda asked: ocsp.answer(verb, asked), kept, self.feed, story.world.clock, threads=1)
        self._story = story

    def told(self, *serials: int, algorithm: str = "sha1") -> dict[int, Told] | None:
        """What it tells of some serials in one answer; None when it asks to try again later."""
        asked = status_request(ISSUER, *serials, algorithm=algorithm)
        answer = self._story.loop.run_until_complete(called(self._edge, "POST", "/ocsp", asked))
        return read_answer(answer.body, self._story.now)

    def stop(self) -> None:
        self._edge.stop()


class Story(RuleBasedStateMachine):
    """Two names, everything that becomes of their certificates, and everybody who is asked about them."""

    def __init__(self, migrated: Path) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = SqliteDatabase(Path(shutil.copyfile(migrated, self.folder / "directca.sqlite")), synchronous="OFF")
        self.loop = asyncio.new_event_loop()
        self.world: World = a_world(self.database)
        self.house = responding(self.world)
        self.monotonic = 1000.0
        self.memory = Memory()
        self.lists: dict[str, ReadList] = {}
        self.set_back = timedelta(0)
        self.past: list[tuple[float, dict[int, Told | None]]] = []
        self.spy = Spy(self.folder / "signatures")
        self.spy.watch()
        upkeep.produce_due_crls(self.world.revocation, holder="test")
        self.periodic_work_is_done()
        self.attentive, self.absent = Process(self), Process(self)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    # --- what happens ------------------------------------------------------------------------------------------------------

    @initialize(partitions=st.sampled_from((1, 3)))
    def there_are_pairs(self, partitions: int) -> None:
        self.certificates_are_shared_out(partitions)
        for name in NAMES:
            self.issue(name)

    @rule(partitions=st.sampled_from((1, 3)))
    def certificates_are_shared_out(self, partitions: int) -> None:
        with self.database.write() as tx:
            listing.begin(tx, "issuing", listing.partition_names(partitions), self.now)
        with suppress(ClockWentBack):
            upkeep.produce_due_crls(self.world.revocation, holder="test")
            distribution = Distribution("issuing", authority.ADDRESSES, authority.BASE, partitions)
            self.world.issuance = replace(self.world.issuance, distribution=distribution)

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span: float) -> None:
        self.world.clock.advance(seconds=span)
        self.monotonic += span

    @rule(span=st.sampled_from((-3600, -1, 0, 0.5, 1)))
    def a_pair_comes_to_its_end(self, span: float) -> None:
        """To a moment close to the next notAfter, which is inclusive (RFC 5280 4.1.2.5)."""
        ends = [end for row in self.rows() if (end := moment(row["not_after"])) >= self.now]
        if ends:
            self.time_passes(max(0.0, (min(ends) - self.now).total_seconds() + span))
            self.lists_are_made_without_need()
            self.every_list_tells_what_is_in_the_register()
            self.lists_are_made_without_need()

    @rule()
    def lists_are_made_without_need(self) -> None:
        with self.database.read() as tx:
            every = [of for of in crl.lists(tx) if of.authority_id == "issuing"]
        for of in every:
            with suppress(ClockWentBack):
                crl.produce(self.world.revocation, of, actor=ACTOR)

    @rule(span=st.sampled_from(STEPS_BACK))
    def the_clock_is_set_back(self, span: float) -> None:
        self.world.clock.advance(seconds=-span)
        self.set_back += timedelta(seconds=span + 1)

    @rule(name=names)
    def issue(self, name: str) -> None:
        self.ask_for(name, "issue")

    @rule(name=names, verb=st.sampled_from(("renew", "reissue")))
    def succeed(self, name: str, verb: str) -> None:
        self.ask_for(name, verb)

    @rule(name=names, verb=st.sampled_from(("issue", "reissue")), signatures=st.integers(0, 1))
    def power_is_cut_while_a_pair_is_signed(self, name: str, verb: str, signatures: int) -> None:
        self.spy.power_lasts_for(signatures, lambda: self.ask_for(name, verb))

    @rule(name=names, reason=st.sampled_from(REASONS), suspect=st.booleans())
    def revoke(self, name: str, reason: RevocationReason, suspect: bool) -> None:
        since = whole_second(self.now) - timedelta(hours=1) if suspect else None
        officer = reason is RevocationReason.CA_COMPROMISE
        requester = Requester("person:1", self.world.account_id, officer=officer, shown_at=self.now)
        with suppress(DirectCAError):
            revoke(self.world.revocation, requester, direct_names.parse(name), reason, invalidity_date=since)

    @rule(name=names)
    def a_hold_comes_and_goes(self, name: str) -> None:
        self.revoke(name, HOLD, suspect=False)
        self.every_list_tells_what_is_in_the_register()
        self.ocsp_tells_it_too()
        self.revoke(name, RELEASE, suspect=False)

    @rule(name=names)
    def power_is_cut_while_a_list_is_signed(self, name: str) -> None:
        self.spy.power_lasts_for(0, lambda: self.revoke(name, HOLD, suspect=False))

    @rule()
    def the_authority_starts(self) -> None:
        reconcile(self.world.issuance, actor="system:start", older_than=timedelta(0))

    @rule()
    def periodic_work_is_done(self) -> None:
        reconcile(self.world.issuance, actor=upkeep.ACTOR)
        upkeep.revoke_superseded(self.world.revocation)
        upkeep.revoke_overheld(self.world.revocation)
        ocsp.keep(self.house.ocsp, actor=ACTOR, older_than=A_MINUTE)

    @rule()
    def the_absent_process_hears_the_news(self) -> None:
        self.absent.feed.poll()

    @rule(algorithm=st.sampled_from(("sha1", "sha256")))
    def the_absent_process_is_asked(self, algorithm: str) -> None:
        """What it says was true within the last seconds, or it says nothing."""
        truth = self.truth()
        told = {serial: self.absent.told(serial, algorithm=algorithm) for serial in truth}
        recent = [facts for at, facts in self.past if at >= self.monotonic - LIVE_SECONDS]
        for serial, answer in told.items():
            if answer is not None:
                assert self.absent.feed.age() <= LIVE_SECONDS
                allowed = [facts.get(serial) or UNKNOWN for facts in (*recent, truth)]
                assert any(same(answer[serial], one, self.set_back) for one in allowed)

    # --- what must be so ---------------------------------------------------------------------------------------------------

    @invariant()
    def every_list_tells_what_is_in_the_register(self) -> None:
        with suppress(ClockWentBack):
            upkeep.produce_due_crls(self.world.revocation, holder="test")
        if not self.fetch_lists():
            return
        if behind := self.behind():
            # Only a clock that stands before a list keeps the next one back.
            assert all(self.now < self.lists[name].this_update for name in behind)
            return
        full = self.lists[""]
        for row in self.rows():
            self.check_entries(row, full)
        certificates = self.certificates()
        # Each list lets go of an ended certificate when it was made past its notAfter, and they are made at different times.
        ended = {serial for row in self.rows() if moment(row["not_after"]) < self.now for serial in serials(row)}
        for serial, (der, partition) in certificates.items():
            assert der is None or named_list(der) == name_of(partition)
            told = {name: one.entries[serial][1] for name, one in self.lists.items() if serial in one.entries}
            assert set(told) <= {"", partition}
            assert len(set(told.values())) <= 1
            assert serial in ended or set(told) in (set(), {"", partition})
        assert set(full.entries) <= set(certificates)

    @invariant()
    def ocsp_tells_it_too(self) -> None:
        self.past.append((self.monotonic, self.truth()))
        ocsp.keep(self.house.ocsp, actor=ACTOR, older_than=A_MINUTE)
        self.attentive.feed.poll()
        truth = self.truth()
        decided = [serial for serial, told in truth.items() if told is not None]
        told = self.attentive.told(*decided, *STRANGERS, *self.responders(), algorithm="sha256")
        if told is None:
            assert not self.clock_is_right()
            return
        assert self.clock_is_right()
        for serial in decided:
            assert same(told[serial], truth[serial] or UNKNOWN, self.set_back)
            again = self.attentive.told(serial)
            assert again is not None
            assert same(again[serial], truth[serial] or UNKNOWN, self.set_back), "what is kept is old"
        assert all(told[serial] == UNKNOWN for serial in STRANGERS)
        assert all(told[serial] == GOOD for serial in self.responders())
        for serial in set(truth) - set(decided):
            assert self.attentive.told(serial) is None, "said of what may be being signed at this moment"
        issued = {serial for serial, (der, _) in self.certificates().items() if der is not None}
        assert {serial for serial, one in told.items() if one == GOOD} <= issued | self.responders()

    def teardown(self) -> None:
        self.spy.leave()
        self.attentive.stop()
        self.absent.stop()
        self.loop.close()
        self.database.close()
        shutil.rmtree(self.folder)

    # --- small things ------------------------------------------------------------------------------------------------------

    def ask_for(self, name: str, verb: str) -> None:
        self.world.verify_domain()
        self.world.proof()
        key = 2 * NAMES.index(name)
        attempt(lambda: getattr(self.world, verb)(name, key=key))

    def fetch_lists(self) -> bool:
        """Fetch every list of the issuing CA; False when one is too old to be served."""
        with self.database.read() as tx:
            every = [of for of in crl.lists(tx) if of.authority_id == "issuing"]
        try:
            encoded = {of.partition: crl.published(self.world.revocation, of).der for of in every}
        except NothingFresh:
            assert self.now < max(one.this_update for one in self.lists.values())
            return False
        self.lists = {name: self.memory.take(name, der) for name, der in encoded.items()}
        for name, one in self.lists.items():
            assert one.points == ((name_of(name),) if name else ())
            assert self.now < one.next_update
        return True

    def behind(self) -> list[str]:
        """The lists that do not show every change yet."""
        with self.database.read() as tx:
            newest = {name: crl.newest(tx, ListId("issuing", name)) for name in self.lists}
            wanted = {name: listing.behind_version(tx, "issuing", name) for name in self.lists}
        return [name for name, facts in newest.items() if facts is None or facts.status_version < wanted[name]]

    def check_entries(self, row: Row, full: ReadList) -> None:
        """Both certificates are listed alike: while revoked or held, and past notAfter on one list more."""
        entries = {full.entries.get(serial) for serial in serials(row)}
        assert len(entries) == 1, "the two certificates of a pair, told apart"
        entry = entries.pop()
        if row["state"] in ("issued", "intended"):
            assert entry is None
        elif entry is None:
            assert self.made_past(moment(row["not_after"])) > 0
        else:
            assert entry == listed_as(row, full)
            # A clock that was set back changes a row after lists that are dated later than the change.
            assert self.made_past(max(moment(row["not_after"]), moment(row["updated_at"]) + self.set_back)) <= 1

    def made_past(self, end: datetime) -> int:
        """How many lists were published that were made after a moment."""
        statement = "SELECT this_update FROM crl WHERE authority_id = 'issuing' AND partition = '' AND published_at IS NOT NULL"
        with self.database.read() as tx:
            return sum(moment(one) > end for (one,) in tx.exec_driver_sql(statement))

    def truth(self) -> dict[int, Told | None]:
        """By serial what is to be said, from the columns alone; None of what may be being signed."""
        return {serial: told_of(row, self.now) for row in self.rows() for serial in serials(row)}

    def clock_is_right(self) -> bool:
        return self.now >= self.memory.seen[""][1].this_update

    def rows(self) -> list[Row]:
        with self.database.read() as tx:
            return [row._mapping for row in tx.exec_driver_sql("SELECT * FROM record")]

    def certificates(self) -> dict[int, tuple[bytes | None, str]]:
        """By serial the certificate, None of one that was never finished, and its partition."""
        with self.database.read() as tx:
            found = tx.exec_driver_sql("SELECT serial, der, crl_partition FROM certificate")
            return {int(serial, 16): (der, partition) for serial, der, partition in found}

    def responders(self) -> set[int]:
        return {int(one.serial, 16) for one in self.house.known()}


def serials(row: Row) -> tuple[int, int]:
    return int(row["signing_serial"], 16), int(row["encryption_serial"], 16)


def told_of(row: Row, now: datetime) -> Told | None:
    """What OCSP has to say of a row's certificates."""
    if row["state"] == "issued":
        return GOOD
    if row["state"] == "intended":
        since = moment(row["created_at"])
        return ("revoked", since.replace(microsecond=0), None) if since < now - A_MINUTE else None
    return "revoked", moment(row["revoked_at"]), why(row)


def why(row: Row) -> str | None:
    """The reason that a list and an answer give."""
    return None if row["revocation_reason"] in ("unspecified", "aACompromise") else str(row["revocation_reason"])


def listed_as(row: Row, crl_read: ReadList) -> tuple[datetime, str | None]:
    """The entry of a row's certificates; a clock that ran ahead is not believed."""
    return min(moment(row["revoked_at"]), crl_read.this_update), why(row)


def same(told: Told, wanted: Told, set_back: timedelta) -> bool:
    """Whether an answer says what is to be said. What a clock that ran ahead dated into the future was told as of then."""
    if (told[0], told[2]) != (wanted[0], wanted[2]) or (told[1] is None) != (wanted[1] is None):
        return False
    return told[1] is None or wanted[1] is None or wanted[1] - set_back <= told[1] <= wanted[1]


def name_of(partition: str) -> str:
    """The address of a list."""
    return f"{authority.BASE}/crl/issuing/{partition}.crl" if partition else f"{authority.BASE}/crl/issuing.crl"


def test_sql_lists_and_ocsp_tell_the_same_story(migrated: Path) -> None:
    bounds = settings(max_examples=15, stateful_step_count=25)

    class WithTables(Story):
        def __init__(self) -> None:
            super().__init__(migrated)

    run_state_machine_as_test(WithTables, settings=bounds)
