"""A flow's page and its code tell the same numbered steps.

The page (docs/flows/*.md) names its code in a front line, `Code: src/directca/issuance/issue.py`, and lists its steps as
`1. **authorise** ...`; the code marks the same steps with comments, `# 1 authorise`, and may go on after a colon, or it tells
them to whoever watches, `step(1, "authorise")`. A page may name several files, separated by commas; their steps follow one
another.
"""

import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.house.sources import ROOT, modules

CODE_LINE = re.compile(r"^Code:\s*(.+)$", flags=re.MULTILINE)
PAGE_STEP = re.compile(r"^(\d+)\.\s+\*\*(.+?)\*\*", flags=re.MULTILINE)
CODE_STEP = re.compile(r"""^(?:#\s|step\()(\d+)(?:\s+([^:]+)|, "([^"]+)"\))""")
MAYBE_STEP = re.compile(r"#\s\d|step\(\d")

Steps = list[tuple[int, str]]


def pages() -> list[Path]:
    """Every flow page but the list of them."""
    return sorted(path for path in (ROOT / "docs" / "flows").glob("*.md") if path.stem.lower() not in ("readme", "index"))


def steps_of_page(text: str) -> Steps:
    """The numbered steps of a page."""
    return [(int(number), _title(title)) for number, title in PAGE_STEP.findall(text)]


def steps_of_code(text: str) -> Steps:
    """The numbered comments of a file, and the steps that it tells, in their order."""
    if not MAYBE_STEP.search(text):
        return []  # most files, and to take a file apart takes its time
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    beginnings = (
        token.line[token.start[1] :] if token.type == tokenize.NAME else token.string
        for token in tokens
        if token.type == tokenize.COMMENT or (token.type == tokenize.NAME and token.string == "step")
    )
    return [(int(found[1]), _title(found[2] or found[3])) for found in map(CODE_STEP.match, beginnings) if found]


def code_of_page(text: str) -> list[str]:
    """The files that a page describes."""
    line = CODE_LINE.search(text)
    return [name.strip(" `") for name in line[1].split(",")] if line else []


def _title(text: str) -> str:
    return text.strip().rstrip(".:").lower()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_page_and_code_tell_the_same_steps(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = code_of_page(text)
    assert code, f"{page.name} needs a line `Code: src/directca/...`"
    told = [step for name in code for step in steps_of_code((ROOT / name).read_text(encoding="utf-8"))]
    assert len(told) >= 2
    assert steps_of_page(text) == told


def test_there_is_a_page_for_every_flow_of_the_main_job() -> None:
    assert {"issue", "revoke", "authorize", "token"} <= {page.stem for page in pages()}


def test_every_numbered_verb_has_its_page() -> None:
    described = {name for page in pages() for name in code_of_page(page.read_text(encoding="utf-8"))}
    numbered = {found.path for found in modules() if found.product and len(steps_of_code(found.text)) >= 2}
    assert not numbered - described, "no page in docs/flows names: " + ", ".join(sorted(numbered - described))


def test_a_different_step_is_seen() -> None:
    page = "Code: src/a.py, `src/b.py`\n\n1. **authorise** who asks\n2. **rehearse, reserve** …\n"
    code = "def f():\n    # 1 authorise: who may\n    a()\n    # 2 rehearse, reserve\n    b('# 3 no comment')\n"
    assert code_of_page(page) == ["src/a.py", "src/b.py"]
    assert steps_of_page(page) == steps_of_code(code) == [(1, "authorise"), (2, "rehearse, reserve")]
    told = 'def f():\n    step(1, "authorise")\n    a("step(4, 4)")\n    step(2, "rehearse, reserve")  # …\n'
    assert steps_of_code(told) == steps_of_page(page)
    assert steps_of_code(told.replace("reserve", "release")) != steps_of_page(page)
    assert steps_of_code(code.replace("# 2 rehearse, reserve", "# 2 reserve")) != steps_of_page(page)
    assert steps_of_code(code.replace("# 2", "# 3")) != steps_of_page(page)
