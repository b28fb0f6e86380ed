"""How many files a server may have open: each connection is one, and a shell's usual limit is fewer than a worker's connections.

A worker that has no more can take nobody, not even to refuse them, and cannot open its database or a list either.
"""

import resource

import structlog

_LOG = structlog.get_logger("directca.serve")
_BESIDE = 256
"""What else a worker has open at most: connections to the database, its files, what libraries need, whoever is being refused."""


def allow(connections: int) -> None:
    """Let this process, and those it forks, have what a worker with so many connections needs, as far as the system lets it."""
    wanted = connections + _BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        _LOG.warning(
            "fewer files may be open than server.connections asks for; raise the limit (ulimit -Hn, LimitNOFILE of systemd), "
            "or lower server.connections",
            allowed=allowed,
            wanted=wanted,
        )
