"""Reading a table of TOML strictly: each key once, of its own type, and none that nobody asked for."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from directca.pki.errors import BadPolicy


class Table:
    """A table whose keys are taken one by one. `close` refuses what was not taken."""

    def __init__(self, content: Mapping[str, Any], path: str = "") -> None:
        self._left = dict(content)
        self._path = path

    def text(self, key: str) -> str:
        """A string."""
        value = self._take(key)
        return value if isinstance(value, str) else self._refuse(key, "a string")

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._take(key)
        return value if isinstance(value, bool) else self._refuse(key, "true or false")

    def number(self, key: str, *, at_least: int, at_most: int) -> int:
        """A whole number within bounds, both included."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
            self._refuse(key, f"a whole number from {at_least} to {at_most}")
        return value

    def span(self, key: str, *, unit: timedelta, at_most: int, default: int | None = None) -> timedelta:
        """A length of time: a positive number of units. A key that older files lack has a `default`."""
        if default is not None and key not in self._left:
            return unit * default
        return unit * self.number(key, at_least=1, at_most=at_most)

    def moment(self, key: str) -> datetime:
        """A moment with its offset from UTC."""
        value = self._take(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self._refuse(key, "a moment such as 2030-12-31T23:59:59Z")
        return value.astimezone(UTC)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, none of them twice."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            self._refuse(key, "a list of strings")
        if len(set(value)) != len(value):
            self._refuse(key, "a list without repetitions")
        return tuple(value)

    def numbers(self, key: str, *, at_least: int, at_most: int) -> tuple[int, ...]:
        """A list of whole numbers within bounds, not empty, ascending."""
        value = self._take(key)
        if not isinstance(value, list) or not value or not all(type(entry) is int for entry in value):
            self._refuse(key, "a list of whole numbers")
        if value != sorted(set(value)) or not at_least <= value[0] <= value[-1] <= at_most:
            self._refuse(key, f"an ascending list of numbers from {at_least} to {at_most}")
        return tuple(value)

    def table(self, key: str) -> "Table":
        """A table inside this one."""
        value = self._take(key)
        if not isinstance(value, dict):
            self._refuse(key, "a table")
        return Table(value, f"{self._path}{key}.")

    def names(self) -> tuple[str, ...]:
        """The keys that have not been taken."""
        return tuple(self._left)

    def close(self, *, but: Collection[str] = ()) -> None:
        """Raise BadPolicy if a key is left that nobody took: a misspelt rule must not be a rule that does not apply.

        `but` are keys that an earlier release wrote into its policy files and that mean nothing any more.
        """
        for key in self._left.keys() - set(but):
            raise BadPolicy(f"The policy has a key {self._path}{key} that means nothing here. Remove it or correct it.")

    def refuse(self, key: str, wanted: str) -> NoReturn:
        """Raise BadPolicy about a key of this table."""
        self._refuse(key, wanted)

    def _take(self, key: str) -> Any:
        if key not in self._left:
            raise BadPolicy(f"The policy lacks the key {self._path}{key}. Add it.")
        return self._left.pop(key)

    def _refuse(self, key: str, wanted: str) -> NoReturn:
        raise BadPolicy(f"The policy's key {self._path}{key} must be {wanted}.")
