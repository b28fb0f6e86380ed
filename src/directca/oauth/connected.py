"""What a person has granted, and withdrawing it."""

from dataclasses import dataclass
from datetime import datetime

from directca.accounts.person import Person
from directca.oauth import application_store, family
from directca.oauth.context import OAuth
from directca.oauth.errors import NotConnected


@dataclass(frozen=True)
class Connection:
    """An application that can act for a person now, with all that the person granted it."""

    client_id: str
    name: str
    owner_name: str
    scopes: tuple[str, ...]
    granted_at: datetime
    """When the person first granted something that still holds."""
    used_at: datetime
    """When the application last got a token."""


def connections(oauth: OAuth, person: Person) -> tuple[Connection, ...]:
    """The applications that can act for this person, the one last used first."""
    found: dict[str, Connection] = {}
    with oauth.database.read() as tx:
        grants = application_store.live_grants(tx, person.id, oauth.clock.now())
    for one in grants:
        known = found.get(one.client_id)
        found[one.client_id] = Connection(
            client_id=one.client_id,
            name=one.client_name,
            owner_name=one.owner_name,
            scopes=one.scopes if known is None else tuple(dict.fromkeys((*known.scopes, *one.scopes))),
            granted_at=one.granted_at if known is None else min(known.granted_at, one.granted_at),
            used_at=one.used_at if known is None else max(known.used_at, one.used_at),
        )
    return tuple(found.values())


def withdraw(oauth: OAuth, person: Person, client_id: str) -> int:
    """End everything this person granted that application: codes, access tokens, refresh tokens, at once. It cannot be undone.

    Answers how many grants ended. Raises `NotConnected` when there was none.
    """
    now = oauth.clock.now()
    with oauth.database.write() as tx:
        grants = application_store.active_grants(tx, person.id, client_id)
        if not grants:
            raise NotConnected("You have not connected this application, or have withdrawn it already.", field="client_id")
        for grant in grants:
            family.end(tx, grant, because=family.Because.WITHDRAWN, actor=person.actor, at=now)
    return len(grants)
