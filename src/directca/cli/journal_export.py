"""`directca journal export`: hand the journal's rows to those who keep copies, once or as long as it runs."""

import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from directca.cli import logs, present
from directca.cli.commands import Common
from directca.cli.context import Desk, opened
from directca.cli.errors import BadOption
from directca.errors import DirectCAError
from directca.journal.config import ExportConfig
from directca.journal.errors import ExportRunning, ReceiverUnavailable
from directca.journal.export import Exporter, Receiver, begin_again, export, give_back, standing
from directca.journal.export_target import SyslogAddress, read_target
from directca.journal.json_lines import JsonLines
from directca.journal.read import length
from directca.journal.syslog import Syslog, Trust

_LOG = structlog.get_logger("directca.export")
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions(Common):
    """Options of `journal export`."""

    to: Annotated[
        str | None,
        typer.Option("--to", help="A file, or syslog+tls://host:6514; default: all of the settings' journal.export_to."),
    ] = None
    again_from: Annotated[int | None, typer.Option(min=1, help="Begin again with this row; needs --to.")] = None
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new rows as they come.")] = False
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="With --follow: stop when standard input ends, for who supervises it.")
    ] = False


def export_journal(options: ExportOptions) -> None:
    """Hand the journal's rows to those who keep copies, each from where it has come."""
    with opened(options.data) as desk:
        receivers = _receivers(desk, options)
        exporter = Exporter(desk.database, desk.clock, f"{socket.gethostname()}:{os.getpid()}")
        if options.again_from is not None:
            begin_again(exporter, receivers[0].target, options.again_from)
        if options.follow:
            logs.set_up()
            _follow(
                exporter, receivers, desk.settings.journal.export_seconds, _ended_input() if options.until_input_ends else None
            )
            return
        failures: list[DirectCAError] = []
        brought = {one.target: _bring_all(exporter, one, failures.append) for one in receivers}
        _tell(exporter, brought, as_json=options.as_json)
        if failures:
            raise failures[0]


def receiver(target: str, config: ExportConfig, data: Path) -> Receiver:
    """Who is behind the name of a target. Raises BadExportTarget."""
    found = read_target(target, data)
    if not isinstance(found, SyslogAddress):
        return JsonLines(target, found)
    trust, certificate, key = (
        data / name if name else None
        for name in (config.export_trust_file, config.export_certificate_file, config.export_key_file)
    )
    return Syslog(target, found, Trust(trust, certificate, key, config.accept_plain_close), socket.gethostname())


def _receivers(desk: Desk, options: ExportOptions) -> list[Receiver]:
    config = desk.settings.journal
    if options.again_from is not None and options.to is None:
        raise BadOption("--again-from is about one target. Name it with --to.", field="again_from")
    targets = config.export_to if options.to is None else (options.to,)
    if not targets:
        raise BadOption("Nobody is to receive the journal. Name a target with --to, or set journal.export_to.", field="to")
    return [receiver(target, config, desk.settings.data) for target in targets]


def _bring_all(exporter: Exporter, to: Receiver, failed: Callable[[DirectCAError], None]) -> int:
    """Bring everything that a target lacks now; how many rows that were until something failed."""
    brought = 0
    try:
        while rows := export(exporter, to):
            brought += rows
        if brought:
            give_back(exporter, to.target)
    except DirectCAError as error:
        failed(error)
    return brought


def _follow(exporter: Exporter, receivers: list[Receiver], every: float, ended: threading.Event | None) -> None:
    """Bring what comes, to each target apart, until the process is ended: a target that fails keeps nobody else waiting."""
    ended = ended or threading.Event()
    threads = [threading.Thread(target=_follow_one, args=(exporter, one, every, ended), daemon=True) for one in receivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _follow_one(exporter: Exporter, to: Receiver, every: float, ended: threading.Event) -> None:
    pause = every
    while True:
        failures: list[DirectCAError] = []
        try:
            brought = _bring_all(exporter, to, failures.append)
        except Exception:  # noqa: BLE001  (a bug that one row provokes must not end the export for good, unheard)
            _LOG.exception("the export of the journal broke", target=to.target)
            brought, failures = 0, [ReceiverUnavailable("It broke; the log says why.")]
        if brought:
            _LOG.info("exported the journal", target=to.target, rows=brought)
        for error in failures:
            _LOG.error("the journal is not exported", target=to.target, error=error.slug, detail=error.detail)
        # One that another process exports to has not failed, and is looked at again as soon as that one may have died.
        failed = any(not isinstance(error, ExportRunning) for error in failures)
        pause = min(pause * 2, max(_LONGEST_PAUSE, every)) if failed else every
        if ended.wait(pause):
            return


def _ended_input() -> threading.Event:
    """Set when standard input ends: who supervises this process holds the other end, and loses it by dying too."""
    ended = threading.Event()

    def read() -> None:
        while sys.stdin.buffer.read(1):
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    return ended


def _tell(exporter: Exporter, brought: dict[str, int], *, as_json: bool) -> None:
    with exporter.database.read() as tx:
        rows = length(tx)
        data: list[dict[str, Any]] = [
            {"target": target, "brought": count, "position": standing(tx, target).position, "rows": rows}
            for target, count in brought.items()
        ]
    table = present.listing(
        ("target", "brought now", "up to row", "of"),
        [tuple(one.values()) for one in data],
        empty="Nobody is to receive the journal.",
    )
    present.emit(data, as_json=as_json, human=table)
