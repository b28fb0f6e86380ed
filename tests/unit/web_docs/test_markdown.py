"""The part of Markdown that the operator's guide uses."""

import pytest

from directca.web.docs.guide import link as guide_link
from directca.web.docs.markdown import plain, render


def shown(source: str) -> str:
    return str(render(source, anchor="chapter", link=lambda target: "#" + target))


def test_headings_are_one_level_lower_and_have_anchors() -> None:
    assert shown("# Top\n\n## Mind the gap, please\n") == (
        '<h2 id="chapter">Top</h2>\n<h3 id="chapter-mind-the-gap-please">Mind the gap, please</h3>'
    )


def test_lines_of_a_paragraph_are_joined() -> None:
    assert shown("One\ntwo `a<b` **three** [four](five).") == (
        '<p>One two <code>a&lt;b</code> <strong>three</strong> <a href="#five">four</a>.</p>'
    )


def test_lists() -> None:
    assert shown("- one\n  more\n- two") == "<ul><li>one more</li><li>two</li></ul>"
    assert shown("1. one\n2. two") == "<ol><li>one</li><li>two</li></ol>"


def test_code_is_kept_as_it_is() -> None:
    assert shown("```\na <b>\n\n# c\n```") == "<pre><code>a &lt;b&gt;\n\n# c</code></pre>"


def test_tables() -> None:
    html = shown("| A | B |\n|---|---|\n| `x` | y \\| z |")
    assert '<th scope="col">A</th><th scope="col">B</th>' in html
    assert '<th scope="row"><code>x</code></th><td data-head="B">y | z</td>' in html


def test_html_does_not_pass() -> None:
    assert "<script>" not in shown("a <script>alert(1)</script> **<b>** [<i>](x)")


@pytest.mark.parametrize(
    "source",
    ["> quoted", "* star", "<p>html</p>", "##### deep", "    indented", "```\nopen", "- a\nb", "| a |\n| b |", "---", "# a\nb"],
)
def test_what_is_outside_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        shown(source)


def test_rows_of_a_table_are_equally_long() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        shown("| A | B |\n|---|---|\n| x |")


def test_links_of_the_guide_lead_to_its_chapters() -> None:
    assert guide_link("keys.md", "start") == "#keys"
    assert guide_link("keys.md#keys-lost", "start") == "#keys-keys-lost"
    assert guide_link("#server", "configuration") == "#configuration-server"
    assert guide_link("/docs/client", "start") == "/docs/client"
    with pytest.raises(ValueError, match="does not have"):
        guide_link("nowhere.md", "start")
    with pytest.raises(ValueError, match="does not have"):
        guide_link("javascript:alert(1)", "start")


def test_plain_marks_code_only() -> None:
    assert str(plain("Say `a` & **b**")) == "Say <code>a</code> &amp; **b**"
