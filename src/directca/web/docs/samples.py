"""Code samples: files with placeholders, shown on the pages and run by `tests/docs`, the same text in both.

`samples/<function>/<language>.<extension>.in` holds one sample, `samples/answers/<name>.<extension>.in` one answer or short
command that has no need of four languages. `{{ base_url }}` and its like are the only markup. Secrets come from environment
variables, so that nobody types one into a documentation page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "samples"

LANGUAGES = (("curl", "curl"), ("python", "Python"), ("java", "Java"), ("csharp", "C#"))
"""The languages of each sample, in the order of the tabs: key and name."""

PLACEHOLDER = re.compile(r"\{\{ ([a-z_]+) \}\}")

_ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample in one language, as its file has it or filled for a reader."""

    function: str
    language: str
    language_name: str
    file_name: str
    text: str


def functions() -> tuple[str, ...]:
    """The names of all functions that have samples."""
    return tuple(sorted(entry.name for entry in FOLDER.iterdir() if entry.is_dir() and entry.name != _ANSWERS))


@cache
def samples(function: str) -> tuple[Sample, ...]:
    """The samples of a function, one for each language, in the order of the tabs."""
    found = {path.name.partition(".")[0]: path for path in (FOLDER / function).iterdir()}
    return tuple(
        Sample(
            function=function,
            language=language,
            language_name=name,
            file_name=found[language].name.removesuffix(".in"),
            text=found[language].read_text(encoding="utf-8"),
        )
        for language, name in LANGUAGES
    )


@cache
def answers() -> Mapping[str, str]:
    """The answers and short commands, by name."""
    return {path.name.partition(".")[0]: path.read_text(encoding="utf-8") for path in (FOLDER / _ANSWERS).iterdir()}


def fill(text: str, fills: Mapping[str, str]) -> str:
    """The text with the reader's values. Raises `KeyError` for a placeholder that nobody fills."""
    return PLACEHOLDER.sub(lambda found: fills[found.group(1)], text).rstrip("\n")
