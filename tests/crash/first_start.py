"""A first start of a sandbox, killed after each of its commits and signatures, each time in a folder of its own, and completed.

    python -m tests.crash.first_start FOLDER

prints the moments at which it was killed, one a line, once all has been found right. Only the keys are there from the beginning,
as an interrupted start leaves them: making them takes longest.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import rsa

from directca import rooms
from directca.accounts import accounts, ledger
from directca.accounts.sign_in import Attempt, sign_in
from directca.certificates import authorities
from directca.cli import founding, sandbox, sandbox_facts, serve
from directca.journal.verify import verify
from directca.oauth import applications
from directca.oauth.client_auth import Credentials, authenticate
from directca.pki import keys
from directca.pki.lints import pkix
from directca.revocation import crl
from directca.revocation.model import ListId
from directca.rooms import Authority
from directca.settings import load
from directca.signing import key_files
from tests.crash.points import PASSED, Watch
from tests.engines import whole

PORT = 8600
# The hashes of passwords are made cheap.
QUICK = "\n[passwords]\nmemory_kib = 64\npasses = 1\n"


def main(folder: Path) -> None:
    """Kill and complete a start for each moment that a start passes."""
    seed = folder / "seed"
    assert in_a_child(lambda: founding.make(seed, founding.SANDBOX_NAMES, sandbox=True, port=PORT)) == 0
    for file in seed.glob("directca.sqlite*"):
        file.unlink()
    with (seed / "directca.toml").open("a") as settings:
        settings.write(QUICK)
    open_keys_once(seed)
    complete = shutil.copytree(seed, folder / "whole")
    assert in_a_child(partial(start, complete, watch=None)) == 0
    passed = [json.loads(line)["moment"] for line in (complete.parent / PASSED).read_text().splitlines()]
    for number, moment in enumerate(one for one in passed if one.startswith("after")):
        if number % 2 and "commit" in moment and not whole():
            continue  # every second commit is for `make engines`
        data = Path(shutil.copytree(seed, folder / str(number) / "var"))
        assert in_a_child(partial(start, data, watch=moment)) == -signal.SIGKILL
        assert in_a_child(partial(start, data, watch=None)) == 0, f"not right again after a crash {moment}"
        sys.stdout.write(moment + "\n")
        sys.stdout.flush()


def open_keys_once(seed: Path) -> None:
    """What takes longer than everything else is done once, or made cheap: children are given what the parent has opened and
    loaded, and stretch the passphrase of the keys that they make by little."""
    decrypt = key_files.decrypt

    @cache
    def opened(encoded: bytes, passphrase: bytes) -> rsa.RSAPrivateKey:
        return decrypt(encoded, passphrase, "a key file")

    mock.patch.object(key_files, "decrypt", lambda encoded, passphrase, _name: opened(encoded, passphrase)).start()
    for file in (seed / "keys").iterdir():
        opened(file.read_bytes(), load(seed).passphrase())
    mock.patch.object(key_files, "_COST", 16).start()
    keys.shipped_debian_keys()
    pkix.load()
    import_module("directca.db.step_runner")


def start(data: Path, *, watch: str | None) -> None:
    """What `directca serve` does before it forks its workers."""
    Watch(data.parent, "start", watch).begin(steps=False)
    if founding.unfinished(data):
        founding.make(data, founding.SANDBOX_NAMES, sandbox=True, port=PORT)
    with closing(rooms.open_authority(data, port=PORT, workers=1)) as authority:
        authority.database.check()
        serve._prepare(authority, alone=True)
        sandbox.prepare(authority)
        check(authority)


def check(authority: Authority) -> None:
    """Everything is there once, and what sandbox.json says is true."""
    facts = sandbox_facts.read(authority.settings.data)
    assert facts is not None
    now = authority.clock.now()
    with authority.database.read() as tx:
        assert {one.id for one in authorities.known(tx)} == {"root", "issuing"}
        assert sorted(one.name for one in accounts.every(tx)) == sorted((facts.first.organization, facts.second.organization))
        assert {ledger.balance(tx, one.id).available for one in accounts.every(tx)} == {sandbox._DEPOSIT}
        assert ledger.trial_balance(tx).problems == ()
        assert verify(tx).problems == ()
        assert len(applications.listed(tx)) == 3
        for one in (facts.first, facts.second):
            authenticate(Credentials(one.client_id, one.client_secret), applications.find(tx, one.client_id), now)
    for one in (facts.first, facts.second):
        sign_in(authority.people, Attempt(one.username, one.password, "127.0.0.1"))
    for name in authority.revocation.authorities:
        crl.published(authority.revocation, ListId(name))


def in_a_child(work: Callable[[], object]) -> int:
    """Do something in a process of its own; its exit code, or the negative of the signal that ended it."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:  # whatever was raised: the parent's loop must not go on in the child
        if code:
            traceback.print_exc()
        os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
