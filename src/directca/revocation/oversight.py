"""How the authority stands, for those who configure it, keep it going and audit it: what is in force, and what is fresh."""

from dataclasses import dataclass
from datetime import datetime

from directca.accounts import permissions, sessions
from directca.accounts.people import People
from directca.accounts.permissions import Whose
from directca.accounts.person import Session
from directca.certificates import authorities, authority_standing, switch
from directca.certificates.authority_standing import AuthorityStanding
from directca.certificates.model import AuthorityEntry
from directca.db import nodes
from directca.db.nodes import Node
from directca.revocation import crl, responders
from directca.revocation.context import Revocation
from directca.revocation.model import ListFacts, ListId
from directca.revocation.responder_model import ResponderEntry


@dataclass(frozen=True)
class AuthorityState:
    """A certification authority: whether its certificate is revoked, whether its key is here, its newest lists (None: none yet),
    and its OCSP responders that have not ended, the newest first."""

    entry: AuthorityEntry
    standing: AuthorityStanding
    has_key: bool
    lists: tuple[tuple[ListId, ListFacts | None], ...]
    responders: tuple[ResponderEntry, ...]


@dataclass(frozen=True)
class State:
    """The authorities, the nodes, and since when, by whom and why signing is stopped (None: it is not)."""

    now: datetime
    authorities: tuple[AuthorityState, ...]
    nodes: tuple[Node, ...]
    stopped: tuple[datetime, str, str] | None


def state(ca: Revocation, people: People, *, by: Session) -> State:
    """How everything stands at this moment. Raises NotPermitted, SessionEnded."""
    check_may_see(people, by=by)
    with ca.database.read() as tx:
        now = ca.clock.now()
        every_list = crl.lists(tx)
        found = [
            AuthorityState(
                entry,
                authority_standing.standing(tx, entry.id),
                entry.id in ca.authorities and ca.authorities[entry.id].has_key,
                tuple((of, crl.newest(tx, of)) for of in every_list if of.authority_id == entry.id),
                tuple(one for one in reversed(responders.known(tx, entry.id)) if one.not_after >= now),
            )
            for entry in authorities.known(tx)
        ]
        return State(now, tuple(found), nodes.every(tx), switch.stopped(tx))


def check_may_see(people: People, *, by: Session) -> None:
    """Let whoever may see the policy, the prices and the settings pass. Raises NotPermitted, SessionEnded."""
    with people.database.read() as tx:
        session = sessions.confirmed(tx, people, by, people.clock.now())
        permissions.check(permissions.SEE_STATE, session.person.roles, Whose.OTHER)
