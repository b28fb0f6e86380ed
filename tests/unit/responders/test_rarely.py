"""What is said rarely is not forgotten, and what is guarded ends nothing."""

from typing import Any

from directca.responders.rarely import Rarely


class Said:
    """A log, and a monotonic clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, **facts: Any) -> None:
        self.lines.append((what, facts))


def test_it_is_said_once_a_minute_with_how_often_it_happened_since() -> None:
    said = Said()
    rarely = Rarely(lambda: said.now)
    for second in (0, 1, 59, 60):
        said.now = second
        rarely.say(said, "odd", number=second)
    assert said.lines == [("odd", {"before": 0, "number": 0}), ("odd", {"before": 2, "number": 60})]


def test_what_is_guarded_is_told_with_where_it_was_raised_and_ends_nothing() -> None:
    said = Said()
    done: list[int] = []

    def broken() -> None:
        done.append(1)
        raise ZeroDivisionError

    rarely = Rarely(lambda: said.now)
    rarely.guard(broken, said, "it broke")
    rarely.guard(lambda: done.append(2), said, "it broke")
    assert done == [1, 2]
    assert said.lines == [("it broke", {"before": 0, "exc_info": True})]
