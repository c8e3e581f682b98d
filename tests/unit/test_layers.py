"""Which layer may import which."""

import ast
from pathlib import Path

import pytest

import cogvid_pipeline

PACKAGE = Path(cogvid_pipeline.__file__).parent
BASE = {"errors", "effects", "durable", "listing", "packaged", "model", "jobs"}
ALLOWED = {
    "errors": {"model"},  # for the type of InvalidManifest's problems, not at run time
    "effects": set(),
    "durable": {"errors", "effects"},
    "listing": set(),
    "packaged": set(),
    "jobs": set(),
    "loopback": {"errors"},
    "model": {"errors"},
    "manifest": BASE,
    "plan": BASE,
    "cut": BASE,
    "timeline": BASE | {"cut"},
    "report": BASE,
    "media": BASE,
    "state": BASE,
    "providers": BASE | {"media"},
    "store": BASE | {"media"},
    "remote": BASE | {"state", "store"},
    "crew": BASE | {"media", "remote"},
    "page": BASE | {"report"},
    "watch": BASE,
    "emulator": BASE | {"media", "providers", "store", "loopback"},
    "provenance": BASE | {"media"},
    "engine": BASE | {"plan"},
}
EVERYTHING = {"cli", "__main__"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layers_imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cogvid_pipeline."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.split(".")[1] for alias in node.names if alias.name.startswith("cogvid_pipeline.")
            }
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_stands_to_its_left(path: Path) -> None:
    layer = layer_of(path)

    imported = layers_imported(path.read_text(encoding="utf-8")) - {layer}

    if layer not in EVERYTHING:
        assert imported <= ALLOWED[layer]


def test_adapters_are_wired_in_one_place() -> None:
    adapters = {"providers"}
    importers = {
        path.name
        for path in PACKAGE.glob("cli/*.py")
        if layers_imported(path.read_text(encoding="utf-8")) & adapters
    }

    assert importers == {"wiring.py"}


@pytest.mark.parametrize("layer", ["plan", "cut", "report"])
def test_planning_the_cut_and_summaries_touch_no_disk_clock_environment_or_network(layer: str) -> None:
    impure = {"os", "pathlib", "time", "datetime", "random", "socket", "subprocess", "httpx", "sqlite3"}

    for path in PACKAGE.glob(f"{layer}/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not imported & impure, path.name


def test_a_module_that_imports_the_store_is_noticed() -> None:
    assert layers_imported("from cogvid_pipeline.store.clips import ClipStore") == {"store"}


def test_a_plain_import_is_noticed_too() -> None:
    assert layers_imported("import cogvid_pipeline.engine.run") == {"engine"}
