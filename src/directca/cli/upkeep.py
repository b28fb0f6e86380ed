"""Periodic work of a serving authority, under a lease so that of any number of processes one does it."""

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from directca.accounts import alarms
from directca.api.journal_metrics import JournalMetrics
from directca.api.metrics import UpkeepMetrics
from directca.api.notice_metrics import NoticeMetrics
from directca.api.state_metrics import StateMetrics
from directca.certificates import serial_status, switch
from directca.cli.clock_watch import ClockWatch
from directca.cli.domain_schedule import DomainSchedule
from directca.cli.export_schedule import ExportSchedule
from directca.cli.logs import LostLines
from directca.cli.membership import Membership
from directca.cli.notice_schedule import NoticeSchedule
from directca.cli.offline_alarm import OfflineAlarm
from directca.cli.publishing import FolderPublisher
from directca.cli.state_watch import StateWatch
from directca.cli.status_schedule import StatusSchedule
from directca.db import leases
from directca.errors import DirectCAError
from directca.issuance import invoices
from directca.issuance.reconcile import reconcile
from directca.journal.model import Event
from directca.journal.record import append
from directca.oauth.purge import purge
from directca.responders.rarely import Rarely
from directca.responders.verification_metrics import VerificationMetrics
from directca.revocation import bulk, carrying_out, crl, lost_categories, ocsp, organization_end, upkeep
from directca.rooms import Authority
from directca.vetting import address_upload, evidence

_LOG = structlog.get_logger("directca.upkeep")
_EVERY_SECONDS = 5.0
_LEASE = timedelta(seconds=30)
_FEED_REMEMBERS = timedelta(days=1)
_FORGET_EVERY_SECONDS = 600.0
_ORGANIZATIONS_EVERY_SECONDS = 60.0
ACTOR = "system:upkeep"


class Upkeep:
    """Does what is due, a few seconds after it is due. A task that fails is logged, counted, and tried again."""

    def __init__(self, authority: Authority, metrics_folder: Path, membership: Membership) -> None:
        self._authority = authority
        self._membership = membership
        self._registry = CollectorRegistry()
        MultiProcessCollector(self._registry, path=str(metrics_folder))  # type: ignore[no-untyped-call]  # untyped library
        self._metrics = UpkeepMetrics(self._registry)
        self._registry.register(LostLines())
        self._holder = membership.holder
        self._clock_watch = ClockWatch(authority.clock)
        self._offline_alarm = OfflineAlarm(self._metrics)
        self._publisher = FolderPublisher(authority, self._registry)
        self._schedule = StatusSchedule(authority.settings, authority.clock, VerificationMetrics(self._registry))
        self._state = StateWatch(authority.database, authority.clock, StateMetrics(self._registry))
        self._state.ends(authority.entries)
        self._exports = ExportSchedule(authority.settings, authority.clock, JournalMetrics(self._registry))
        self._domains = DomainSchedule(authority.settings, authority.domains)
        self._notices = NoticeSchedule(
            authority.settings, authority.webhooks.notices, NoticeMetrics(self._registry), self._holder
        )
        self._next = 0.0
        self._forget_next = 0.0
        self._organizations_next = 0.0
        self._rarely = Rarely()

    def serve_metrics(self) -> None:
        """Answer /metrics on loopback. A taken port costs the metrics, not the authority."""
        port = self._authority.settings.metrics_port
        try:
            start_http_server(port, addr="127.0.0.1", registry=self._registry)
        except OSError as error:
            _LOG.warning("no metrics: their port is taken; set server.metrics_port", port=port, error=error.strerror)

    def stop(self) -> None:
        """Give the lease back, so that another process need not wait for its end."""
        self._try("publish", self._publisher.stop)
        self._try("status", self._schedule.stop)
        self._try("export", self._exports.stop)
        self._try("domains", self._domains.stop)
        self._try("notices", self._notices.stop)
        self._try("lease", self._give_back)

    def work_if_due(self) -> None:
        """Do what is due, unless it was done a moment ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        self._try("clock", self._look_at_clock)
        self._try("metrics", self._measure)
        leader = self._leased()
        if leader:
            self._try("reconcile", self._reconcile)
            self._try("superseded", lambda: upkeep.revoke_superseded(self._authority.revocation))
            self._try("overheld", lambda: upkeep.revoke_overheld(self._authority.revocation))
            self._try("proposals", lambda: carrying_out.go_on(self._authority.revocation))
            self._try("bulk", lambda: bulk.resume_all(self._authority.revocation, holder=self._holder))
            self._try("addresses", lambda: address_upload.resume_all(self._authority.registration, holder=self._holder))
            self._try("organizations", self._keep_organizations)
            self._try("responders", self._keep_responders)
            self._try("changes", self._forget_changes)
            self._try("domains", self._domains.look)
            self._try("notices", self._notices.look)
            self._try("invoices", lambda: invoices.make_due(self._authority.billing))
            self._try("alarms", lambda: alarms.look(self._authority.billing, actor=ACTOR))
            self._try("tokens", lambda: purge(self._authority.oauth))
        self._try("crl", lambda: upkeep.produce_due_crls(self._authority.revocation, holder=self._holder))
        self._try("publish", self._publisher.work_if_due)
        self._try("status", self._schedule.look)
        self._try("export", self._exports.look)
        self._try("metrics", lambda: self._exports.measure(self._authority.database))
        self._try("metrics", self._state.look)
        self._state.worked(leader=leader)

    def _leased(self) -> bool:
        return self._try("lease", self._take_lease) is True

    def _take_lease(self) -> bool:
        now = self._authority.clock.now()
        with self._authority.database.write() as tx:
            self._membership.say(tx)
            return leases.take(tx, "upkeep", self._holder, now=now, duration=_LEASE)

    def _give_back(self) -> None:
        with self._authority.database.write() as tx:
            leases.give_back(tx, "upkeep", self._holder, now=self._authority.clock.now())
            self._membership.leave(tx)

    def _try(self, task: str, work: Callable[[], object]) -> object:
        """What the work answers; None when it raised, whatever it was."""
        try:
            return work()
        except DirectCAError as error:
            self._metrics.failed(task)
            _LOG.error("periodic work failed", task=task, error=error.slug, detail=error.detail)
        except Exception:  # noqa: BLE001  (one task's bug must not end the others)
            self._metrics.failed(task)
            _LOG.exception("periodic work broke", task=task)
        return None

    def _look_at_clock(self) -> None:
        moved = self._clock_watch.moved()
        if moved is None:
            return
        seconds = round(moved.total_seconds())
        _LOG.warning("the clock was set", seconds=seconds)
        event = Event("clock.changed", ACTOR, "authority:issuing", detail={"seconds": seconds, "host": socket.gethostname()})
        with self._authority.database.write() as tx:
            append(tx, event, at=self._authority.clock.now())
        self._clock_watch.noted()  # a row that could not be written is tried again at the next look

    def _reconcile(self) -> None:
        settled = reconcile(self._authority.issuance, actor=ACTOR)
        if settled:
            self._metrics.settled(len(settled))
            _LOG.warning("settled what a crash left", intents=len(settled))

    def _keep_responders(self) -> None:
        authority = self._authority
        for made in ocsp.keep(authority.ocsp, actor=ACTOR, older_than=authority.issuance.config.abandoned_after):
            _LOG.info("made an OCSP responder", authority=made.authority_id, serial=made.serial)

    def _forget_changes(self) -> None:
        if time.monotonic() < self._forget_next:
            return
        self._forget_next = time.monotonic() + _FORGET_EVERY_SECONDS
        database, now = self._authority.database, self._authority.clock.now()
        with database.write() as tx:
            serial_status.forget_changes(tx, before=now - _FEED_REMEMBERS)

    def _keep_organizations(self) -> None:
        """Go on with endings that a crash left, and seal numbers that were recorded before numbers were sealed."""
        if time.monotonic() < self._organizations_next:
            return
        self._organizations_next = time.monotonic() + _ORGANIZATIONS_EVERY_SECONDS
        ca = self._authority.revocation
        left = (*organization_end.go_on(ca, actor=ACTOR), *lost_categories.go_on(ca, actor=ACTOR))
        if left:
            _LOG.warning("ordered revocations that were left of changes to organizations", orders=len(left))
        registration = self._authority.registration
        with self._authority.database.read() as tx:
            found = evidence.unsealed_numbers(tx)
        sealed = [(proofing_id, number, registration.seal(number, proofing_id)) for proofing_id, number in found]
        if sealed:
            with self._authority.database.write() as tx:
                evidence.seal_numbers(tx, sealed)
            _LOG.info("sealed numbers of evidence", proofings=len(sealed))

    def _measure_responders(self) -> None:
        now = self._authority.clock.now()
        for authority_id in self._authority.ocsp.signers.served:
            usable = self._authority.ocsp.signers.usable(authority_id, now)
            self._metrics.responder(authority_id, max((one.not_after.timestamp() for one in usable), default=0.0))
        for serial, problem in self._authority.ocsp.signers.problems().items():
            self._rarely.say(_LOG.error, f"the OCSP responder {serial} cannot be used", problem=problem)

    def _measure(self) -> None:
        self._measure_responders()
        with self._authority.database.read() as tx:
            self._metrics.stopped(switch.stopped(tx) is not None)
            self._offline_alarm.look(tx, self._authority.revocation)
            for of in crl.lists(tx):
                newest = crl.newest(tx, of)
                if newest is not None:
                    self._metrics.crl(str(of), newest.next_update.timestamp(), newest.entries)
                    if not newest.fresh_at(self._authority.clock.now()):
                        self._rarely.say(_LOG.error, f"the published CRL of {of} is stale and not served", number=newest.number)
