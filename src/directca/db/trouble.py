"""What keeps changes from being made, as every process of a server knows it: whichever of them is asked can say so.

The memory is shared with whatever is forked after the database was opened. Each process writes whole numbers of eight octets, so
nobody reads half of one; moments are the system's monotonic clock, which is the same for all of them.
"""

import mmap
import time

_BYTES = 8
_CAME_TO_NOTHING, _UNUSABLE_AT, _OVERCOME_AT = range(3)


class Trouble:
    """That changes came to nothing, until one is taken; that the database was unusable, until a trial overcame it."""

    def __init__(self) -> None:
        self._shared = memoryview(mmap.mmap(-1, 3 * _BYTES)).cast("q")

    def __bool__(self) -> bool:
        return self._shared[_CAME_TO_NOTHING] == 1 or self._shared[_UNUSABLE_AT] > self._shared[_OVERCOME_AT]

    def came_to_nothing(self) -> None:
        """A change did not get its turn, or another had what it wanted."""
        self._shared[_CAME_TO_NOTHING] = 1

    def was_taken(self) -> None:
        """A change was made, so the next one may be, too; one that needs more room may not."""
        self._shared[_CAME_TO_NOTHING] = 0

    def was_unusable(self) -> None:
        """A change found that the database cannot be used."""
        self._shared[_UNUSABLE_AT] = self.moment()

    def overcome(self, begun: int) -> None:
        """A trial that began at this moment succeeded: what was found before it is over, and not what was found meanwhile."""
        self._shared[_OVERCOME_AT] = begun

    @staticmethod
    def moment() -> int:
        """Now, for `overcome`."""
        return time.monotonic_ns()
