"""The authority's clerk: books announced payments by command, at any node, until the command has said that it is done.

Some are booked by two clerks at the same moment, who know nothing of each other: one of them is refused.
"""

import os
import queue
import random
import subprocess
import sys
import threading
from collections.abc import Sequence

from faults.diary import NO_ANSWER, Diary
from faults.nodes import ROOT, Node

DONE, REFUSED = 200, 409
_REFUSAL = "top_up_settled"
_WITHIN = 60.0
_PAUSE = 1.0
_BOTH = 0.3


class Clerk(threading.Thread):
    """Works through the references of payments that clients were given. Give `None` when no more come."""

    def __init__(self, nodes: Sequence[Node], diary: Diary, seed: int) -> None:
        super().__init__(name="clerk", daemon=True)
        self.waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.patience = threading.Event()
        """Set, it gives up what it has not done."""
        self._nodes = nodes
        self._diary = diary
        self._chance = random.Random(f"{seed}:clerk")

    def run(self) -> None:
        """Book one after another."""
        while (reference := self.waiting.get()) is not None and not self.patience.is_set():
            beside = threading.Thread(target=self._book, args=(reference, self._nodes[-1]), daemon=True)
            if self._chance.random() < _BOTH:
                beside.start()
            self._book(reference, self._chance.choice(self._nodes))
            if beside.ident is not None:
                beside.join()

    def _book(self, reference: str, node: Node) -> None:
        tries = 0
        while not self.patience.is_set():
            tries += 1
            number = self._diary.sent("book", reference=reference, node=node.name, attempt=tries)
            status = _command(node, "billing", "confirm", reference)
            self._diary.answered(number, "book", status)
            if status != NO_ANSWER:
                return
            self.patience.wait(_PAUSE)


def _command(node: Node, *words: str) -> int:
    """What became of a command, as an HTTP status would say it. One that was ended by force may have done its work or not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DIRECTCA_", "PORT"))}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "directca", *words, "--data", str(node.data), "--json"],
            cwd=ROOT,
            env=kept | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return NO_ANSWER
    if done.returncode == 0:
        return DONE
    return REFUSED if _REFUSAL in done.stdout + done.stderr else NO_ANSWER
