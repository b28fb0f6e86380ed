"""Of many at once exactly the promised one wins: on threads of one server, and on processes that share one database."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from directca.db.address import Address
from directca.db.engine import Database, Tx
from directca.db.opening import open_database
from directca.oauth import connected
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.oauth.errors import BearerRefused
from directca.oauth.protocol import OAuthRequest, OAuthResponse
from directca.oauth.token import token
from tests.clocks import MovableClock
from tests.engines import address_of
from tests.unit.oauth.world import ISSUER, World, error_of

AT_ONCE = 6
PROCESSES = 3


def on_threads(world: World, request: OAuthRequest) -> list[OAuthResponse]:
    """The same request, sent by many threads at the same moment."""
    start = threading.Barrier(AT_ONCE)

    def send() -> OAuthResponse:
        start.wait(timeout=30)
        return token(world.oauth, request)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [sent.result() for sent in [pool.submit(send) for _ in range(AT_ONCE)]]


def in_process(where: Address, moment: datetime, request: OAuthRequest, ready: Path) -> list[OAuthResponse]:
    """What one process does: open the database, wait until all are there, send."""
    database = open_database(where)
    oauth = OAuth(database, MovableClock(moment), OAuthConfig(ISSUER))
    with database.read():
        (ready / str(multiprocessing.current_process().pid)).touch()
    for _ in range(3000):
        if len(list(ready.iterdir())) == PROCESSES:
            break
        sleep(0.01)
    answers = [token(oauth, request), token(oauth, request)]
    database.close()
    return answers


def on_processes(world: World, request: OAuthRequest, ready: Path) -> list[OAuthResponse]:
    """The same request, sent twice by each of several processes, which share nothing but the database."""
    ready.mkdir()
    where, moment = address_of(world.oauth.database), world.clock.now()
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        sent = [pool.submit(in_process, where, moment, request, ready) for _ in range(PROCESSES)]
        return [answer for process in sent for answer in process.result(timeout=120)]


class RivalFirst:
    """A database in which somebody else is quicker: between what a verb reads and what it writes, once."""

    def __init__(self, database: Database, rival: Callable[[], object]) -> None:
        self._database = database
        self._rivals = [rival]

    def read(self) -> AbstractContextManager[Tx]:
        return self._database.read()

    def look(self, work: Callable[[Tx], Any]) -> Any:
        return self._database.look(work)

    def write(self) -> AbstractContextManager[Tx]:
        while self._rivals:
            self._rivals.pop()()
        return self._database.write()


def overtaken(world: World, request: OAuthRequest, rival: Callable[[], object]) -> OAuthResponse:
    """The answer to a request that a rival overtakes after it has been judged."""
    database: Any = RivalFirst(world.oauth.database, rival)
    return token(replace(world.oauth, database=database), request)


def check_one_redemption_won(world: World, answers: list[OAuthResponse]) -> None:
    """One bought; the others were replays, so what it bought is dead."""
    (winner,) = [answer for answer in answers if answer.status == 200]
    assert {error_of(answer) for answer in answers if answer is not winner} == {(400, "invalid_grant")}
    assert len(world.journal("token.issued")) == 1
    assert len(world.journal("authorization_code.replayed")) == 1
    with pytest.raises(BearerRefused):
        world.principal(winner.body["access_token"])


def check_one_refresh_rotated(world: World, answers: list[OAuthResponse]) -> None:
    """All were answered with the same one successor and an access token of their own; one rotated."""
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1
    assert len({answer.body["access_token"] for answer in answers}) == len(answers)
    assert len(world.journal("token.refreshed")) == 1
    assert len(world.journal("token.answered_again")) == len(answers) - 1
    with world.oauth.database.read() as tx:
        live = tx.exec_driver_sql("select count(*) from oauth_token where kind='refresh' and state='active'").scalar_one()
    assert live == 1
    for answer in answers:
        world.principal(answer.body["access_token"])
    assert world.refresh(answers[0].body["refresh_token"]).status == 200


def test_one_of_many_redemptions_wins_on_threads(world: World) -> None:
    code = world.code()
    check_one_redemption_won(world, on_threads(world, world.form(grant_type="authorization_code", code=code)))


def test_one_of_many_refreshes_rotates_on_threads(world: World) -> None:
    held = str(world.tokens()["refresh_token"])
    check_one_refresh_rotated(world, on_threads(world, world.form(grant_type="refresh_token", refresh_token=held)))


def test_one_of_many_redemptions_wins_on_processes(world: World, tmp_path: Path) -> None:
    request = world.form(grant_type="authorization_code", code=world.code())
    check_one_redemption_won(world, on_processes(world, request, tmp_path / "ready"))


def test_one_of_many_refreshes_rotates_on_processes(world: World, tmp_path: Path) -> None:
    request = world.form(grant_type="refresh_token", refresh_token=str(world.tokens()["refresh_token"]))
    check_one_refresh_rotated(world, on_processes(world, request, tmp_path / "ready"))


def test_many_late_reuses_end_the_family_once_on_threads(world: World) -> None:
    held = str(world.tokens()["refresh_token"])
    live = world.refresh(held).body
    world.clock.advance(minutes=1)
    answers = on_threads(world, world.form(grant_type="refresh_token", refresh_token=held))
    assert {error_of(answer) for answer in answers} == {(400, "invalid_grant")}
    assert len(world.journal("refresh_token.replayed")) == 1
    assert error_of(world.refresh(live["refresh_token"])) == (400, "invalid_grant")


def test_a_redemption_overtaken_by_another_ends_what_the_other_bought(world: World) -> None:
    code, won = world.code(), list[OAuthResponse]()
    request = world.form(grant_type="authorization_code", code=code)
    lost = overtaken(world, request, lambda: won.append(world.redeem(code)))
    check_one_redemption_won(world, [*won, lost])


def test_a_redemption_overtaken_by_a_withdrawal_buys_nothing(world: World) -> None:
    request = world.form(grant_type="authorization_code", code=world.code())
    client_id = world.app.client.client_id
    lost = overtaken(world, request, lambda: connected.withdraw(world.oauth, world.person, client_id))
    assert error_of(lost) == (400, "invalid_grant")
    assert world.journal("token.issued") == []


def test_a_refresh_overtaken_by_another_is_told_the_same_successor(world: World) -> None:
    held, won = world.tokens()["refresh_token"], list[OAuthResponse]()
    request = world.form(grant_type="refresh_token", refresh_token=str(held))
    lost = overtaken(world, request, lambda: won.append(world.refresh(held)))
    check_one_refresh_rotated(world, [*won, lost])


def test_a_refresh_overtaken_by_a_revocation_gets_nothing(world: World) -> None:
    held = world.tokens()["refresh_token"]
    request = world.form(grant_type="refresh_token", refresh_token=str(held))
    lost = overtaken(world, request, lambda: world.revoke(held))
    assert error_of(lost) == (400, "invalid_grant")
    assert world.journal("token.refreshed") == []


def test_a_refresh_so_late_that_its_grace_is_over_when_it_writes_ends_the_family(world: World) -> None:
    held, won = world.tokens()["refresh_token"], list[OAuthResponse]()
    request = world.form(grant_type="refresh_token", refresh_token=str(held))

    def rival() -> None:
        world.clock.advance(seconds=-30)
        won.append(world.refresh(held))
        world.clock.advance(seconds=30)

    lost = overtaken(world, request, rival)
    assert error_of(lost) == (400, "invalid_grant")
    assert len(world.journal("refresh_token.replayed")) == 1
    assert error_of(world.refresh(won[0].body["refresh_token"])) == (400, "invalid_grant")
