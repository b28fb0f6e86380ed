"""`directca client revoke`: revoke, hold and release."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from directca.cli.client import present
from directca.cli.client.connection import connect
from directca.cli.client.failures import Misused
from directca.cli.client.options import Access
from directca.clock import SystemClock


class Reason(StrEnum):
    """The API's words for why (RFC 5280 5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    REMOVE_FROM_CRL = "removeFromCRL"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOptions(Access):
    """What `revoke` takes."""

    name: Annotated[str, typer.Argument(help="The Direct address or domain.", show_default=False)]
    reason: Annotated[
        Reason,
        typer.Option(help="Why. certificateHold suspends both certificates, removeFromCRL releases them.", show_default=False),
    ]
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False


_CONSEQUENCES = {
    Reason.CERTIFICATE_HOLD: (
        "This suspends both certificates of {name}. Receivers stop trusting them within a minute. "
        "You can release them with --reason removeFromCRL; a hold that lasts too long becomes a revocation."
    ),
    Reason.REMOVE_FROM_CRL: "This releases both certificates of {name} from hold. Receivers trust them again.",
}
_FINAL = (
    "This revokes both certificates of {name} ({reason}). Receivers stop trusting them within a minute. "
    "It cannot be undone: afterwards {name} needs new certificates."
)


def revoke(options: RevokeOptions) -> None:
    """Revoke both certificates of a name, or hold or release them."""
    if not options.yes:
        _confirm(options)
    clock = SystemClock()
    with connect(options.server, options.token_file, clock) as connection:
        changed = connection.revoke(options.name, options.reason.value)
    if options.as_json:
        present.verbatim(changed.verbatim)
    else:
        present.record(changed, clock.now())


def _confirm(options: RevokeOptions) -> None:
    if not sys.stdin.isatty():
        raise Misused("Nobody is there to confirm. Add --yes if you mean it.")
    text = _CONSEQUENCES.get(options.reason, _FINAL)
    present.note(text.format(name=options.name, reason=options.reason.value))
    if not typer.confirm("Go on?", default=False, err=True):
        raise Misused("Nothing was changed.")
