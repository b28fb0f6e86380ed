"""The refresh tokens of a family as a state machine: whatever happens in whatever order, the promises of the flow page hold."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase
from directca.oauth import connected
from directca.oauth.errors import BearerRefused, NotConnected
from tests.unit.oauth.world import World, a_world

GRACE = timedelta(seconds=10)


class Family(RuleBasedStateMachine):
    """A model of one family beside the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = SqliteDatabase(Path(self.folder.name) / "directca.sqlite", synchronous="OFF")
        self.world: World

    @initialize()
    def grant(self) -> None:
        with self.database.write() as tx:
            metadata.create_all(tx)
        self.world = a_world(self.database)
        self.code = self.world.code()
        bought = self.world.redeem(self.code).body
        self.refresh_tokens = [str(bought["refresh_token"])]
        self.access_tokens = {str(bought["access_token"]): self.world.clock.now() + timedelta(hours=1)}
        self.consumed_at: dict[str, object] = {}
        self.alive = True

    @rule(seconds=st.sampled_from([0, 1, 5, 10, 11, 60, 1800, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds=seconds)

    @rule(data=st.data())
    def refresh_with_any_token_ever_held(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.refresh_tokens))
        now = self.world.clock.now()
        answer = self.world.refresh(held)
        since = self.consumed_at.get(held)
        if not self.alive:
            assert answer.status == 400
        elif since is None:
            assert answer.status == 200
            self.consumed_at[held] = now
            assert answer.body["refresh_token"] not in self.refresh_tokens
            self.refresh_tokens.append(str(answer.body["refresh_token"]))
        elif now - since <= GRACE:  # type: ignore[operator]
            assert answer.status == 200
            assert answer.body["refresh_token"] == self.refresh_tokens[-1]
        else:
            assert answer.body["error"] == "invalid_grant"
            self.alive = False
        if answer.status == 200:
            self.access_tokens[str(answer.body["access_token"])] = now + timedelta(hours=1)

    @rule(data=st.data())
    def revoke_an_access_token(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted(self.access_tokens)))
        assert self.world.revoke(gone).status == 200
        self.access_tokens[gone] = self.world.clock.now()

    @precondition(lambda self: len(self.refresh_tokens) > 2)
    @rule(data=st.data())
    def revoke_a_refresh_token(self, data: st.DataObject) -> None:
        assert self.world.revoke(data.draw(st.sampled_from(self.refresh_tokens))).status == 200
        self.alive = False

    @precondition(lambda self: len(self.refresh_tokens) > 2)
    @rule()
    def replay_the_code(self) -> None:
        assert self.world.redeem(self.code).body["error"] == "invalid_grant"
        self.alive = False

    @precondition(lambda self: len(self.refresh_tokens) > 2)
    @rule()
    def withdraw(self) -> None:
        try:
            connected.withdraw(self.world.oauth, self.world.person, self.world.app.client.client_id)
        except NotConnected:
            assert not self.alive
        self.alive = False

    @invariant()
    def an_access_token_is_good_exactly_while_it_and_its_family_live(self) -> None:
        for access_token, ends_at in self.access_tokens.items():
            try:
                self.world.principal(access_token)
                good = True
            except BearerRefused:
                good = False
            assert good == (self.alive and self.world.clock.now() < ends_at)

    @invariant()
    def one_refresh_token_is_live_while_the_family_is(self) -> None:
        good = [held for held in self.refresh_tokens if self.world.introspect(held).body["active"]]
        assert good == (self.refresh_tokens[-1:] if self.alive else [])

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


Family.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
test_family = Family.TestCase
