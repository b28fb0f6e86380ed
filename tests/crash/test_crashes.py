"""Every verb is killed at every moment, and everything is found in order by whoever starts next.

The verb's process ends by SIGKILL, another does what a start does, an inspector looks at the database and at everything
that the keys have signed, and the verb is asked for again: it must then have happened, once.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.crash.inspection import Found, inspect
from tests.crash.nursery import House
from tests.crash.points import SIGNATURES
from tests.crash.stories import STORIES, Story
from tests.engines import whole
from tests.house.test_flows import code_of_page, pages
from tests.world import START

Prepared = Callable[[str], House]
CRASHES = [(name, moment) for name, story in STORIES.items() for moment in story.moments()]
AT_A_COMMIT = [(name, moment) for name, moment in CRASHES if moment.startswith(("before commit", "after commit"))]
# Before a step an engine holds what it held after the last commit: so some of these in `make test`, all in `make engines`.
BEFORE_A_STEP = [one for one in CRASHES if one not in AT_A_COMMIT][:: 1 if whole() else 3]
MINUTE = 60.0


def found(house: House, after: float) -> Found:
    with closing(house.open()) as database:
        return inspect(database, house.folder / SIGNATURES, START + timedelta(seconds=after))


def again(house: House, story: Story, after: float) -> None:
    """Ask for the verb once more. Of what is the case already it may say so; any other refusal is a failure."""
    (ended,) = house.run(replace(story.job, after=after))
    assert not ended.killed
    assert ended.refused in {None, story.done_already}, ended


def test_every_flow_of_the_verbs_is_killed_in_some_story() -> None:
    verbs = ("src/directca/issuance/", "src/directca/revocation/")
    flows = {page.stem for page in pages() if any(one.startswith(verbs) for one in code_of_page(page.read_text("utf-8")))}
    assert flows == {flow for story in STORIES.values() for flow in story.flows}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_passes_the_moments_at_which_it_is_killed_and_no_others(prepared: Prepared, tmp_path: Path, name: str) -> None:
    story, house = STORIES[name], prepared(name).copy(tmp_path / "house")
    (ended,) = house.run(replace(story.job, steps=True))
    assert ended.refused is None
    assert set(ended.passed) == set(story.moments())


@pytest.mark.parametrize(("name", "moment"), AT_A_COMMIT, ids=[f"{name}: {moment}" for name, moment in AT_A_COMMIT])
def test_a_crash_at_a_commit_leaves_nothing_that_the_next_start_does_not_put_right(
    prepared: Prepared, tmp_path: Path, name: str, moment: str
) -> None:
    is_put_right(prepared, tmp_path, name, moment)


@pytest.mark.engine("sqlite", why="between commits an engine holds what it held after one, where both are killed above")
@pytest.mark.parametrize(("name", "moment"), BEFORE_A_STEP, ids=[f"{name}: {moment}" for name, moment in BEFORE_A_STEP])
def test_a_crash_before_a_step_leaves_nothing_that_the_next_start_does_not_put_right(
    prepared: Prepared, tmp_path: Path, name: str, moment: str
) -> None:
    is_put_right(prepared, tmp_path, name, moment)


def is_put_right(prepared: Prepared, tmp_path: Path, name: str, moment: str) -> None:
    """Kill the verb at a moment, start, look, ask again, and look once more."""
    story, house = STORIES[name], prepared(name).copy(tmp_path / "house")
    (ended,) = house.run(replace(story.job, die_at=moment))
    assert ended.killed
    started = story.after + MINUTE
    house.do("begin", after=started)
    found(house, started)
    again(house, story, started + MINUTE)
    house.do("keep", after=started + MINUTE)
    left = found(house, started + MINUTE)
    assert [one["state"] for one in left.records if not one["settled"]] == list(story.states)
    assert left.spent == story.spent


def test_the_name_of_an_abandoned_issue_is_free_for_another_request(prepared: Prepared, tmp_path: Path) -> None:
    house = prepared("begin").copy(tmp_path / "house")
    (ended,) = house.run(replace(STORIES["issue"].job, arguments={"key": 4}))
    assert ended.refused == "identifier_in_use"
    house.do("begin", after=MINUTE)
    house.do("issue", after=MINUTE, key=4)
    assert found(house, MINUTE).states() == ["revoked", "issued"]
