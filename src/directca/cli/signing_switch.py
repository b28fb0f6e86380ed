"""`directca stop-signing` and `directca resume-signing`: the kill switch, effective on every process with its next signature."""

from dataclasses import dataclass

from directca.certificates import switch
from directca.cli import present
from directca.cli.commands import Common, Reason, alone, command
from directca.cli.context import opened
from directca.clock import rfc3339
from directca.journal.model import Event
from directca.journal.record import append

app = alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOptions(Common):
    """Options of both commands."""

    reason: Reason


def stop_signing(options: SwitchOptions) -> None:
    """Stop all signing at once: no certificate and no CRL is signed until it is resumed. Revocations are still recorded."""
    with opened(options.data) as desk:
        now = desk.clock.now()
        with desk.database.write() as tx:
            switch.stop(tx, at=now, by=desk.actor, reason=options.reason)
            append(tx, Event("signing.stopped", desk.actor, "authority:*", detail={"reason": options.reason}), at=now)
    present.emit(
        {"signing": "stopped", "since": rfc3339(now)},
        as_json=options.as_json,
        human="Signing is stopped on every process. Nothing is signed until: directca resume-signing",
    )


def resume_signing(options: SwitchOptions) -> None:
    """Allow signing again. What was revoked in the meantime goes on the next CRL, within seconds."""
    with opened(options.data) as desk:
        now = desk.clock.now()
        with desk.database.write() as tx:
            switch.resume(tx, by=desk.actor, reason=options.reason)
            append(tx, Event("signing.resumed", desk.actor, "authority:*", detail={"reason": options.reason}), at=now)
    present.emit({"signing": "allowed"}, as_json=options.as_json, human="Signing is allowed again.")


command(app, "stop-signing", SwitchOptions, stop_signing)
command(app, "resume-signing", SwitchOptions, resume_signing)
