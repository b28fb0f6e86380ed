"""`directca authority`: the certification authorities of this data folder, and the revocation of an issuing one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from directca.certificates import authorities, authority_standing
from directca.certificates.authority_standing import AuthorityStanding
from directca.certificates.model import AuthorityEntry
from directca.cli import present
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import opened, opened_to_order, operator
from directca.cli.errors import NotConfirmed
from directca.cli.proposal import proposed
from directca.cli.words import moment
from directca.clock import rfc3339
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason
from directca.revocation import authority_status, crl, ordering
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.model import ListId
from directca.settings import Settings
from directca.vetting import actors
from directca.vetting.proposal_model import Proposal

app = group("authority", "The certification authorities, and the revocation of an issuing one.")


class Cause(StrEnum):
    """The reasons as words of the command line."""

    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityOptions(Common):
    """Options of `show`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOptions(Common):
    """Options of `revoke`."""

    authority: Annotated[str, typer.Argument(metavar="AUTHORITY", help="Its id, as `directca authority show` tells it.")]
    reason: Annotated[Cause, typer.Option(help="Why, as relying parties are told.")]
    reason_text: Reason
    invalid_since: Annotated[
        str, typer.Option(metavar="DATE", help="Since when its key or its certificate is suspect, if that is known.")
    ] = ""
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is revoked.")] = False


def show(options: AuthorityOptions) -> None:
    """Show each authority: its certificate, whether that is revoked, whether its key is here, and its published list."""
    with opened(options.data) as desk, desk.database.read() as tx:
        rows = [_facts(tx, entry, desk.settings, desk.clock.now()) for entry in authorities.known(tx)]
    columns = ("authority", "subject", "serial", "not_after", "status", "listed", "key", "list_until")
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="There is no authority yet.")
    present.emit(rows, as_json=options.as_json, human=table)


def revoke(options: RevokeOptions) -> None:
    """Revoke an issuing authority, for good: it issues nothing any more, and every certificate under it loses its trust."""
    since = moment(options.invalid_since, field="invalid_since") if options.invalid_since else None
    wanted = AuthorityRevocation(RevocationReason(options.reason.value), since, options.reason_text)
    with opened(options.data) as desk, desk.database.read() as tx:
        entry = authority_status.find(tx, options.authority)
        # Refused before anybody is asked to confirm it; it is decided again when it is done.
        authority_status.decide(entry, authority_standing.standing(tx, entry.id), wanted, desk.clock.now())
    if not options.yes and not _confirmed(entry, wanted):
        raise NotConfirmed("Nothing was changed.")
    with opened_to_order(options.data) as (ca, registration):
        standing = ordering.revoke_authority(ca, registration, actors.operator(operator()), entry.id, wanted)
        if isinstance(standing, Proposal):
            proposed(options, standing)
            return
        with ca.database.read() as tx:
            listed = authority_status.is_listed(tx, entry)
    data = {"authority": entry.id, "subject": entry.subject_dn, **_standing(standing), "listed": listed}
    present.emit(data, as_json=options.as_json, human=f"{entry.subject_dn} is revoked. {_LISTED if listed else _NOT_LISTED}")


_LISTED = "The list of the authority above it says so."
_NOT_LISTED = (
    "The list of the authority above it does not say so yet. The server makes it within seconds if it has that authority's key; "
    "if the key is kept offline, make the list now: directca root-crl export. See: directca authority show"
)


def _confirmed(entry: AuthorityEntry, wanted: AuthorityRevocation) -> bool:
    return typer.confirm(
        f"Revoke the certification authority {entry.subject_dn} with reason {wanted.reason.value}? Nothing will be issued "
        "under it any more, and receivers will trust none of the certificates that it issued. This cannot be undone.",
        err=True,
    )


def _facts(tx: Tx, entry: AuthorityEntry, settings: Settings, now: datetime) -> dict[str, Any]:
    standing = authority_standing.standing(tx, entry.id)
    newest = crl.newest(tx, ListId(entry.id))
    until = None if newest is None else rfc3339(newest.next_update)
    return {
        "authority": entry.id,
        "subject": entry.subject_dn,
        "serial": f"{authority_standing.serial(entry):x}",
        "not_after": rfc3339(entry.not_after),
        **_standing(standing),
        "listed": None if standing.revoked_at is None else authority_status.is_listed(tx, entry),
        "key": "here" if (settings.keys / entry.key_reference).is_file() else "not here",
        "list_until": until if newest is None or newest.fresh_at(now) else f"{until} STALE",
    }


def _standing(standing: AuthorityStanding) -> dict[str, Any]:
    return {
        "status": "good" if standing.revoked_at is None else "revoked",
        "revoked_at": None if standing.revoked_at is None else rfc3339(standing.revoked_at),
        "reason": None if standing.reason is None else standing.reason.value,
        "invalidity_date": None if standing.invalidity_date is None else rfc3339(standing.invalidity_date),
    }


command(app, "show", AuthorityOptions, show)
command(app, "revoke", RevokeOptions, revoke)
