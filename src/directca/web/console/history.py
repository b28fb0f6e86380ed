"""The journal of one record in words: what happened, when, by whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from directca.accounts import people
from directca.certificates.model import Record
from directca.errors import NotFound
from directca.journal import read
from directca.journal.model import Event, Fact, Row
from directca.oauth import applications
from directca.oauth.in_person import CONSOLE
from directca.pki.reasons import RevocationReason
from directca.web import dates
from directca.web.console.context import Visit

MOST = 200
"""As many rows of a record are told; no pair lives through more."""

REASONS: Mapping[str, str] = {
    RevocationReason.UNSPECIFIED: "no reason is given",
    RevocationReason.KEY_COMPROMISE: "a key is, or may be, in other hands",
    RevocationReason.CA_COMPROMISE: "an authority is compromised",
    RevocationReason.AFFILIATION_CHANGED: "the holder belongs to the organization no more, or its name changed",
    RevocationReason.SUPERSEDED: "another pair took its place",
    RevocationReason.CESSATION_OF_OPERATION: "the address or domain is used no more",
    RevocationReason.CERTIFICATE_HOLD: "it is suspended",
    RevocationReason.REMOVE_FROM_CRL: "it is good again",
    RevocationReason.PRIVILEGE_WITHDRAWN: "a right that it asserts was withdrawn",
    RevocationReason.AA_COMPROMISE: "an attribute authority is compromised",
}
"""The reasons of RFC 5280 in words."""


@dataclass(frozen=True)
class Happening:
    """One line of the history."""

    at: datetime
    sentence: str
    who: str


def history(visit: Visit, record: Record) -> tuple[Happening, ...]:
    """What happened to a record of the visitor's account, newest first. Reads the database."""
    console = visit.console
    with console.database.read() as tx:
        rows = read.about(tx, f"record:{record.id}", limit=MOST)
    names = {one.id: one.display_name for one in people.people_of(console.web.people, record.account_id)}
    told = [Happening(row.at, _sentence(row.event), _who(visit, row, names)) for row in rows]
    return tuple(reversed(told))


def named(visit: Visit, journalled: str) -> str:
    """Who stands in the journal, for staff: colleagues of the visitor by name, an operator as such, anybody else as it stands."""
    return namer(visit)(journalled)


def namer(visit: Visit) -> Callable[[str], str]:
    """`named`, for many."""
    colleagues = {one.actor: one.display_name for one in people.people_of(visit.console.web.people, visit.account_id)}

    def name(journalled: str) -> str:
        who = journalled.partition(" via ")[0]
        if who.startswith("operator:"):
            return f"operator {who.removeprefix('operator:')}"
        return colleagues.get(who, journalled)

    return name


def _sentence(event: Event) -> str:
    told = _SENTENCES.get(event.kind)
    said = f" “{event.detail['explanation']}”" if event.detail.get("explanation") else ""
    return (told(event.detail) if told else f"{event.kind.replace('.', ' ').replace('_', ' ').capitalize()}.") + said


def _ordered(detail: Mapping[str, Fact]) -> str:
    cents, verb = detail.get("price_cents"), detail.get("verb")
    price = f"{dates.dollars(cents)} were set aside" if isinstance(cents, int) and cents else "free of charge"
    return f"Ordered as {_VERBS.get(str(verb), 'a new pair')}; {price}."


def _superseded(detail: Mapping[str, Fact]) -> str:
    return (
        f"A newer pair of the same name took its place{', and it was revoked at once' if detail.get('revoked_at_once') else ''}."
    )


def _revoked(detail: Mapping[str, Fact]) -> str:
    because = REASONS.get(str(detail.get("reason")))
    return f"Revoked: {because}." if because else "Revoked."


_VERBS = {"issue": "a first pair", "reissue": "a reissue with the same expiry date", "renew": "a renewal"}
_SENTENCES: Mapping[str, Callable[[Mapping[str, Fact]], str]] = {
    "certificate.intended": _ordered,
    "certificate.issued": lambda _: "Issued: both certificates were signed.",
    "certificate.superseded": _superseded,
    "certificate.settled": lambda _: "Given up: it could not be signed, nothing was charged, its serials count as revoked.",
    "certificate.held": lambda _: "Suspended.",
    "certificate.released": lambda _: "Released: it is good again.",
    "certificate.revoked": _revoked,
    "key.blocked": lambda _: "Its keys were found to be compromised and are never certified again.",
}


def _who(visit: Visit, row: Row, names: Mapping[str, str]) -> str:
    """Who it was, as far as the account may know: its own people by name, the authority's as such."""
    who, _, via = row.event.actor.partition(" via ")
    kind, _, identity = who.partition(":")
    if kind == "person":
        name = names.get(identity, "an officer of the certificate authority")
        client = via.removeprefix("client:")
        if identity not in names or not client or client == CONSOLE:
            return name
        return f"{name}, through {_application(visit, client)}"
    if kind == "operator":
        return "the certificate authority’s operator"
    return "the certificate authority, by itself"


def _application(visit: Visit, client_id: str) -> str:
    with visit.console.database.read() as tx:
        try:
            return applications.find(tx, client_id).name
        except NotFound:
            return "an application"
