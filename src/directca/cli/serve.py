"""`directca serve`: one parent that does periodic work, and worker processes that answer requests on one socket.

The parent opens the authority, reconciles what a crash left, makes due CRLs, and only then lets workers begin. It replaces a
worker that dies. SIGTERM and Ctrl-C end everything in order: workers finish what they are doing first.
"""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer

from directca import rooms
from directca.certificates import listing
from directca.cli import database_check, founding, logs, open_files, sandbox, service_manager, welcome
from directca.cli.commands import Common, alone, command
from directca.cli.errors import BadOption, PortTaken
from directca.cli.membership import Membership
from directca.cli.sole_server import sole_server
from directca.cli.upkeep import Upkeep
from directca.cli.worker import Workers
from directca.errors import Unavailable
from directca.issuance.found import ISSUING
from directca.issuance.reconcile import reconcile
from directca.journal.model import Event
from directca.journal.record import append
from directca.pki.lints import pkix
from directca.responders.rarely import Rarely
from directca.revocation import ocsp, upkeep
from directca.rooms import Authority
from directca.settings import FILE, load

_LOG = structlog.get_logger("directca.serve")
_RARELY = Rarely()
_BACKLOG = 1024
_HIGHEST_PORT = 65_535
_TICK_SECONDS = 0.2
_CHECKED_BYTES = 64 * 1024 * 1024

app = alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions(Common):
    """Options of `serve`."""

    port: Annotated[int | None, typer.Option(envvar="PORT", help="Port; default: the settings', 8600.")] = None
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer; default: the settings'.")] = None


def serve(options: ServeOptions) -> None:
    """Run the authority; on first start in an empty folder, make a sandbox to try it in."""
    logs.set_up()
    data = options.data
    port = _port(data, options.port)
    with _bound(data, port) as listening, sole_server(data):
        if founding.unfinished(data):
            founding.make(data, founding.SANDBOX_NAMES, sandbox=True, port=port)
        authority = rooms.open_authority(data, port=port, workers=options.workers)
        open_files.allow(authority.settings.server.connections)
        authority.database.check(whole_up_to=_CHECKED_BYTES)
        if database_check.one_role(authority.settings):
            _LOG.warning(database_check.ONE_ROLE)
        if authority.settings.sandbox.enabled:
            sandbox.check_node(authority)
        membership = Membership(authority)
        _prepare(authority, alone=membership.enter())
        pkix.load()  # here, not in the first request that signs; the workers inherit it
        facts = sandbox.prepare(authority) if authority.settings.sandbox.enabled else None
        # Not before: what a balancer sends to a start that ends with a refusal, or brings a database to its new form, is lost.
        _listen(listening, port)
        if facts is not None:
            welcome.announce(authority, facts)
        else:
            sys.stdout.write(f"directca serves on {authority.settings.public_url}; documentation: /docs\n")
        sys.stdout.flush()
        _run(authority, listening, membership)


command(app, "serve", ServeOptions, serve)


def _port(data: Path, asked: int | None) -> int:
    if asked is None:
        return load(data).server.port if (data / FILE).exists() else 8600
    if not 1 <= asked <= _HIGHEST_PORT:
        raise BadOption(f"The port must be 1 to {_HIGHEST_PORT}, not {asked}. Choose another: PORT=8600", field="port")
    return asked


def _bound(data: Path, port: int) -> socket.socket:
    """A socket that has the address, at which nobody is let in yet."""
    host = load(data).server.host if (data / FILE).exists() else "127.0.0.1"
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise _taken(port) from error
        why = error.strerror or error
        raise PortTaken(f"Nothing can listen on {host} port {port}: {why}. Choose another with PORT=…") from error
    return listening


def _listen(listening: socket.socket, port: int) -> None:
    """Let clients in. Of two that start at the same moment, the second one is refused here."""
    try:
        listening.listen(_BACKLOG)
    except OSError as error:
        raise _taken(port) from error


def _taken(port: int) -> PortTaken:
    other = port + 100 if port + 100 <= _HIGHEST_PORT else port - 100
    return PortTaken(f"Port {port} is taken. Stop the program that uses it, or choose another: PORT={other}")


def _prepare(authority: Authority, *, alone: bool) -> None:
    """What must be true before the first request: no intent is open that nobody works on, and every address that certificates
    name answers. Unless this server is alone, an intent may be another's at this moment, and has its time."""
    abandoned_after = timedelta(0) if alone else authority.issuance.config.abandoned_after
    now = authority.clock.now()
    with authority.database.write() as tx:
        listing.begin(tx, ISSUING, listing.partition_names(authority.settings.revocation.partitions), now)
        append(tx, Event("authority.started", "system:serve", "authority:issuing", detail={"pid": os.getpid()}), at=now)
    settled = reconcile(authority.issuance, actor="system:start", older_than=abandoned_after)
    if settled:
        _LOG.warning("settled what a crash left", intents=len(settled))
    try:
        ocsp.keep(authority.ocsp, actor="system:start", older_than=abandoned_after)
    except Unavailable as error:
        _LOG.error("no OCSP responder can be made now", error=error.slug, detail=error.detail)
    try:
        upkeep.produce_due_crls(authority.revocation)
    except Unavailable as error:
        # Signing may be stopped: what is published is served all the same, and upkeep tries again.
        _LOG.error("no CRL can be made now", error=error.slug, detail=error.detail)


def _run(authority: Authority, listening: socket.socket, membership: Membership) -> None:
    # Connections and threads do not survive a fork: none exist at this moment, and each process makes its own.
    authority.database.close()
    workers = Workers(authority, listening, authority.settings.workers)
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    listening.close()  # before the fork: a second one in each worker would keep the port open after it closed its own
    workers.start()
    service_manager.tell(service_manager.READY)
    periodic = Upkeep(authority, workers.metrics_folder, membership)
    periodic.serve_metrics()
    try:
        while not asked:
            _go_on_after(workers.end_still)
            _go_on_after(workers.replace_dead)
            _go_on_after(periodic.work_if_due)
            time.sleep(_TICK_SECONDS)
        service_manager.tell(service_manager.STOPPING)
        if asked == [signal.SIGTERM]:
            _drain(workers, authority.settings.drain_seconds, asked)
    finally:
        workers.stop()
        periodic.stop()
        _go_on_after(lambda: _note_end(authority))
        authority.close()
        sys.stdout.write("Stopped.\n")


def _drain(workers: Workers, seconds: int, asked: list[int]) -> None:
    """Go on for a while, and let it be known that this is the end. Whoever asks a second time does not want to wait."""
    if seconds:
        _LOG.info("draining", seconds=seconds)
        workers.drain()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and len(asked) == 1:
        _go_on_after(workers.replace_dead)
        time.sleep(_TICK_SECONDS)


def _go_on_after(work: Callable[[], object]) -> None:
    """Do it. With the parent everything ends, so no failure of what it does now and then may end it."""
    _RARELY.guard(work, _LOG.error, "what the parent process does broke")


def _note_end(authority: Authority) -> None:
    with authority.database.write() as tx:
        append(tx, Event("authority.stopped", "system:serve", "authority:issuing"), at=authority.clock.now())
