"""What revocations of many pairs say, in the words that people read: which pairs are meant, and what becomes of them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from directca.accounts import accounts, permissions
from directca.errors import NotFound
from directca.revocation.authority_errors import AuthorityAlreadyRevoked, UnknownAuthority
from directca.revocation.bulk_model import CANCELLED
from directca.revocation.errors import AlreadyExpired, AlreadyRevoked, NotHeld
from directca.revocation.policy import UNCHANGED
from directca.vetting import organizations
from directca.vetting.errors import NoSuchOrganization
from directca.vetting.proposal_errors import AuthorGone, ProposalDiffers
from directca.web import dates
from directca.web.console.context import Visit
from directca.web.console.queue_pages import REGISTRY

OUTCOMES: Mapping[str, str] = {
    "revoked": "revoked",
    "held": "suspended",
    "released": "good again",
    UNCHANGED: "unchanged, as they are so already",
    CANCELLED: "left as they are, since the order was cancelled",
    AlreadyExpired.slug: "unchanged, as they have expired",
    AlreadyRevoked.slug: "unchanged, as they are revoked already",
    NotHeld.slug: "unchanged, as they are not suspended",
}
"""What becomes of pairs under an order, by the outcome of each."""

REFUSALS: Mapping[str, str] = {
    AuthorityAlreadyRevoked.slug: "the authority was revoked already",
    UnknownAuthority.slug: "there is no such authority any more",
    NoSuchOrganization.slug: "there is no such organization any more",
    AuthorGone.slug: "who proposed or confirmed it may not do so any more",
    ProposalDiffers.slug: "what it is about has changed",
}
"""Why what was confirmed could not be carried out, by the name of the refusal."""

_QUERY: Mapping[str, str] = {
    "name_is": "Name",
    "name_like": "Names like",
    "signing_serial": "Serial of the signing certificate",
    "encryption_serial": "Serial of the encryption certificate",
    "status": "State",
    "expires_before": "Ends before",
    "expires_after": "Ends after",
    "organization": "Organization by name",
}


@dataclass(frozen=True)
class Told:
    """One fact of a page: its label, its words, whether machines write it like that, and where it leads, if anywhere."""

    label: str
    words: str
    is_mono: bool = False
    path: str = ""


def plain(name: str) -> str:
    """A name of a field for which there are no words, as words."""
    return name.replace("_", " ")


def outcomes(counted: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What becomes of how many, in words."""
    return tuple((OUTCOMES.get(outcome, plain(outcome)), count) for outcome, count in counted.items())


def moment(text: str) -> str:
    """A moment of a record, as pages write it."""
    return dates.iso_moment(datetime.fromisoformat(text))


def selected(visit: Visit, selection: str) -> tuple[Told, ...]:
    """Which pairs an order means, from the JSON of `bulk_model.described`."""
    return tuple(told for name, value in json.loads(selection).items() for told in _selected(visit, name, value))


def organization(visit: Visit, identifier: str, label: str = "Organization") -> Told:
    """An organization by its name, with the way to its page for those who may open it."""
    name = _name(lambda: _organization_name(visit, identifier), identifier)
    may_open = not permissions.SEE_EVERY_CASE.other.isdisjoint(visit.session.person.roles)
    return Told(label, name, path=f"{REGISTRY}/{identifier}" if may_open and name != identifier else "")


def _selected(visit: Visit, name: str, value: Any) -> Iterable[Told]:
    if name == "organization_id":
        yield organization(visit, value)
    elif name == "account_id":
        yield Told("Account", _name(lambda: _account_name(visit, value), value))
    elif name == "domain":
        yield Told("Domain, and everything below it", value, is_mono=True)
    elif name == "query":
        for field, said in value.items():
            is_moment = field.startswith("expires_")
            yield Told(_QUERY.get(field, plain(field)), moment(said) if is_moment else said, is_mono=not is_moment)
    elif name in ("serials", "keys"):
        yield from _listed("Serial numbers" if name == "serials" else "Keys, by the SHA-256 of each", value)
    else:
        yield Told(plain(name).capitalize(), str(value))


def _listed(label: str, value: Any) -> Iterable[Told]:
    if isinstance(value, list):
        yield Told(label, ", ".join(value), is_mono=True)
        return
    yield Told(label, f"{value['count']:,}")
    yield Told(
        f"SHA-256 of that list of {'serial numbers' if label == 'Serial numbers' else 'keys'}", value["sha256"], is_mono=True
    )


def _name(find: Callable[[], str], otherwise: str) -> str:
    try:
        return find()
    except NotFound:
        return otherwise


def _organization_name(visit: Visit, identifier: str) -> str:
    with visit.console.database.read() as tx:
        return organizations.find(tx, identifier).facts.legal_name


def _account_name(visit: Visit, identifier: str) -> str:
    with visit.console.database.read() as tx:
        return accounts.find(tx, identifier).name
