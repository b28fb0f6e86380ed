"""Tell the manager that started this process how far it is: systemd's `Type=notify`, of which other managers know as much.

The protocol is one datagram of lines to the socket that NOTIFY_SOCKET names (sd_notify(3)); a name that begins with `@` lies in
Linux's abstract namespace. Where there is no such variable nobody asked. A manager that cannot be told keeps nothing from being
served: it gives up by itself and says so.
"""

import os
import socket

import structlog

_LOG = structlog.get_logger("directca.serve")
_VARIABLE = "NOTIFY_SOCKET"
PATIENCE_SECONDS = 2.0
"""How long a manager that has no room for one more word is waited for: it may be waiting for this very process."""
READY, STOPPING = "READY=1", "STOPPING=1"


def tell(state: str) -> None:
    """Send one state to whoever asked for it. Never raises."""
    address = os.environ.get(_VARIABLE, "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.settimeout(PATIENCE_SECONDS)
            manager.connect("\0" + address[1:] if address.startswith("@") else address)
            manager.sendall(state.encode())
    except OSError as error:
        _LOG.warning("the service manager cannot be told", state=state, error=str(error))
