"""`directca responder`: those who sign OCSP answers. The server makes them by itself; people look, and act in an emergency."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened, opened_with_keys, operator
from directca.clock import rfc3339
from directca.issuance.found import ISSUING
from directca.pki.reasons import RevocationReason
from directca.revocation import responders
from directca.revocation.responder_model import ResponderEntry

app = group("responder", "Those who sign OCSP answers.")


class Cause(StrEnum):
    """The reasons as words of the command line."""

    KEY_COMPROMISE = "keyCompromise"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderOptions(Common):
    """Options of `list` and `make`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOptions(Common):
    """Options of `revoke`."""

    serial: Annotated[str, typer.Argument(help="Its serial number, as `directca responder list` tells it.")]
    reason: Annotated[Cause, typer.Option(help="Why, as relying parties are told.")] = Cause.KEY_COMPROMISE


def list_responders(options: ResponderOptions) -> None:
    """List the OCSP responders, oldest first, with what became of each."""
    with opened(options.data) as desk, desk.database.read() as tx:
        now = desk.clock.now()
        kept = responders.keys_kept(tx) | {file.name for file in desk.settings.keys.glob("ocsp-*.pem")}
        rows = [_facts(one, now, kept) for one in responders.known(tx, ISSUING)]
    columns = ("serial", "state", "not_before", "not_after")
    table = present.listing(
        columns,
        [[row[name] for name in columns] for row in rows],
        empty="There is none yet: directca responder make",
    )
    present.emit(rows, as_json=options.as_json, human=table)


def make(options: ResponderOptions) -> None:
    """Make another responder now. It signs after an hour, or at once if there is no other; those there are go on answering."""
    with opened_with_keys(options.data) as authority:
        made = responders.make(authority.ocsp.signers.desk, ISSUING, actor=operator())
        data = _facts(made, authority.clock.now(), frozenset({made.key_reference}))
    present.emit(data, as_json=options.as_json, human=f"Made the responder {made.serial}, until {data['not_after']}.")


def revoke(options: RevokeOptions) -> None:
    """Revoke a responder, whose key is no longer yours alone, or is lost. Make another first: answers need one."""
    serial = options.serial.replace(":", "").lower().lstrip("0")
    with opened_with_keys(options.data) as authority:
        reason = RevocationReason(options.reason.value)
        revoked = responders.revoke(authority.ocsp.signers.desk, ISSUING, serial, reason, actor=operator())
    data = {"serial": revoked.serial, "state": "revoked", "reason": reason.value}
    present.emit(data, as_json=options.as_json, human=f"Revoked the responder {revoked.serial}.")


def _facts(entry: ResponderEntry, now: datetime, keys: Set[str]) -> dict[str, Any]:
    return {
        "serial": entry.serial,
        "state": _state(entry, now, keys),
        "not_before": rfc3339(entry.not_before),
        "not_after": rfc3339(entry.not_after),
        "key": entry.key_reference,
    }


def _state(entry: ResponderEntry, now: datetime, keys: Set[str]) -> str:
    if entry.revoked_at is not None:
        return "revoked"
    if entry.der is None:
        return "intended"
    if entry.not_after < now:
        return "expired"
    return "usable" if entry.key_reference in keys else "key missing"


command(app, "list", ResponderOptions, list_responders)
command(app, "make", ResponderOptions, make)
command(app, "revoke", RevokeOptions, revoke)
