"""Make of a schema that refers to other files one that stands alone."""

import json
from pathlib import Path
from typing import Any


def bundled(schema: Path) -> str:
    """The text of a schema, with the files that it refers to among its definitions.

    Editors read it wherever it is copied to. A schema that refers to no other file comes as it is.
    """
    bundle = _Bundle(schema.resolve())
    content = bundle.taken_in(bundle.root)
    if not bundle.definitions:
        return schema.read_text(encoding="utf-8")
    content["definitions"] = {**content.get("definitions", {}), **bundle.definitions}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


class _Bundle:
    """The files that were met on the way from `root`, each under the name of its definition."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.definitions: dict[str, Any] = {}

    def taken_in(self, file: Path) -> Any:
        return self._rewritten(json.loads(file.read_text(encoding="utf-8")), file)

    def _rewritten(self, value: Any, file: Path) -> Any:
        match value:
            case {"$ref": str(reference)}:
                return {**value, "$ref": self._reference(reference, file)}
            case dict():
                return {key: self._rewritten(inner, file) for key, inner in value.items()}
            case list():
                return [self._rewritten(inner, file) for inner in value]
            case _:
                return value

    def _reference(self, reference: str, file: Path) -> str:
        name, _, pointer = reference.partition("#")
        target = (file.parent / name).resolve() if name else file
        if target == self.root:
            return f"#{pointer}"
        definition = target.name.removesuffix(".schema.json")
        if definition not in self.definitions:
            self.definitions[definition] = {}  # while it is read it may refer to itself
            content = self.taken_in(target)
            # Its address would be the base of the references inside of it.
            content.pop("$id", None)
            content.pop("$schema", None)
            self.definitions[definition] = content
        return f"#/definitions/{definition}{pointer}"
