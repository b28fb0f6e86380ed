"""The parent process of `nursery.py`: reads jobs from standard input, forks a child for each, and tells how they ended."""

import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from directca.certificates import switch
from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.opening import open_database
from directca.errors import DirectCAError
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId
from directca.signing.authority import Authority
from tests import authority
from tests.crash.points import Watch, is_step
from tests.crash.verbs import VERBS
from tests.material import rsa_key
from tests.responding import KEYS as RESPONDER_KEYS
from tests.world import START, World, a_world, fresh_key

KEYS = 24
"""So many subscribers' keys are made before the first fork, which every child then has."""
_SECONDS = 60


def main() -> None:
    """Serve until standard input ends."""
    authority.issuing_ca()
    for number in range(KEYS):
        fresh_key(number)
    for number in RESPONDER_KEYS:
        rsa_key(number)
    worlds: dict[str, World] = {}
    for line in sys.stdin:
        question = json.loads(line)
        folder = question["folder"]
        if folder not in worlds:
            database = open_database(read_address(question["where"], Path(folder)))
            like = worlds.get(question.get("like", ""))
            worlds[folder] = a_world(database, strict=True) if like is None else moved(like, database)
        # What is open does not survive a fork.
        worlds[folder].database.close()
        sys.stdout.write(json.dumps(_at_once(worlds[folder], Path(folder), question["jobs"])) + "\n")
        sys.stdout.flush()


def moved(world: World, database: Database) -> World:
    """The same authority on a copy of its database."""
    guard, policy = switch.Guard(database), world.issuance.policy
    signers = {name: Authority(one.issuer, one._signs._key, policy, guard) for name, one in world.revocation.authorities.items()}
    issuance = replace(
        world.issuance,
        database=database,
        authority=signers["issuing"],
        status_asked=lambda tx: FreshLists({ListId("issuing"): None}).asked(tx, world.clock.now()),
    )
    revocation = replace(world.revocation, database=database, authorities=signers)
    return World(database, world.clock, issuance, revocation, world.account_id, world.organization_id)


def _at_once(world: World, folder: Path, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fork a child for each job, let all begin at one moment, and gather what they say."""
    gate, opening = os.pipe()
    children = []
    for number, job in enumerate(jobs):
        heard, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(opening)
            _child(world, folder, str(number), job, (gate, said))
        os.close(said)
        children.append((pid, heard))
    os.close(gate)
    os.close(opening)
    return [_ended(pid, heard) for pid, heard in children]


def _ended(pid: int, heard: int) -> dict[str, Any]:
    with os.fdopen(heard) as answer:
        text = answer.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return {"killed": True}
    assert text, f"a child ended with status {status}"
    found: dict[str, Any] = json.loads(text)
    return found


def _child(world: World, folder: Path, number: str, job: dict[str, Any], pipes: tuple[int, int]) -> None:
    """Do the job and end: nothing of the parent's frames runs here."""
    gate, said = pipes
    signal.alarm(_SECONDS)
    os.chdir(folder)
    code = 1
    try:
        world.clock.moment = START
        world.clock.advance(seconds=job["after"])
        os.read(gate, 1)  # until the parent closes it
        Watch(folder, number, job["die_at"]).begin(steps=job["steps"] or is_step(job["die_at"]))
        try:
            answer: dict[str, Any] = {"killed": False, "answer": VERBS[job["verb"]](world, **job["arguments"])}
        except DirectCAError as error:
            answer = {"killed": False, "refused": error.slug}
        sys.settrace(None)
        os.write(said, json.dumps(answer).encode())
        code = 0
    finally:  # whatever was raised: the parent's loop must not go on in the child
        if code:
            traceback.print_exc()
        os._exit(code)


if __name__ == "__main__":
    main()
