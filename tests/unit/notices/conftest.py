"""The fixtures of this folder's tests."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from directca.api.webhook_poster import WebhookPoster
from directca.db.engine import Database
from directca.notices.config import NoticeConfig
from directca.notices.context import Notices, Webhooks
from directca.notices.model import Subscriber
from directca.signing.sealed_secrets import SealedSecrets
from tests.clinic import RULES
from tests.webhook_receiver import Receiver, receiver
from tests.world import World, a_world

CONFIG = NoticeConfig(allow_loopback=True, webhook_seconds=2, webhooks=3, at_once=8)


@pytest.fixture(scope="session")
def sealer() -> SealedSecrets:
    return SealedSecrets(b"webhooks")


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


@pytest.fixture
def notices(world: World) -> Notices:
    return Notices(world.database, world.clock, RULES, secrets.token_bytes, CONFIG, "https://ca.example.org")


@pytest.fixture
def who(world: World) -> Subscriber:
    return Subscriber("client:console", world.account_id, "console")


@pytest.fixture
def hooks(notices: Notices, sealer: SealedSecrets) -> Iterator[Webhooks]:
    poster = WebhookPoster(notices.config, Path("/nowhere"))
    yield Webhooks(notices, sealer, poster)
    poster.close()


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as made:
        yield made
