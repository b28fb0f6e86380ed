"""`directca reconcile`: settle what a crash left, now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from directca import rooms
from directca.cli import present
from directca.cli.commands import Common, alone, command
from directca.cli.context import operator
from directca.issuance.reconcile import reconcile
from directca.revocation import upkeep

app = alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions(Common):
    """Options of `reconcile`."""

    older_than: Annotated[
        int, typer.Option(min=0, help="Only intents that are older than so many seconds; 0 also ends what is under way.")
    ] = 60


def settle(options: ReconcileOptions) -> None:
    """Settle each intent to sign that never became a certificate: revoked, its money given back, its name free again."""
    authority = rooms.open_authority(options.data)
    try:
        age = timedelta(seconds=options.older_than)
        settled = reconcile(authority.issuance, actor=operator(), older_than=age)
        if settled:
            upkeep.produce_due_crls(authority.revocation)
    finally:
        authority.close()
    data = [
        {"identifier": one.identifier, "signing_cert_serial": one.signing_serial, "encryption_cert_serial": one.encryption_serial}
        for one in settled
    ]
    human = present.listing(
        ("identifier", "signing serial", "encryption serial"),
        [(one.identifier, one.signing_serial, one.encryption_serial) for one in settled],
        empty="Nothing was left to settle.",
    )
    present.emit({"settled": data}, as_json=options.as_json, human=human)


command(app, "reconcile", ReconcileOptions, settle)
