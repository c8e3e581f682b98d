"""Plans as files: write one, and read one back as the data that its schema promises."""

import json
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.packaged import schemas_directory

_LARGEST = 256 * 1024 * 1024
_MAKE_ONE = "`cogvid plan --out FILE` saves one; a manifest is named with -f"


def save_plan(path: Path, text: str) -> None:
    """Write a plan to a file. Raises UsageError where something else is, StateError when the disk refuses."""
    if path.is_symlink() or path.exists():
        plan = path.is_file() and (not path.stat().st_size or _looks_like_one(path))
        if not plan:
            raise UsageError(f"{path} is there and is no saved plan", hint="choose another name for --out")
    replace_durably(path, text.encode())


def load_plan(path: Path) -> dict[str, Any]:
    """The JSON data of a saved plan, which is as its schema says. Raises CogvidError."""
    import jsonschema_rs  # only this needs it

    document = _parsed(path)
    version = document.get("format_version")
    if isinstance(version, str) and not version.startswith("1."):
        raise CogvidError(f"{path} has format {version}; this cogvid reads 1.x", hint="upgrade cogvid")
    schema = json.loads((schemas_directory() / "plan.schema.json").read_text(encoding="utf-8"))
    if error := next(jsonschema_rs.Draft7Validator(schema).iter_errors(document), None):
        place = "/".join(map(str, error.instance_path))
        what = f"what is at {place} is not" if place else "it is not"
        raise CogvidError(f"{path} is no saved plan, or damaged: {what} as in a plan", hint=_MAKE_ONE)
    return document


def _looks_like_one(path: Path) -> bool:
    try:
        return {"format_version", "actions"} <= _parsed(path).keys()
    except CogvidError:
        return False


def _parsed(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(_text(path), object_pairs_hook=_unique, parse_constant=_refuse)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate is no text
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise CogvidError(f"{path} is no saved plan, or damaged: {what}", hint=_MAKE_ONE) from None
    if not isinstance(document, dict):
        raise CogvidError(f"{path} is no saved plan", hint=_MAKE_ONE)
    return document


def _text(path: Path) -> str:
    if not path.exists():
        raise UsageError(
            f"there is no file {path}",
            hint="a plan is saved by `cogvid plan --out`; --select chooses shots",
        )
    if not path.is_file():
        raise UsageError(f"{path} is no file", hint=_MAKE_ONE)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise CogvidError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise CogvidError(f"{path} is larger than {_LARGEST >> 20} MiB, so it is no saved plan")
    return data.decode("utf-8-sig")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a name is there twice in one object")
    return data


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not allowed in JSON")
