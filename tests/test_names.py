"""The names of `import kerasae`."""

import subprocess
import sys
from pathlib import Path

import pytest

import kerasae


@pytest.mark.parametrize("name", kerasae.__all__)
def test_every_name_is_there_with_its_documentation(name):
    found = getattr(kerasae, name)
    assert callable(found)
    assert found.__doc__
    # A module of the name would take the function's place once it is imported.
    folder = Path(kerasae.__file__).parent
    assert not (folder / f"{name}.py").exists()
    assert not (folder / name).exists()
    assert getattr(kerasae, name) is found


def test_importing_is_cheap():
    code = "import kerasae, sys; assert not {'tensorflow', 'sklearn', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
