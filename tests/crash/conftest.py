"""One nursery for all crashes, and each story prepared once on each engine."""

from collections.abc import Callable, Iterator

import pytest

from tests.crash.nursery import House, Nursery
from tests.crash.stories import STORIES
from tests.engines import Engine


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def stories() -> dict[tuple[str, str], House]:
    """What was prepared, by engine and story."""
    return {}


@pytest.fixture
def prepared(
    engine: Engine, nursery: Nursery, stories: dict[tuple[str, str], House], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], House]:
    """The authority at the moment before a story's verb; to be copied, not to be changed."""

    def of(story: str) -> House:
        known = (engine.name, story)
        if known not in stories:
            house = STORIES[story].prepare(nursery.house(tmp_path_factory.mktemp("story") / "house", engine))
            house.keep()
            stories[known] = house
        return stories[known]

    return of
