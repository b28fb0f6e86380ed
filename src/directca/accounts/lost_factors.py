"""Second factors that somebody has lost: an operator's command takes them away."""

from directca.accounts import factor_store, people_store
from directca.accounts.people import People, named
from directca.accounts.person import Person
from directca.journal.model import Event, Fact
from directca.journal.record import append


def reset(people: People, username: str, *, actor: str, reason: str) -> tuple[Person, int]:
    """Take all factors and codes of somebody who has lost them away; every session ends. Tells how many factors there were.

    Whoever works for the authority adds one at the next sign-in, before anything else. For operators' commands. Raises
    `NoSuchPerson`.
    """
    now = people.clock.now()
    with people.database.write() as tx:
        person = named(tx, username)
        removed = factor_store.remove_all(tx, person.id)
        people_store.forget_browsers(tx, person.id)
        ended = people_store.delete_sessions(tx, person.id)
        detail: dict[str, Fact] = {"reason": reason, "factors_removed": removed, "sessions_ended": ended}
        append(tx, Event("person.factors_reset", actor, person.actor, account_id=person.account_id, detail=detail), at=now)
    return person, removed
