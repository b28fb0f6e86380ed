"""What the tests of webhooks share: something that happens, a webhook that is verified, and the sending of all that is due."""

from directca.journal.model import Event as Row
from directca.journal.record import append
from directca.notices.context import Notices, Webhooks
from directca.notices.deliver import Dispatcher
from directca.notices.follow import follow, give_back
from directca.notices.model import Subscriber
from directca.notices.webhook_model import Delivery, NewSecret
from directca.notices.webhook_verify import verify
from directca.notices.webhooks import create
from tests.world import World

HERE, THERE = "here:1", "there:2"


def happens(world: World, count: int = 1, kind: str = "organization.suspended") -> None:
    """So many events of the account."""
    rows = (Row(kind, "operator:ann", f"organization:{n}", account_id=world.account_id) for n in range(count))
    with world.database.write() as tx:
        append(tx, *rows, at=world.clock.now())


def told(notices: Notices) -> None:
    """The journal is followed to its end."""
    while follow(notices, HERE):
        pass
    give_back(notices, HERE)


def verified(hooks: Webhooks, who: Subscriber, url: str, *kinds: str) -> NewSecret:
    """A webhook that has answered its challenge; what happened before is not sent to it."""
    told(hooks.notices)
    made = create(hooks, who, url, kinds)
    return NewSecret(verify(hooks, who, made.webhook.id), made.secret)


def send(hooks: Webhooks, holder: str = HERE, wait: float = 2.0) -> None:
    """Everything that is due now is sent once."""
    told(hooks.notices)
    dispatcher = Dispatcher(hooks, holder, broke)
    try:
        while dispatcher.turn(wait):
            pass
    finally:
        dispatcher.stop()


def broke(error: Exception, _delivery: Delivery) -> None:
    raise AssertionError from error
