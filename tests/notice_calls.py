"""The verbs of notices, called by somebody for what belongs to the account of a world."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from directca.accounts.member import Member
from directca.accounts.person import Person
from directca.errors import NotFound, Rejected
from directca.mail.letter import Letter
from directca.notices import feed, letters, webhook_log, webhooks
from directca.notices.context import Notices, Webhooks
from directca.notices.deliver import Dispatcher
from directca.notices.follow import follow
from directca.notices.model import Subscriber
from directca.notices.webhook_model import Answered, Message, Outcome, Webhook
from directca.notices.webhook_verify import verify
from directca.signing.sealed_secrets import SealedSecrets
from tests.clinic import RULES
from tests.world import World

NoticeCall = Callable[[World, Person, Person], object]
"""By whom, and for whom: what belongs to the account as a whole belongs to nobody of it."""
HOLDER = "here:1"
_URL = "https://hooks.example.org/events"
_SEALER = SealedSecrets(b"webhooks")


class Echo:
    """Answers every challenge with itself, and takes everything else; or answers as a test wants."""

    def __init__(self) -> None:
        self.answers: Answered | None = None

    def post(self, message: Message, _most: int) -> Answered:
        return self.answers or Answered(Outcome.DELIVERED, 200, message.body)


@dataclass
class Mailbox:
    """A post that keeps what it is given."""

    letters: list[Letter] = field(default_factory=list)
    is_set: bool = True

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)


def notices_of(world: World) -> Notices:
    """What the verbs work with."""
    return Notices(world.database, world.clock, RULES, secrets.token_bytes)


def hooks_of(world: World) -> Webhooks:
    """The same with a receiver that answers every challenge."""
    return Webhooks(notices_of(world), _SEALER, Echo())


def _who(account_id: str) -> Subscriber:
    return Subscriber("client:console", account_id, "console")


def a_webhook(world: World) -> Webhook:
    """A webhook of the account; those that were there are gone, since an account has but a few."""
    hooks, ours = hooks_of(world), _who(world.account_id)
    for one in webhooks.listed(hooks.notices, ours):
        webhooks.delete(hooks.notices, ours, one.id)
    made = webhooks.create(hooks, ours, _URL, ()).webhook
    return verify(hooks, ours, made.id)


def _delivered(world: World, to: Webhook) -> str:
    hooks, ours = hooks_of(world), _who(world.account_id)
    made = webhook_log.try_out(hooks.notices, ours, to.id)
    dispatcher = Dispatcher(hooks, HOLDER, lambda error, _delivery: None)
    while dispatcher.turn(1.0):
        pass
    dispatcher.stop()
    return made.id


def _fetch(world: World, doer: Person, _owner: Person) -> object:
    notices = notices_of(world)
    while follow(notices, HOLDER):
        pass
    wanted = feed.fetch(notices, _who(world.account_id), 0).events[0]
    who = _who(doer.account_id)
    found = feed.fetch(notices, who, 0).events
    if wanted.id not in {one.id for one in found}:
        raise NotFound("Not among them.")
    return feed.acknowledge(notices, who, wanted.position)


def _see(world: World, doer: Person, _owner: Person) -> object:
    made, who, notices = a_webhook(world), _who(doer.account_id), notices_of(world)
    delivery = _delivered(world, made)
    return _alike(
        lambda: _there(made.id, {one.id for one in webhooks.listed(notices, who)}),
        lambda: webhooks.shown(notices, who, made.id),
        lambda: webhook_log.deliveries(notices, who, made.id),
        lambda: webhook_log.delivery(notices, who, made.id, delivery),
    )


def _change(world: World, doer: Person, _owner: Person) -> object:
    made, who, hooks = a_webhook(world), _who(doer.account_id), hooks_of(world)
    notices, delivery = hooks.notices, _delivered(world, made)
    world.clock.advance(minutes=1)
    return _alike(
        lambda: webhooks.change(hooks, who, made.id, kinds=("domain.verified",)),
        lambda: webhooks.rotate(hooks, who, made.id),
        lambda: webhook_log.try_out(notices, who, made.id),
        lambda: webhook_log.replay(notices, who, made.id, delivery),
        lambda: webhooks.switch_off(notices, who, made.id),
        lambda: verify(hooks, who, made.id),
        lambda: _there(world.account_id, {webhooks.create(hooks, who, _URL, ()).webhook.account_id}),
        lambda: webhooks.delete(notices, who, made.id),
    )


def _choose(world: World, doer: Person, owner: Person) -> object:
    if owner != doer:
        raise Rejected("There is nothing by which anybody else could be named.")
    notices, who = notices_of(world), Member(doer.account_id, doer.id)
    letters.choose(notices, Mailbox(), who, ())
    return letters.choice(notices, who)


OF_NOTICES: dict[str, NoticeCall] = {
    "FETCH_EVENTS": _fetch,
    "SEE_WEBHOOKS": _see,
    "CHANGE_WEBHOOKS": _change,
    "CHOOSE_LETTERS": _choose,
}
"""What everybody of an account may do for it, or for themselves, and nobody else."""


def _there(wanted: str, found: set[str]) -> object:
    if wanted not in found:
        raise NotFound("Not among them.")
    return found


def _alike(*calls: Callable[[], object]) -> object:
    """All of them end alike: done, or refused."""
    refused: list[NotFound] = []
    for call in calls:
        try:
            call()
        except NotFound as error:
            refused.append(error)
    assert len(refused) in (0, len(calls)), "some are done and some are refused"
    if refused:
        raise refused[0]
    return None
