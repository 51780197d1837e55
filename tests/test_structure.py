"""The rooms of the library: what may import what, lazy imports counted."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
# From the bottom to the top: a file may import from its own room, and from those before it.
ROOMS = (
    ("errors",),
    ("files", "html_table"),
    (
        "environment",
        "extras",
        "runtime",
        "precision",
        "experiment",
        "reference",
        "presets",
        "identity",
        "recorded_scores",
        "memory",
    ),
    ("data",),
    ("metrics", "keras_metrics", "sparsity", "noise", "pca", "pca_in_blocks"),
    ("models", "model_parts", "model_graph"),
    ("model_outputs", "image_model", "evaluation", "code_worth", "callbacks"),
    ("anomaly",),
    ("safety",),
    ("training",),
    ("inference",),
    ("runs",),
    ("estimator",),
    ("trials",),
    ("show",),
    ("studies",),
    ("bench", "doctor_report"),
    ("kerasae_cli",),
    ("__main__",),
)
FLOOR = {name: floor for floor, names in enumerate(ROOMS) for name in names}


def files():
    for folder, package in (("kerasae", "kerasae"), ("cli", "kerasae_cli")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join((package, *(part for part in parts if part != "__init__"))), path


MODULES = dict(files())


def imported(module, path):
    """The modules of ours that a file imports when it runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test)
        for inner in outer.body
        for node in ast.walk(inner)
    }
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            name = f"{package}.{node.module or ''}".rstrip(".") if node.level else node.module
            for alias in node.names:
                whole = f"{name}.{alias.name}"
                target = whole if whole in MODULES else name
                if target in MODULES:
                    yield target


IMPORTS = {module: set(imported(module, path)) - {module} for module, path in MODULES.items()}


def room(module):
    package, _, rest = module.partition(".")
    return package if package == "kerasae_cli" else rest.partition(".")[0]


def test_no_import_climbs():
    climbing = {
        module: names
        for module in MODULES
        # The package itself holds names only.
        if module != "kerasae"
        and (
            names := {
                name
                for name in IMPORTS[module] - {"kerasae"}
                if FLOOR[room(name)] > FLOOR[room(module)]
            }
        )
    }
    assert climbing == {}


def test_no_files_import_each_other_in_a_circle():
    left = {module: set(names) for module, names in IMPORTS.items()}
    while free := [module for module, names in left.items() if not names & set(left)]:
        for module in free:
            del left[module]
    assert left == {}
