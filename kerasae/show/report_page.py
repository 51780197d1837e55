"""`report.html`: one self-contained page of results, rendered from `page.html`."""

import base64
import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from kerasae.errors import ArtifactError
from kerasae.show.table import Table

_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
# Nothing may be fetched, and nothing but our script may run, whatever a caption or a figure
# contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclasses.dataclass(frozen=True)
class PageFigure:
    """A figure of the page.

    Args:
        file: Name of a `.svg` or `.png` file in the page's folder.
        words: The figure in words, which stand under it, and for it where it cannot be seen.
    """

    file: str
    words: str


@dataclasses.dataclass(frozen=True)
class PagePair:
    """Two pictures in one place, the second of which shows on hover, focus or tap.

    Args:
        first: A PNG file's bytes, such as of an image.
        second: The same for what was made of it.
        caption: What stands under them.
    """

    first: bytes
    second: bytes
    caption: str


@dataclasses.dataclass(frozen=True)
class PagePairs:
    """A group of pairs.

    Args:
        title: What they are.
        names: What the first and the second pictures are, such as original, reconstruction.
        pairs: The pairs.
    """

    title: str
    names: tuple[str, str]
    pairs: Sequence[PagePair]


@dataclasses.dataclass(frozen=True)
class PageSection:
    """A study: its title, what it says in words, its tables, figures and pairs.

    Args:
        title: What it is about.
        paragraphs: What it says in words.
        tables: Its tables; `None` in one is shown as a dash.
        figures: Its figures.
        pairs: Its groups of pairs.
        sortable: Whether a click on a heading sorts the rows of its tables, numbers by all
            their digits.
    """

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[PageFigure] = ()
    pairs: Sequence[PagePairs] = ()
    sortable: bool = False


@dataclasses.dataclass(frozen=True)
class PageContent:
    """All that the page shows.

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

    >>> page = report_page(PageContent("A < B", [], [], "kerasae reproduce", {}, {}), Path())
    >>> "<h1>A &lt; B</h1>" in page
    True
    """
    import jinja2
    from markupsafe import Markup

    loader = jinja2.PackageLoader("kerasae", "show")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    script, policy = "", _POLICY
    if any(section.sortable or section.pairs for section in content.sections):
        script = _text("report_page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        policy = f"{_POLICY}; script-src 'sha256-{digest}'"
    return environment.get_template("page.html").render(
        page=content,
        policy=policy,
        style=Markup(_text("report_page.css")),
        script=Markup(script),
        source=functools.partial(_source, folder),
        png=functools.partial(_data, ".png"),
    )


def _text(name: str) -> str:
    return files("kerasae.show").joinpath(name).read_text(encoding="utf-8")


def _source(folder: Path, name: str) -> str:
    path = folder / name
    if path.suffix not in _TYPES:
        raise ArtifactError(f"{path}: received a figure of another kind; expected .svg or .png")
    try:
        return _data(path.suffix, path.read_bytes())
    except OSError as error:
        raise ArtifactError(
            f"{path}: the figure cannot be read ({error.strerror}); draw it again"
        ) from error


def _data(suffix: str, content: bytes) -> str:
    return f"data:{_TYPES[suffix]};base64,{base64.b64encode(content).decode('ascii')}"
