"""`report.html`: one self-contained page that sets results beside the report's."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import NotRequired, TypedDict

from kerasae.errors import ArtifactError

_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
# Nothing may be fetched, and nothing but our script may run, whatever a caption or a figure
# contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

Cell = str | int | float | None


class PageTable(TypedDict):
    """A table of the page.

    Args:
        caption: What the table shows.
        columns: Heading of each column; the first column names the rows.
        rows: Cells of each row, as many as columns. `None` is shown as a dash, a `float` with
            `decimals` digits after the point, a string as it is.
        compare: Columns (numbers from 0) among which each row's best `float` is marked.
        decimals: Digits after the point; default 5.
        note: A sentence under the table.
        sortable: Whether a click on a heading sorts the rows; a `float` is then shown with four
            digits and sorted by all of them. Default `False`.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    compare: NotRequired[Sequence[int]]
    decimals: NotRequired[int]
    note: NotRequired[str]
    sortable: NotRequired[bool]


class PageFigure(TypedDict):
    """A figure of the page.

    Args:
        file: Name of a `.svg` or `.png` file in the page's folder.
        caption: What the figure shows.
        alt: The figure in words, for those who cannot see it.
    """

    file: str
    caption: str
    alt: str


class PagePair(TypedDict):
    """Two pictures in one place, the second of which shows on hover, focus or tap.

    Args:
        first: A PNG file's bytes, such as of an image.
        second: The same for what was made of it.
        caption: What stands under them.
    """

    first: bytes
    second: bytes
    caption: str


class PagePairs(TypedDict):
    """A group of pairs.

    Args:
        title: What they are.
        names: What the first and the second pictures are, such as original, reconstruction.
        pairs: The pairs.
    """

    title: str
    names: tuple[str, str]
    pairs: Sequence[PagePair]


class PageSection(TypedDict):
    """A study: its title, what it says in words, its tables, figures and pairs."""

    title: str
    paragraphs: Sequence[str]
    tables: NotRequired[Sequence[PageTable]]
    figures: NotRequired[Sequence[PageFigure]]
    pairs: NotRequired[Sequence[PagePairs]]


class PageContent(TypedDict):
    """All that the page shows, plain JSON values.

    Args:
        title: Title of the page.
        summary: Paragraphs at the top: where we agree, where we differ and why.
        sections: The studies, in order.
        command: The command that made the page.
        settings: For each study's name its settings.
        versions: Version of each package, and what else identifies the run.
    """

    title: str
    summary: Sequence[str]
    sections: Sequence[PageSection]
    command: str
    settings: Mapping[str, Mapping[str, object]]
    versions: Mapping[str, object]


def report_page(content: PageContent, folder: Path) -> str:
    """Builds the page: HTML with its style and figures inside, without links out.

    It has a script, which its policy allows by its SHA-256, only where there is something to
    sort or to switch.

    Args:
        content: All that the page shows; every text is escaped.
        folder: Folder of the figures' files.

    Returns:
        The page's HTML.

    Raises:
        ArtifactError: If a figure's file cannot be read or is neither SVG nor PNG.

    Example:

    >>> page = report_page(
    ...     {"title": "A < B", "summary": [], "sections": [], "command": "kerasae reproduce",
    ...      "settings": {}, "versions": {}}, Path())
    >>> "<h1>A &lt; B</h1>" in page
    True
    """
    style = files("kerasae.show").joinpath("report_page.css").read_text(encoding="utf-8")
    script, policy = _script(content["sections"])
    sections = list(enumerate(content["sections"], 1))
    links = "".join(f'<li><a href="#s{n}">{escape(s["title"])}</a></li>' for n, s in sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>{escape(content["title"])}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(content["title"])}</h1>
{_paragraphs(content["summary"])}
<nav aria-label="Sections"><ul>{links}<li><a href="#made">How this was made</a></li></ul></nav>
</header>
<main>
{"".join(_section(number, section, folder) for number, section in sections)}
<section id="made" aria-labelledby="made-title">
<h2 id="made-title">How this was made</h2>
<pre><code>{escape(content["command"])}</code></pre>
{"".join(_settings(name, values) for name, values in content["settings"].items())}
{_settings("Versions", content["versions"])}
</section>
</main>
{script}</body>
</html>
"""


def _script(sections: Sequence[PageSection]) -> tuple[str, str]:
    """Returns the script's element, empty where nothing needs it, and the page's policy."""
    tables = [table for section in sections for table in section.get("tables", ())]
    pairs = any(section.get("pairs") for section in sections)
    if not pairs and not any(table.get("sortable", False) for table in tables):
        return "", _POLICY
    text = files("kerasae.show").joinpath("report_page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"<script>{text}</script>\n", f"{_POLICY}; script-src 'sha256-{digest}'"


def _section(number: int, section: PageSection, folder: Path) -> str:
    tables = "".join(_table(table) for table in section.get("tables", ()))
    figures = "".join(_figure(figure, folder) for figure in section.get("figures", ()))
    pairs = "".join(_pairs(group) for group in section.get("pairs", ()))
    return f"""<section id="s{number}" aria-labelledby="s{number}-title">
<h2 id="s{number}-title">{escape(section["title"])}</h2>
{_paragraphs(section["paragraphs"])}
{tables}{figures}{pairs}</section>
"""


def _paragraphs(texts: Sequence[str]) -> str:
    return "\n".join(f"<p>{escape(text)}</p>" for text in texts)


def _table(table: PageTable) -> str:
    caption = escape(table["caption"])
    heads = [escape(column) for column in table["columns"]]
    if table.get("sortable", False):
        heads = [f'<button type="button" class="sort">{head}</button>' for head in heads]
    head = "".join(f'<th scope="col">{head}</th>' for head in heads)
    body = "\n".join(_row(row, table) for row in table["rows"])
    note = f'<p class="note">{escape(table["note"])}</p>' if "note" in table else ""
    # A region that scrolls must be reachable with the keyboard.
    return f"""<div class="scroll" role="region" tabindex="0" aria-label="{caption}">
<table>
<caption><span>{caption}</span></caption>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>
{note}
"""


def _row(row: Sequence[Cell], table: PageTable) -> str:
    compared = {column: row[column] for column in table.get("compare", ())}
    numbers = [value for value in compared.values() if isinstance(value, float)]
    best = min(numbers) if len(numbers) > 1 else None
    cells = [f'<th scope="row"{_value(row[0], table)}>{_text(row[0], table)}</th>']
    for column, value in enumerate(row[1:], 1):
        mark = ' class="best"' if best is not None and compared.get(column) == best else ""
        cells.append(f"<td{mark}{_value(value, table)}>{_text(value, table)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _value(value: Cell, table: PageTable) -> str:
    """Returns the attribute that the script sorts by."""
    if not table.get("sortable", False):
        return ""
    return f' data-value="{"" if value is None else escape(str(value))}"'


def _text(value: Cell, table: PageTable) -> str:
    if value is None:
        return "&ndash;"
    if not isinstance(value, float):
        return escape(str(value))
    return (
        f"{value:.4g}" if table.get("sortable", False) else f"{value:.{table.get('decimals', 5)}f}"
    )


def _figure(figure: PageFigure, folder: Path) -> str:
    path, alt = folder / figure["file"], escape(figure["alt"])
    if path.suffix not in _TYPES:
        raise ArtifactError(f"{path}: received a figure of another kind; expected .svg or .png")
    try:
        source = _data(path.read_bytes(), path.suffix)
    except OSError as error:
        raise ArtifactError(
            f"{path}: the figure cannot be read ({error.strerror}); draw it again"
        ) from error
    return f"""<figure>
<div class="image" role="region" tabindex="0" aria-label="{alt}">
<img src="{source}" alt="{alt}"></div>
<figcaption>{escape(figure["caption"])}</figcaption>
</figure>
"""


def _pairs(group: PagePairs) -> str:
    pairs = "\n".join(_pair(pair, group["names"]) for pair in group["pairs"])
    return f"""<h3>{escape(group["title"])}</h3>
<div class="pairs">
{pairs}
</div>
"""


def _pair(pair: PagePair, names: tuple[str, str]) -> str:
    images = "".join(
        f'<span class="{place}"><img src="{_data(png, ".png")}" alt=""><i>{escape(name)}</i></span>'
        for place, png, name in (
            ("first", pair["first"], names[0]),
            ("second", pair["second"], names[1]),
        )
    )
    caption = escape(pair["caption"])
    label = f"{caption}: show the {escape(names[1])}"
    return f"""<figure><button type="button" class="pair" aria-pressed="false" aria-label="{label}">
{images}</button>
<figcaption>{caption}</figcaption></figure>"""


def _data(content: bytes, suffix: str) -> str:
    return f"data:{_TYPES[suffix]};base64,{base64.b64encode(content).decode('ascii')}"


def _settings(name: str, values: Mapping[str, object]) -> str:
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in values.items())
    return f"<details><summary>{escape(name)}</summary><dl>{items}</dl></details>\n"
