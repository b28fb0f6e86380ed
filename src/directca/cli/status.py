"""`directca status verify`: look at everything that certificates name, as a stranger would."""

import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from directca.cli import present, status_looks
from directca.cli.commands import REFUSED, Common, command, group
from directca.cli.errors import VerificationRunning
from directca.cli.status_fetch import Stranger
from directca.cli.status_looks import FileLooks
from directca.clock import rfc3339
from directca.db import leases
from directca.desk import Desk, open_desk
from directca.revocation.verification import verify as look_at_everything
from directca.revocation.verification_context import Verification
from directca.revocation.verification_model import Outcome

app = group("status", "What relying parties find of the status of certificates.")

LEASE = "status-verify"
_LEASE_LASTS = timedelta(minutes=10)
_LEASE_AGAIN_SECONDS = 30.0


def _way(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or value.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
        raise typer.BadParameter("Give scheme, host and perhaps a port, such as http://127.0.0.1:8600")
    return value.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(Common):
    """Options of `verify`."""

    all_revoked: Annotated[bool, typer.Option("--all", help="Ask OCSP about every revoked certificate, not some of them.")] = (
        False
    )
    sample: Annotated[
        int,
        typer.Option("--sample", min=0, metavar="N", help="How many revoked and how many good certificates OCSP is asked about."),
    ] = 200
    timeout: Annotated[int, typer.Option("--timeout", min=1, max=3600, metavar="S", help="Seconds for each answer.")] = 60
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            callback=_way,
            help="Ask this scheme and host in place of the one in certificates, such as before DNS is set.",
        ),
    ] = None


def verify(options: VerifyOptions) -> None:
    """Fetch every CRL, AIA and OCSP address in certificates as a stranger does, and check that all agree; exits with 1 if not."""
    desk = open_desk(options.data)
    with closing(desk.database), _ending_in_order():
        report = _run(desk, options)
    status_looks.write_report(options.data, report)
    present.emit(report, as_json=options.as_json, human=_told(report))
    if not options.as_json:
        present.emit(None, as_json=False, human=_summary(report))
    if report["findings"]:
        raise typer.Exit(REFUSED)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let a run that is told to end give its lease back first: the next need not wait for it."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise typer.Exit(REFUSED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Lease:
    """That one verification runs at a time. Prolonged while it goes on; lost ten minutes after a process died with it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._again = 0.0

    def keep(self) -> None:
        """Take it, or keep it. Raises VerificationRunning while another process has it."""
        if time.monotonic() < self._again:
            return
        self._again = time.monotonic() + _LEASE_AGAIN_SECONDS
        now = self._desk.clock.now()
        with self._desk.database.write() as tx:
            if not leases.take(tx, LEASE, self._holder, now=now, duration=_LEASE_LASTS):
                raise VerificationRunning("Another `directca status verify` is under way. Wait until it has ended.")

    def end(self) -> None:
        """Let the next one begin."""
        with self._desk.database.write() as tx:
            leases.give_back(tx, LEASE, self._holder, now=self._desk.clock.now())


def _run(desk: Desk, options: VerifyOptions) -> dict[str, Any]:
    lease = _Lease(desk)
    lease.keep()
    started, began = desk.clock.now(), time.monotonic()
    try:
        with Stranger(options.timeout) as fetch:
            outcome = look_at_everything(
                Verification(
                    database=desk.database,
                    clock=desk.clock,
                    policy=desk.policy,
                    fetch=fetch,
                    looks=FileLooks(options.data),
                    chooser=secrets.SystemRandom(),
                    relying_party_url=desk.settings.relying_party_url,
                    through=options.base_url,
                    sample=options.sample,
                    all_revoked=options.all_revoked,
                    going_on=lease.keep,
                )
            )
    finally:
        lease.end()
    report = _report(outcome)
    times = {"started_at": rfc3339(started), "finished_at": rfc3339(desk.clock.now())}
    return {**times, "seconds": round(time.monotonic() - began, 3), "through": options.base_url, **report}


def _report(outcome: Outcome) -> dict[str, Any]:
    return {
        "addresses": outcome.addresses,
        "lists": outcome.lists,
        "entries": outcome.entries,
        "ocsp_answers": outcome.answers,
        "findings": [
            {"severity": one.severity.name.lower(), "check": one.check, "address": one.address, "message": one.message}
            for one in outcome.findings
        ],
    }


def _told(report: dict[str, Any]) -> Any:
    columns = ("severity", "check", "address", "message")
    rows = [[one[name] for name in columns] for one in report["findings"]]
    return present.listing(columns, rows, empty="Everything that certificates name is there, and all of it agrees.")


def _summary(report: dict[str, Any]) -> str:
    way = "" if report["through"] is None else f", asked through {report['through']} instead of the host in certificates"
    return (
        f"{len(report['findings'])} findings: {report['addresses']} addresses, {report['lists']} lists with {report['entries']} "
        f"entries, {report['ocsp_answers']} OCSP answers, in {report['seconds']} seconds{way}."
    )


command(app, "verify", VerifyOptions, verify)
