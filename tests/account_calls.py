"""The verbs by which an account keeps itself, called by somebody for what belongs to the account that the trials are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from directca.accounts.member import Member
from directca.oauth import applications, own_applications
from directca.oauth.applications import NewApplication
from directca.oauth.errors import NoSuchApplication
from directca.oauth.own_applications import Changes, Wanted
from tests.case_calls import alike
from tests.website import CALLBACK

if TYPE_CHECKING:
    from tests.calls import Asked, House


def member(asked: Asked) -> Member:
    """As either edge makes it."""
    return Member(asked.doer.account_id, asked.doer.id)


def _an_application(house: House) -> str:
    new = NewApplication("Portal", "Clinic", (CALLBACK,), house.world.account_id)
    return applications.register(house.oauth, new, actor="operator:ann").client.client_id


def _see_own_applications(house: House, asked: Asked) -> object:
    client_id = _an_application(house)
    return alike(
        lambda: _there(client_id, [one.client_id for one in own_applications.of_account(house.oauth, member(asked))]),
        lambda: own_applications.one(house.oauth, member(asked), client_id),
    )


def _keep_own_applications(house: House, asked: Asked) -> object:
    client_id = _an_application(house)
    verbs = [
        lambda: own_applications.change(house.oauth, member(asked), client_id, Changes(name="Other")),
        lambda: own_applications.rotate(house.oauth, member(asked), client_id),
        lambda: own_applications.disable(house.oauth, member(asked), client_id),
        lambda: own_applications.enable(house.oauth, member(asked), client_id),
    ]
    if asked.doer.account_id == house.world.account_id:  # nothing in the call names another account
        verbs.append(lambda: own_applications.create(house.oauth, member(asked), Wanted("Portal", (CALLBACK,))))
    return alike(*verbs)


def _there(wanted: str, found: list[str]) -> object:
    if wanted not in found:
        raise NoSuchApplication("Not among them.")
    return found


OF_ACCOUNTS: dict[str, Callable[[House, Asked], object]] = {
    "SEE_OWN_APPLICATIONS": _see_own_applications,
    "KEEP_OWN_APPLICATIONS": _keep_own_applications,
}
"""What an account does about itself."""
