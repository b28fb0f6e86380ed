"""Whether this server is about to end: a sign that its parent process gives and that all its workers see.

From then on readiness says so, so that a balancer sends nobody here any more, and each answer ends its connection (RFC 9112 9.6),
so that whoever is here already comes back by way of the balancer. Everybody is still answered.
"""

import mmap


class Draining:
    """One octet of memory that is shared with whatever is forked later."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Say that the server is about to end. There is no way back."""
        self._shared[0] = 1

    def __call__(self) -> bool:
        """Whether it is."""
        return self._shared[0] == 1
