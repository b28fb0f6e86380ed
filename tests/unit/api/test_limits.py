"""Who asks with a token is counted by application and by account, and the answer says how they stand."""

import pytest
from starlette.requests import Request

from directca.accounts.rate_config import RateConfig
from directca.accounts.rate_errors import TooManyCalls
from directca.accounts.rates import Rates
from directca.api.limits import STANDINGS, fields, principal
from directca.db.engine import Database
from directca.oauth.errors import BearerRefused
from directca.oauth.model import Principal
from tests.unit.oauth.world import VERIFIER, World, a_world

CONFIG = RateConfig(
    application_burst=3,
    application_per_minute=60,
    account_burst=100,
    account_per_minute=60,
    failures_burst=1,
    failures_per_minute=1,
)


class Edge:
    """The rates, and the requests of one stranger."""

    def __init__(self, database: Database, config: RateConfig = CONFIG) -> None:
        self.world: World = a_world(database)
        self.rates = Rates(database, self.world.clock, config, lambda _: None)
        self.token = str(self.world.tokens()["access_token"])
        self.request = self.asked()

    def asked(self, token: str | None = None) -> Request:
        bearer = f"Bearer {token or self.token}".encode()
        return Request(
            {"type": "http", "method": "GET", "path": "/", "headers": [(b"authorization", bearer)], "client": ("192.0.2.1", 1)}
        )

    def ask(self, token: str | None = None) -> Principal:
        self.request = self.asked(token)
        return principal(self.rates, self.world.oauth.database, self.world.clock, self.request)

    def other_application(self) -> str:
        """A token of another application for the same account."""
        world = self.world
        return str(world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).body["access_token"])

    @property
    def said(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in fields(getattr(self.request.state, STANDINGS))}


@pytest.fixture
def edge(database: Database) -> Edge:
    return Edge(database)


def test_a_good_call_is_told_how_application_and_account_stand(edge: Edge) -> None:
    assert edge.ask().client_id == edge.world.app.client.client_id
    assert edge.said == {
        "ratelimit-policy": '"application";q=3;w=3, "account";q=100;w=100',
        "ratelimit": '"application";r=2;t=1, "account";r=99;t=1',
    }
    edge.ask()
    assert edge.said["ratelimit"] == '"application";r=1;t=2, "account";r=98;t=2'
    edge.ask()
    # Nothing is left for the application: `t` is when the next call is admitted, not when all are.
    assert edge.said["ratelimit"] == '"application";r=0;t=1, "account";r=97;t=3'


def test_an_application_that_calls_too_often_is_refused_until_the_wait_is_over(edge: Edge) -> None:
    for _ in range(3):
        edge.ask()
    with pytest.raises(TooManyCalls, match="came from this application") as refused:
        edge.ask()
    assert edge.said == {"ratelimit-policy": '"application";q=3;w=3', "ratelimit": '"application";r=0;t=1'}
    edge.world.clock.advance(seconds=refused.value.retry_after)
    edge.ask()


def test_another_token_of_the_application_is_no_way_round(edge: Edge) -> None:
    for _ in range(3):
        edge.ask(str(edge.world.tokens()["access_token"]))
    with pytest.raises(TooManyCalls):
        edge.ask(str(edge.world.tokens()["access_token"]))


def test_another_application_of_the_account_is_no_way_round(database: Database) -> None:
    edge = Edge(database, RateConfig(account_burst=3, account_per_minute=60))
    other = edge.other_application()
    for token in (None, other, None):
        edge.ask(token)
    with pytest.raises(TooManyCalls, match="made for this account"):
        edge.ask(other)


def test_refused_calls_of_one_application_do_not_spend_the_accounts(edge: Edge) -> None:
    for _ in range(3):
        edge.ask()
    for _ in range(200):
        with pytest.raises(TooManyCalls):
            edge.ask()
    edge.ask(edge.other_application())
    assert '"account";r=96' in edge.said["ratelimit"]


def test_a_bad_token_counts_against_the_address_and_nobody_else(edge: Edge) -> None:
    with pytest.raises(BearerRefused):
        edge.ask("wrong")
    edge.ask()
    assert '"application";r=2' in edge.said["ratelimit"]
