"""One run, told from top to bottom: load, faults, quiet, the checker.

1 load      clients begin, through all nodes
2 faults    each hand does one after another, by the plan of the seed
3 quiet     everything is healed; clients finish what they began; nodes settle what was left
4 check     the books, the signatures, the diary and what nodes tell are held against one another
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx2
from cryptography import x509

from faults import checker, evidence
from faults.clerk import Clerk
from faults.diary import Diary
from faults.evidence import Evidence, Tables
from faults.hook import a_hook
from faults.house import Fault, House
from faults.load import Client, Traffic
from faults.subscriber_keys import Keys

_FINISH_WITHIN = 120.0
_QUIET_WITHIN = 60.0
_TOLD_WITHIN = 2.0


@dataclass(frozen=True)
class Plan:
    """How long, by which seed, under how much load. With `each_once` every fault is done once, however long that takes.

    `rest` is how many seconds a client waits between two requests, `pause` how many pass between two faults.
    """

    seed: int
    seconds: float
    clients: int
    keys: int = 40
    each_once: bool = False
    only: frozenset[str] = frozenset()
    """The faults to do; empty: all."""
    rest: float = 0.0
    pause: tuple[float, float] = (1.0, 3.0)
    patience: float = 55.0
    """For how many seconds it waits, in the end, for what may go on only when the lease of a node that died has run out."""


@dataclass
class Report:
    """What a run did and what was found."""

    house: str
    seed: int
    seconds: float = 0.0
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    left_out: Sequence[str] = ()
    findings: dict[str, list[str]] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def count(self) -> int:
        """How many findings."""
        return sum(len(found) for found in self.findings.values())


def run(house: House, plan: Plan, say: Callable[[str], object]) -> Report:
    """Hurt an authority that is up, and look at everything afterwards. Raises NotReady where it does not come back."""
    report = Report(house.name, plan.seed, left_out=house.left_out)
    began = time.monotonic()
    account = house.nodes[0].account()
    with closing(Diary(house.folder / "diary.jsonl")) as written, a_hook(account) as hook:
        # 1 load
        nodes = tuple(node.base_url for node in house.nodes)
        clerk = Clerk(house.nodes, written, plan.seed)
        traffic = Traffic(account, nodes, written, Keys(plan.keys), plan.rest, clerk.waiting.put)
        clients = [Client(traffic, number, plan.seed) for number in range(plan.clients)]
        try:
            clerk.start()
            for client in clients:
                client.start()

            # 2 faults
            _all_hands(house, plan, report, say)

            # 3 quiet
            traffic.over.set()
            say("quiet: everything is healed")
            house.heal()
            _finish(clients)
            clerk.waiting.put(None)
            clerk.join(_FINISH_WITHIN)
        finally:
            traffic.over.set()
            traffic.patience.set()
            clerk.patience.set()
            clerk.waiting.put(None)
            for thread in (*clients, clerk):
                thread.join()
        tables = _at_rest(house, plan.patience)

    # 4 check
    words = [evidence.word_of(node.name, node.base_url, tables) for node in house.nodes]
    found = evidence.gather(tables, (node.witness for node in house.nodes), written.path, words)
    report.evidence = replace(found, arrived=hook.arrived, secret=hook.secret)
    report.findings = checker.findings(report.evidence)
    report.requests = written.counted
    report.seconds = time.monotonic() - began
    return report


def _all_hands(house: House, plan: Plan, report: Report, say: Callable[[str], object]) -> None:
    """Let each hand do its faults. Raises what any of them raised."""
    failures: list[BaseException] = []

    def work(hand: str, faults: Sequence[Fault]) -> None:
        try:
            _hurt(hand, faults, plan, report, say)
        except BaseException as failure:  # noqa: BLE001  (raised below, in the thread that waits)
            failures.append(failure)

    hands = [
        threading.Thread(target=work, args=(name, faults))
        for name, every in house.hands.items()
        if (faults := [one for one in every if not plan.only or one.name in plan.only])
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    if failures:
        raise failures[0]


def _finish(clients: Sequence[Client]) -> None:
    """Let clients finish what they began. Raises what any of them raised."""
    deadline = time.monotonic() + _FINISH_WITHIN
    for client in clients:
        client.join(max(0.0, deadline - time.monotonic()))
        if client.failure is not None:
            raise client.failure


def _hurt(hand: str, faults: Sequence[Fault], plan: Plan, report: Report, say: Callable[[str], object]) -> None:
    chance = random.Random(f"{plan.seed}:{hand}")
    end = time.monotonic() + plan.seconds
    for fault in _order(faults, chance, forever=not plan.each_once):
        time.sleep(chance.uniform(*plan.pause))
        if not plan.each_once and time.monotonic() > end:
            return
        what, heal = fault.hurt(chance)
        lasts = chance.uniform(*fault.lasts)
        say(f"{datetime.now(UTC):%H:%M:%S} {fault.name} ({what}) for {lasts:.1f} s")
        time.sleep(lasts)
        heal()
        report.faults[fault.name] += 1


def _order(faults: Sequence[Fault], chance: random.Random, *, forever: bool) -> Iterator[Fault]:
    """Each once in the order of chance, and again."""
    while True:
        yield from chance.sample(list(faults), len(faults))
        if not forever:
            return


def _at_rest(house: House, patience: float) -> Tables:
    """The books, once nothing in them is under way and every node tells of the last change."""
    began = time.monotonic()
    deadline = began + max(_QUIET_WITHIN, patience)
    while True:
        tables = house.tables()
        if (
            _is_settled(tables, patient=time.monotonic() < began + patience)
            and all(_is_told(node.base_url, tables) for node in house.nodes)
        ) or time.monotonic() > deadline:
            # By OCSP every process of a node tells of the last change within two seconds, and not at once.
            time.sleep(_TOLD_WITHIN)
            return tables
        time.sleep(0.5)


def _is_settled(tables: Tables, *, patient: bool) -> bool:
    """Whether nothing is under way; to the impatient, what is told by one node at a time under a lease is none of it."""
    looked = max((one["movement_id"] for one in tables["invoice_mark"]), default=0)
    if any(one["state"] == "intended" for one in tables["record"]) or any(
        one["state"] == "checking" for one in tables["address_upload"]
    ):
        return False
    if any(one["id"] > looked for one in tables["ledger_movement"]):
        return False
    followed = max((one["position"] for one in tables["event_mark"]), default=0)
    late = followed < len(tables["journal"]) or any(one["state"] == "waiting" for one in tables["webhook_delivery"])
    return not (late and patient)


def _is_told(base_url: str, tables: Tables) -> bool:
    """Whether a node serves a list with as many entries as there are revoked certificates: what may take a moment."""
    revoked = 2 * sum(one["state"] in ("revoked", "held") for one in tables["record"])
    try:
        answer = httpx2.get(f"{base_url}/crl/issuing.crl", timeout=10)
    except httpx2.TransportError:
        return False
    return answer.status_code == 200 and len(x509.load_der_x509_crl(answer.content)) >= revoked
