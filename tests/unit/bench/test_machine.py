"""What measures and what is measured do not share cores, and are told apart."""

import os
import socket
import subprocess
import sys
from contextlib import closing

from bench import machine


def test_the_two_halves_are_all_cores() -> None:
    served, own = machine.halves()
    assert set(served) | set(own) == os.sched_getaffinity(0)
    assert len(os.sched_getaffinity(0)) == 1 or not set(served) & set(own)


def test_cores_are_chosen_for_a_while() -> None:
    before = os.sched_getaffinity(0)
    with machine.on([min(before)]):
        assert machine.cores() == 1
    assert os.sched_getaffinity(0) == before


def test_the_time_of_a_family_has_that_of_children_that_ended() -> None:
    earlier = machine.family_time(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.1: pass"], check=True)
    taken = machine.family_time(os.getpid()) - earlier
    assert round(taken, 6) >= 0.09  # hundredths of a second, of which the difference of two floats is a trifle more or less


def test_a_connection_is_held_by_the_process_that_took_it() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            accepted, (_, client_port) = listening.accept()
            with accepted:
                assert client.getsockname()[1] == client_port
                assert machine.holder(port, client_port, [os.getpid()]) == os.getpid()
                assert machine.holder(port, client_port, []) is None
