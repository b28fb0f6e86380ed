"""The part of Markdown that the operator's guide uses, as HTML: headings, paragraphs, lists, tables, code, links.

The guide is written once, in `docs/operator/`, where it can be read in the repository, and shown at /docs/operator. Anything
outside this small part is refused, so that the two never look different; no HTML passes through.
"""

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup, escape

Link = Callable[[str], str | None]
"""Turns the target of a link as written into an address of the site; None for one that leads nowhere, of which the text stays."""

INLINE = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"(#{1,4}) (.+)")
BULLET = re.compile(r"- (.+)")
NUMBER = re.compile(r"\d+\. (.+)")
FENCE = re.compile(r"```([a-z]*)")
FOREIGN = ("#", ">", "<", "* ", "+ ", "    ", "---", "***", "===")
RULE_ROW = re.compile(r"\|(?: ?:?-+:? ?\|)+")


def render(source: str, *, anchor: str, link: Link) -> Markup:
    """The HTML of one chapter. Its first heading becomes `<h2 id="{anchor}">`, the others follow below it."""
    return Markup("\n").join(_block(block, anchor, link) for block in _blocks(source))


def inline(text: str, link: Link) -> Markup:
    """One line of text with its code, emphasis and links."""
    parts: list[Markup] = []
    end = 0
    for found in INLINE.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(_span(found, link))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def plain(text: str) -> Markup:
    """One line of text in which only `code` is marked: the docstrings of errors, the descriptions of the reference."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd else escape(part)
        for odd, part in ((number % 2, part) for number, part in enumerate(text.split("`")))
    )


def slug(text: str) -> str:
    """The anchor of a heading."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def _blocks(source: str) -> Iterator[list[str]]:
    """The source cut into blocks: at empty lines, at headings, and around fences."""
    block: list[str] = []
    fenced = False
    for line in [*source.splitlines(), ""]:
        if fenced:
            block.append(line)
            if line == "```":
                fenced = False
                yield block
                block = []
        elif FENCE.fullmatch(line):
            if block:
                yield block
            fenced, block = True, [line]
        elif line.strip():
            block.append(line)
        elif block:
            yield block
            block = []
    if fenced:
        raise ValueError("A code fence is not closed.")


def _block(lines: list[str], anchor: str, link: Link) -> Markup:
    first = lines[0]
    if FENCE.fullmatch(first):
        return Markup("<pre><code>{}</code></pre>").format("\n".join(lines[1:-1]))
    if found := HEADING.fullmatch(first):
        return _heading(found, lines, anchor, link)
    if BULLET.match(first):
        return _list("ul", BULLET, lines, link)
    if NUMBER.match(first):
        return _list("ol", NUMBER, lines, link)
    if first.startswith("|"):
        return _table(lines, link)
    if first.startswith(FOREIGN):
        raise ValueError(f"The guide's Markdown has no such thing: {first}")
    return Markup("<p>{}</p>").format(inline(" ".join(line.strip() for line in lines), link))


def _heading(found: re.Match[str], lines: list[str], anchor: str, link: Link) -> Markup:
    if len(lines) > 1:
        raise ValueError(f"An empty line is missing below the heading: {lines[0]}")
    level = len(found.group(1)) + 1
    name = anchor if level == 2 else f"{anchor}-{slug(found.group(2))}"
    return Markup('<h{level} id="{name}">{text}</h{level}>').format(level=level, name=name, text=inline(found.group(2), link))


def _list(tag: str, item: re.Pattern[str], lines: list[str], link: Link) -> Markup:
    items: list[str] = []
    for line in lines:
        if found := item.fullmatch(line):
            items.append(found.group(1))
        elif line.startswith("  "):
            items[-1] += " " + line.strip()
        else:
            raise ValueError(f"A line of a list is neither an item nor indented: {line}")
    rows = Markup("").join(Markup("<li>{}</li>").format(inline(text, link)) for text in items)
    return Markup("<{tag}>{rows}</{tag}>").format(tag=tag, rows=rows)


def _table(lines: list[str], link: Link) -> Markup:
    if len(lines) < 3 or not RULE_ROW.fullmatch(lines[1]):
        raise ValueError(f"A table needs a head, a rule and rows: {lines[0]}")
    heads, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])] for line in (lines[0], *lines[2:])]
    if any(len(row) != len(heads) for row in rows):
        raise ValueError(f"The rows of a table differ in length: {lines[0]}")
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(inline(cell, link)) for cell in heads)
    body = Markup("").join(_row(row, heads, link) for row in rows)
    return Markup(
        '<div class="table-scroll" tabindex="0" role="region" aria-label="{}">'
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(": ".join((heads[0], rows[0][0].replace("`", ""))), head, body)


def _row(cells: list[str], heads: list[str], link: Link) -> Markup:
    filled = [inline(cell.replace("\\|", "|"), link) for cell in cells]
    first = Markup('<th scope="row">{}</th>').format(filled[0])
    others = (Markup('<td data-head="{}">{}</td>').format(head, cell) for head, cell in zip(heads[1:], filled[1:], strict=True))
    return Markup("<tr>{}{}</tr>").format(first, Markup("").join(others))


def _span(found: re.Match[str], link: Link) -> Markup:
    if code := found.group("code"):
        return Markup("<code>{}</code>").format(code)
    if strong := found.group("strong"):
        return Markup("<strong>{}</strong>").format(inline(strong, link))
    text, address = inline(found.group("text"), link), link(found.group("target"))
    return text if address is None else Markup('<a href="{}">{}</a>').format(address, text)
