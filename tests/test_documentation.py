"""The Python of the documentation runs."""

import re
from pathlib import Path

import pytest

_DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", ["own-images.md"])
def test_the_python_of_a_page_runs(name):
    text = (_DOCS / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec"), {})
