"""`report.html`: one self-contained page of results, rendered from `page.html`."""

import base64
import dataclasses
import hashlib
import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kerasae.errors import ArtifactError
from kerasae.show.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kerasae.show.headline import Headline

_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"))
# Nothing may be fetched, and nothing but our script may run, whatever a caption or a figure
# contains.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# So few groups of facts are shown without a click.
_OPEN = 4


@dataclasses.dataclass(frozen=True)
class PageFigure:
    """A figure of the page.

    Args:
        source: The picture as a data URI.
        words: The figure in words, which stand under it, and for it where it cannot be seen.
        kind: `paper`, on white; `plot`, whose colours turn in the dark; or `pixels`, whose pixels
            stay sharp.
    """

    source: str
    words: str
    kind: str = "paper"

    @classmethod
    def read(cls, path: Path, words: str) -> Self:
        """Takes a figure from an SVG or PNG file.

        Raises:
            ArtifactError: If the file cannot be read or is neither SVG nor PNG.
        """
        if path.suffix not in _TYPES:
            raise ArtifactError(f"{path}: received a figure of another kind; expected .svg or .png")
        try:
            return cls(_uri(_TYPES[path.suffix], path.read_bytes()), words)
        except OSError as error:
            raise ArtifactError(
                f"{path}: the figure cannot be read ({error.strerror}); draw it again"
            ) from error

    @classmethod
    def plot(cls, figure: "Figure", words: str, form: str = "svg") -> Self:
        """Draws a figure for the page, without a background of its own.

        Args:
            figure: The figure.
            words: The figure in words.
            form: `svg`, or `png` for one of very many points.
        """
        import matplotlib

        content = io.BytesIO()
        metadata = {"Date": None} if form == "svg" else None
        with matplotlib.rc_context({"svg.hashsalt": "kerasae"}):
            figure.savefig(content, format=form, transparent=True, metadata=metadata)
        return cls(_uri(_TYPES[f".{form}"], content.getvalue()), words, "plot")


@dataclasses.dataclass(frozen=True)
class Picture:
    """A small picture with its name.

    Args:
        name: What it is, such as `original`.
        source: The picture as a data URI.
    """

    name: str
    source: str


@dataclasses.dataclass(frozen=True)
class PictureCard:
    """An image and what was made of it, side by side.

    Args:
        title: Which image it is.
        detail: What stands under the title.
        pictures: The pictures.
    """

    title: str
    detail: str
    pictures: Sequence[Picture]


@dataclasses.dataclass(frozen=True)
class PictureScale:
    """What the colours of error maps mean.

    Args:
        source: The colours, from the lowest to the highest, as a data URI.
        low: What the first one means.
        high: What the last one means.
        words: What is measured.
    """

    source: str
    low: str
    high: str
    words: str


@dataclasses.dataclass(frozen=True)
class PictureGroup:
    """A group of cards.

    Args:
        title: What they are.
        cards: The cards.
        scale: What the colours of their error maps mean.
    """

    title: str
    cards: Sequence[PictureCard]
    scale: PictureScale | None = None


@dataclasses.dataclass(frozen=True)
class PageSection:
    """A part of the page: its title, what it says in words, its tables, figures and pictures.

    Args:
        title: What it is about.
        paragraphs: What it says in words.
        tables: Its tables; `None` in one is shown as a dash.
        figures: Its figures.
        pictures: Its groups of pictures.
        sortable: Whether a click on a heading sorts the rows of its tables, numbers by all
            their digits.
    """

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[PageFigure] = ()
    pictures: Sequence[PictureGroup] = ()
    sortable: bool = False


@dataclasses.dataclass(frozen=True)
class PageContent:
    """All that the page shows.

    Args:
        title: Title of the page.
        summary: Paragraphs at the top.
        sections: Its parts, in order.
        command: The command that made what it shows, or the page.
        facts: Groups of facts by their titles: settings, versions, data.
        headline: How the run compares with PCA, where the page is about one.
    """

    title: str
    summary: Sequence[str]
    sections: Sequence[PageSection]
    command: str
    facts: Mapping[str, Mapping[str, object]]
    headline: "Headline | None" = None


def report_page(content: PageContent) -> str:
    """Builds the page: HTML with its style and figures inside, without links out.

    It has a script, which its policy allows by its SHA-256, only where there is something to
    sort.

    Args:
        content: All that the page shows; every text is escaped.

    Returns:
        The page's HTML.

    Example:

    >>> page = report_page(PageContent("A < B", [], [], "kerasae reproduce", {}))
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
    if any(section.sortable for section in content.sections):
        script = _text("report_page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        policy = f"{_POLICY}; script-src 'sha256-{digest}'"
    return environment.get_template("page.html").render(
        page=content,
        opened=len(content.facts) <= _OPEN,
        policy=policy,
        style=Markup(_text("report_page.css")),
        script=Markup(script),
    )


def data_uri(picture: bytes) -> str:
    """Returns a PNG or JPEG file's bytes as the address of a picture that holds it."""
    kind = next(kind for magic, kind in _MAGIC if picture.startswith(magic))
    return _uri(kind, picture)


def _text(name: str) -> str:
    return files("kerasae.show").joinpath(name).read_text(encoding="utf-8")


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
