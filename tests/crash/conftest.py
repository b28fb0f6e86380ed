"""One nursery for all crashes, and each story prepared once."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.crash.nursery import House, Nursery
from tests.crash.stories import STORIES


@pytest.fixture(scope="session")
def nursery(migrated: Path) -> Iterator[Nursery]:
    with Nursery(migrated) as made:
        yield made


@pytest.fixture(scope="session")
def prepared(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], House]:
    """The authority at the moment before a story's verb; to be copied, not to be changed."""

    @cache
    def of(story: str) -> House:
        return STORIES[story].prepare(nursery.house(tmp_path_factory.mktemp("story") / "house"))

    return of
