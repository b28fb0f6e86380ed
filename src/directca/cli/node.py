"""`directca node`: the servers that share the authority's database, as each of them describes itself."""

import sys
from dataclasses import dataclass

from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened
from directca.clock import rfc3339
from directca.db import nodes

app = group("node", "The servers that share the authority's database.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions(Common):
    """Options of `node list`."""


def list_nodes(options: NodeOptions) -> None:
    """List the servers that share the database; `silent` ones said nothing for half a minute, and did not end in order."""
    with opened(options.data) as desk, desk.database.read() as tx:
        now = desk.clock.now()
        found = nodes.every(tx)
    agreed = {one.agreed_sha256 for one in found if not one.silent_at(now)}
    rows = [
        {
            "node": one.name,
            "state": "silent" if one.silent_at(now) else "live",
            "release": one.release,
            "started": rfc3339(one.started_at),
            "seen": rfc3339(one.seen_at),
            "agreed": one.agreed_sha256[:8],
        }
        for one in found
    ]
    columns = ("node", "state", "release", "started", "seen", "agreed")
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="No server runs on this database.")
    present.emit(rows, as_json=options.as_json, human=table)
    if len(agreed) > 1 and not options.as_json:
        sys.stdout.write("They do not agree: compare policy.toml and the addresses in directca.toml between them.\n")


command(app, "list", NodeOptions, list_nodes)
