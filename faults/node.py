"""One node as a process of its own: `directca serve`, with a witness beside its keys and a clock that can be moved.

    python -m faults.node serve --data var --port 8600

What a key signs is written down (FAULTS_WITNESS) before anybody is given the signature, so a signature that was lost with its
process is known all the same. The node's clock stands as many seconds off as the file FAULTS_CLOCK says: the product asks the
time in one place, `clock.py`, and a gate of the house keeps it so.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from unittest import mock

from directca import clock
from directca.cli.root import main
from directca.pki.algorithms import SignatureAlgorithm
from directca.signing.file_keys import FileKey

WITNESS, CLOCK, NAME = "FAULTS_WITNESS", "FAULTS_CLOCK", "FAULTS_NODE"


def witness_signatures(file: Path, node: str) -> None:
    """From now on write down what each key of this process, and of what it forks, signs."""
    sign = FileKey.sign

    def witnessed(key: FileKey, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        signature = sign(key, message, algorithm)
        told = {
            "node": node,
            "key": sha256(key.spki_der).hexdigest(),
            "signed": message.hex(),
            "signature": signature.hex(),
        }
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, json.dumps(told).encode() + b"\n")  # one write: lines of several processes do not mix
        finally:
            os.close(descriptor)
        return signature

    mock.patch.object(FileKey, "sign", witnessed).start()  # for good: the process is for this alone


def move_clock(file: Path) -> None:
    """From now on the present moment is the machine's, moved by what the file says in seconds."""

    def now(_clock: clock.SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text() or 0))

    mock.patch.object(clock.SystemClock, "now", now).start()


if __name__ == "__main__":
    witness_signatures(Path(os.environ[WITNESS]), os.environ[NAME])
    move_clock(Path(os.environ[CLOCK]))
    main()
