"""How the documentation is built: `sphinx-build -W docs docs/_build/html`."""

import sys
import typing
from pathlib import Path

import kerasae

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# Of settings, their types; their bounds and texts are in the list of arguments.
for kind in (kerasae.Experiment, kerasae.Sweep):
    kind.__init__.__annotations__ = typing.get_type_hints(kind)

project = "kerasae"
author = copyright = "the kerasae developers"
version = release = kerasae.__version__

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode",
    "sphinx_copybutton", "command_pages",
]  # fmt: skip
exclude_patterns = ["_build", "_ext", "results/*.json*"]
nitpicky = False

# Markdown and notebooks; these are shown with the outputs that are stored in them.
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"
# Widgets, which no notebook has, would be loaded from the network.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

# Docstrings have single backticks around code; blocks of code say their language.
default_role = "code"
# Quotes and ellipses, but not the dashes of options.
smartquotes_action = "qe"
highlight_language = "text"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 78
napoleon_numpy_docstring = False
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"kerasae {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
