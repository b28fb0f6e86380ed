"""Refused requests are journalled too: an auditor wants to see who asked for what in vain."""

from collections.abc import Iterator
from contextlib import contextmanager

from directca.errors import Conflict, DirectCAError, Malformed, NotFound, Rejected
from directca.issuance.context import Issuance
from directca.issuance.model import Verb
from directca.journal.model import Event
from directca.journal.record import append
from directca.oauth.model import Principal

_TOLD = (Malformed, Rejected, NotFound, Conflict)


@contextmanager
def journalled(ca: Issuance, principal: Principal, verb: Verb, identifier: str | None = None) -> Iterator[None]:
    """Write a journal row when the block refuses the request, then let the refusal pass on."""
    try:
        yield
    except _TOLD as refusal:
        _journal(ca, principal, verb, identifier, refusal)
        raise


def _journal(ca: Issuance, principal: Principal, verb: Verb, identifier: str | None, refusal: DirectCAError) -> None:
    event = Event(
        "certificate.refused",
        principal.actor,
        f"account:{principal.account_id}",
        outcome=refusal.slug,
        account_id=principal.account_id,
        detail={"verb": verb.value, "identifier": identifier, "field": refusal.field},
    )
    with ca.database.write() as tx:
        append(tx, event, at=ca.clock.now())
