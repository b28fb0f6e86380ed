"""`directca role`: who of the people works for the authority, and as what."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from directca.accounts import roles
from directca.accounts.person import Person, Role
from directca.accounts.policy import ROLE_WORDS
from directca.accounts.roles import AtCommand
from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened

app = group("role", "Roles: who works for the authority, and as what.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantOptions(Common):
    """Options of `role grant`."""

    username: Annotated[str, typer.Argument(help="The name that the person signs in with.")]
    role: Annotated[Role, typer.Argument(help="What the person may do.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOptions(GrantOptions):
    """Options of `role withdraw`."""

    even_the_last: Annotated[
        bool, typer.Option("--even-the-last", help="Also when nobody is left who can grant roles on the pages.")
    ] = False


def grant(options: GrantOptions) -> None:
    """Let a person act in a role, and end their sessions. Administrator, officer and auditor exclude one another."""
    with opened(options.data) as desk:
        person = roles.grant(desk.people, options.username, options.role, by=AtCommand(desk.actor))
    _tell(person, as_json=options.as_json)


def withdraw(options: WithdrawOptions) -> None:
    """Let a person act in a role no longer, and end their sessions."""
    with opened(options.data) as desk:
        person = roles.withdraw(
            desk.people, options.username, options.role, by=AtCommand(desk.actor), even_the_last=options.even_the_last
        )
    _tell(person, as_json=options.as_json)


def list_staff(options: Common) -> None:
    """List everybody who works for the authority."""
    with opened(options.data) as desk:
        found = roles.staff(desk.people, by=AtCommand(desk.actor))
    rows = [(one.username, ", ".join(_words(one)), one.status.value, one.account_id) for one in found]
    empty = "Nobody works for the authority yet. Let somebody: directca role grant USERNAME administrator"
    table = present.listing(("user name", "roles", "status", "account"), rows, empty=empty)
    present.emit([_person(one) for one in found], as_json=options.as_json, human=table)


command(app, "grant", GrantOptions, grant)
command(app, "withdraw", WithdrawOptions, withdraw)
command(app, "list", Common, list_staff)


def _tell(person: Person, *, as_json: bool) -> None:
    what = ", ".join(_words(person)) or "no role but that of everybody"
    present.emit(_person(person), as_json=as_json, human=f"{person.username} has {what}. Open sessions have ended.")


def _words(person: Person) -> list[str]:
    return [ROLE_WORDS[role] for role in sorted(person.roles)]


def _person(person: Person) -> dict[str, Any]:
    return {
        "username": person.username,
        "account": person.account_id,
        "status": person.status.value,
        "roles": [role.value for role in sorted(person.roles)],
    }
