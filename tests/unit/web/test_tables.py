"""On a telephone a row of a table is a block in which each cell says its column: the templates give every cell those words."""

import re

from directca.web.pages import TEMPLATES

_TABLE, _HEADS = re.compile(r"<table>.*?</table>", re.S), re.compile(r"<th\b[^>]*>(.*?)</th>", re.S)
_CELLS = re.compile(r"<(td|th)\b([^>]*)>")
_HEAD, _BODY = re.compile(r"<thead>(.*?)</thead>", re.S), re.compile(r"<tbody>(.*?)</tbody>", re.S)
_ROW, _MARKUP, _LABEL = (
    re.compile(r"<tr\b.*?</tr>", re.S),
    re.compile(r"<[^>]*>|{[{%].*?[%}]}"),
    re.compile(r'data-head="([^"]*)"'),
)
_SORTING = re.compile(r"{{ m\.sorting\([^)]*\) }}")


def unlabelled(text: str) -> list[str]:
    """The columns whose cells do not say what stands at their head. A head that only a screen reader hears needs no words, and
    one that a template makes is not compared."""
    found = []
    for table in _TABLE.findall(text):
        head, body = _HEAD.search(table), _BODY.search(table)
        if head is None or body is None:
            continue
        heads = _HEADS.findall(_SORTING.sub("<th>{}</th>", head[1]))
        for row in _ROW.findall(body[1]):
            for (kind, attributes), column in zip(_CELLS.findall(row), heads, strict=False):
                label = _LABEL.search(attributes)
                words = _MARKUP.sub("", column).strip()
                is_said = label is not None and ("{" in column or "{" in label[1] or label[1] == words)
                if kind == "td" and "hidden-label" not in column and not is_said:
                    found.append(words)
    return found


def test_each_cell_says_its_column() -> None:
    pages = [*(TEMPLATES / "console").glob("*.html"), *TEMPLATES.glob("*.html")]
    assert len(pages) > 60
    assert {page.name: missing for page in pages if (missing := unlabelled(page.read_text()))} == {}


def test_a_cell_without_words_is_found() -> None:
    table = "<table><thead><tr><th>Name</th><th>State</th></tr></thead><tbody><tr><th>a</th><td>{}</td></tr></tbody></table>"
    assert unlabelled(table) == ["State"]
    assert unlabelled(table.replace("<td>", '<td data-head="State">')) == []
    assert unlabelled(table.replace("<td>", '<td data-head="Stale">')) == ["State"]
