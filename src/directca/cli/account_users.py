"""`directca account invite` and its like: who uses an account."""

from dataclasses import dataclass
from typing import Annotated

import typer

from directca.accounts import invitations, people
from directca.accounts.roles import AtCommand
from directca.api import user_views
from directca.cli import present
from directca.cli.commands import Common
from directca.cli.context import opened
from directca.clock import rfc3339
from directca.oauth import person_access


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteOptions(Common):
    """Options of `account invite`."""

    account: Annotated[str, typer.Argument(help="The account's identifier.")]
    email: Annotated[str, typer.Argument(help="Where the link goes; it becomes the user name.")]
    administrator: Annotated[
        bool, typer.Option("--administrator", help="The person keeps the account's users and applications.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationsOptions(Common):
    """Options of `account invitations`."""

    account: Annotated[str, typer.Argument(help="The account's identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOptions(Common):
    """Options of `account remove-person`."""

    username: Annotated[str, typer.Argument(help="The name that the person signs in with.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOptions(Common):
    """Options of `account address`."""

    username: Annotated[str, typer.Argument(help="The name that the person signs in with.")]
    email: Annotated[str, typer.Argument(help="Where letters reach them; make sure that it is theirs.")]


def invite(options: InviteOptions) -> None:
    """Mail a link with which somebody chooses a password and signs in for the account."""
    with opened(options.data) as desk:
        made = invitations.invite_to(
            desk.joining, options.account, options.email, administrator=options.administrator, by=AtCommand(desk.actor)
        )
    human = f"{made.email} was written to. The link is good until {rfc3339(made.expires_at)}."
    present.emit(user_views.invitation(made), as_json=options.as_json, human=human)


def list_invitations(options: InvitationsOptions) -> None:
    """List an account's invitations, newest first."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = invitations.listed(tx, options.account)
    rows = [(one.email, one.state, rfc3339(one.invited_at), rfc3339(one.expires_at)) for one in found]
    table = present.listing(("address", "state", "invited", "good until"), rows, empty="Nobody was invited to this account.")
    present.emit([user_views.invitation(one) for one in found], as_json=options.as_json, human=table)


def remove_person(options: RemoveOptions) -> None:
    """End a person's access for good, with all that the person granted to applications. Never the last one's."""
    with opened(options.data) as desk:
        gone = person_access.remove_named(desk.oauth, desk.people, options.username, by=AtCommand(desk.actor))
    data = {"username": gone.username, "account": gone.account_id}
    present.emit(data, as_json=options.as_json, human=f"{gone.username} has no access any more. The name is free.")


def set_address(options: AddressOptions) -> None:
    """Say where letters reach somebody who was not invited by mail."""
    with opened(options.data) as desk:
        known = people.set_address(desk.people, options.username, options.email, actor=desk.actor)
    data = {"username": known.username, "account": known.account_id}
    present.emit(data, as_json=options.as_json, human=f"Letters reach {known.username} there from now on.")
