"""Certificates per second, beside other people's authorities that do their work in the same run on the same machine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from bench import authority, load, machine, orders, query, visit
from bench.authority import SMALLER_BITS, USUAL_BITS
from bench.django_peer import django_ca
from bench.engines import POSTGRESQL, SQLITE
from bench.orders import Order
from bench.peers import CONNECTIONS, OpensslCa, OverHttp, Peer, Turn, cfssl
from bench.postgres import Postgres
from bench.results import Result, Table, verdict
from bench.server import Failed, Server

CFSSL, DJANGO_CA, OPENSSL = "CFSSL", "django-ca", "`openssl ca`"
TARGETS = {CFSSL: 2.0, DJANGO_CA: 15.0}
_WARM_UP = 64
_PAIR = 2


@dataclass(frozen=True)
class Plan:
    """How many certificates each makes in a turn, and how many turns there are."""

    turns: int
    ours: int
    others: Mapping[str, int]

    @property
    def orders(self) -> int:
        """How many orders that takes: each of ours is one, and each request of one is a certificate of others."""
        most = max(self.ours, *self.others.values())
        return _WARM_UP + self.turns * (most // _PAIR + CONNECTIONS)


FULL = Plan(4, 1000, {CFSSL: 1000, DJANGO_CA: 300, OPENSSL: 100})
QUICK = Plan(1, 160, {CFSSL: 160, DJANGO_CA: 80, OPENSSL: 20})


@dataclass
class Line:
    """One authority and its turns."""

    name: str
    peer: Peer
    turns: list[Turn] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Certificates per second."""
        return sum(one.certificates for one in self.turns) / sum(one.seconds for one in self.turns)


def measure(folder: Path, *, quick: bool) -> Result:
    """Set up all that can be, and let them take turns. What cannot be set up is said to be missing."""
    plan = QUICK if quick else FULL
    with ExitStack() as stack:
        database, why_not = None, ""
        try:
            database = stack.enter_context(authority.postgresql(folder))
        except Failed as error:
            why_not = str(error)
        ours, made = _ours(stack, folder, plan, database)
        others, missing = _others(stack, folder, made, database, why_not)
        for _ in range(plan.turns):
            for line in ours:
                line.turns.append(line.peer.turn(plan.ours))
            for line in others:
                line.turns.append(line.peer.turn(plan.others[line.name]))
        for line in (*ours, *others):
            _check(line)
        return _result(ours, others, missing)


def _ours(stack: ExitStack, folder: Path, plan: Plan, database: Postgres | None) -> tuple[list[Line], list[Order]]:
    """The product's own, the one to compare with first: PostgreSQL, where there is one, and the smaller key."""
    cases = [(SQLITE, SMALLER_BITS), (SQLITE, USUAL_BITS)]
    if database is not None:
        cases.insert(0, (POSTGRESQL, SMALLER_BITS))
    made: list[Order] = []
    lines = []
    for engine, bits in cases:
        address = database.new_database() if engine == POSTGRESQL and database is not None else ""
        server = stack.enter_context(authority.server(folder / f"{engine}-{bits}".lower(), bits, address))
        if not made:
            made += orders.orders(plan.orders, server.sandbox["direct_domain"])
        token = visit.access_token(server.sandbox)
        calls = map(partial(Order.http, access_token=token), made)
        count = partial(_records, server, token)
        peer = OverHttp("directca", f"RSA-{bits}", f"HTTP, {engine}", server.address, calls, _PAIR, count)
        peer.warm_up(_WARM_UP - CONNECTIONS)
        lines.append(Line(f"directca, {engine}, RSA-{bits}", peer))
    return lines, made


def _others(
    stack: ExitStack, folder: Path, made: Sequence[Order], database: Postgres | None, why_not: str
) -> tuple[list[Line], dict[str, str]]:
    requests = list(chain.from_iterable((one.signing_csr, one.encryption_csr) for one in made))
    names = list(chain.from_iterable((one.name, one.name) for one in made))
    lines, missing = [], {}

    def stands_ready(name: str, prepare: Callable[[], Peer | AbstractContextManager[Peer]]) -> None:
        try:
            found = prepare()
            peer = found if isinstance(found, Peer) else stack.enter_context(found)
            if isinstance(peer, OverHttp):
                peer.warm_up(CONNECTIONS)
            lines.append(Line(name, peer))
        except (Failed, OSError) as error:
            missing[name] = " ".join(str(error).split())

    if database is None:
        missing |= dict.fromkeys((CFSSL, DJANGO_CA), why_not)
    else:
        stands_ready(CFSSL, partial(cfssl, folder / "cfssl", requests, database))
        stands_ready(DJANGO_CA, partial(django_ca, folder / "django-ca", requests, names, database))
    stands_ready(OPENSSL, partial(OpensslCa, folder / "openssl", requests))
    return lines, missing


def _check(line: Line) -> None:
    """Raise Failed where a register has fewer than were asked for: some answer before they have done anything."""
    wanted = sum(one.certificates for one in line.turns)
    if (stored := line.peer.stored()) < wanted:
        raise Failed(f"{line.peer.name} was asked for {wanted:,} certificates, and its register has {stored:,}.")


def _records(server: Server, token: str) -> int:
    with load.Connections(server.address, 1) as connection:
        return _PAIR * query.total(connection.ask(load.get("/api/certificate/query?limit=1", token)))


def _result(ours: Sequence[Line], others: Sequence[Line], missing: Mapping[str, str]) -> Result:
    first, *rest = ours
    rows = [_row(first, "", ""), *(_row(line, "", "") for line in rest)]
    for line in others:
        ratio, target = first.rate / line.rate, TARGETS.get(line.name)
        rows.append(_row(line, f"× {ratio:.1f}", f"≥ {target:.0f}: {verdict(ratio, target, at_least=True)}" if target else ""))
    rows += [(f"{name}: not measured", "", "", "", "", "") for name in missing]
    table = Table(
        f"Certificates beside other authorities: {machine.cores()} cores, {CONNECTIONS} connections",
        ("", "key", "asked by", "certificates/s", "first row to it", "target"),
        tuple(rows),
    )
    ratios = {f"to {line.name}": round(first.rate / line.rate, 2) for line in others}
    figures = {"measured": [_figures(line) for line in (*ours, *others)], "not_measured": dict(missing)}
    notes = (
        "All take turns in one run, with the same requests; the others stand by and do nothing. A pair is two certificates.",
        *(f"{name} was not measured: {why}." for name, why in missing.items()),
    )
    return Result("others", (table,), figures, ratios, notes)


def _row(line: Line, ratio: str, target: str) -> tuple[str, ...]:
    return (line.peer.name, line.peer.key, line.peer.how, f"{line.rate:,.0f}", ratio, target)


def _figures(line: Line) -> dict[str, Any]:
    return {
        "name": line.peer.name,
        "key": line.peer.key,
        "asked_by": line.peer.how,
        "certificates": sum(one.certificates for one in line.turns),
        "certificates_per_second": round(line.rate, 1),
        "turns": [round(one.certificates / one.seconds, 1) for one in line.turns],
    }
