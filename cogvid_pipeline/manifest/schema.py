"""The JSON Schemas: one validator decides quickly, another explains what is invalid."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs

from cogvid_pipeline.manifest.violation import Violation, violation
from cogvid_pipeline.model.shot import Scalar

if TYPE_CHECKING:
    from referencing import Registry

SUFFIX = ".schema.json"
MANIFEST = f"manifest{SUFFIX}"
INCLUDE = f"include{SUFFIX}"


class Schemas:
    """The schemas in one directory. Models are the files below `models/`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._files: dict[str, dict[str, Any]] = {}

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return self.read(self._uri(MANIFEST))

    @cached_property
    def include(self) -> dict[str, Any]:
        """The schema of an included file."""
        return self.read(self._uri(INCLUDE))

    def definition(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a schema of the manifest refers to, or itself."""
        name = schema.get("$ref", "").removeprefix("#/definitions/")
        definition: dict[str, Any] = self.manifest["definitions"].get(name, schema)
        return definition

    @cached_property
    def models(self) -> tuple[str, ...]:
        return tuple(
            path.name.removesuffix(SUFFIX) for path in sorted(self._directory.glob(f"models/*{SUFFIX}"))
        )

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The schema of every parameter that some model knows, by name."""
        return {name: schema for model in self.models for name, schema in self._properties(model).items()}

    @cached_property
    def unsupported(self) -> Set[str]:
        """Parameters that are recognised only to be refused."""
        return {name for name, schema in self.parameters.items() if "not" in schema}

    def documented_defaults(self, model: str) -> dict[str, Scalar]:
        """What a parameter of the model means when it is not written."""
        properties = self._properties(model).items()
        return {name: schema["default"] for name, schema in properties if "default" in schema}

    def accepts(self, data: Any) -> bool:
        """Whether the structure of a manifest is valid."""
        return self._quick(self.manifest).is_valid(data)

    def violations(self, data: Any) -> Iterator[Violation]:
        """What is wrong with the structure of a manifest; nothing, quickly, when it is valid."""
        if not self.accepts(data):
            yield from self._explained(self.manifest, self._reduced(data))

    def include_violations(self, data: Any) -> Iterator[Violation]:
        """What is wrong with the structure of an included file."""
        if not self._quick(self.include).is_valid(data):
            yield from self._explained(self.include, self._reduced(data))

    def variable_violations(self, data: Any) -> Iterator[Violation]:
        """What is wrong with the structure of a file of variables."""
        schema = {"$ref": f"{self._uri(MANIFEST)}#/properties/vars"}
        if not self._quick(schema).is_valid(data):
            yield from self._explained(schema, data)

    def request_violations(
        self, model: str, requests: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[int, Violation]]:
        """What is wrong with resolved requests to one model, each with the index of its request."""
        schema = {"$ref": self._uri(f"models/{model}{SUFFIX}")}
        if self._quick({"type": "array", "items": schema}).is_valid(requests):
            return
        one = self._quick(schema)
        for index, request in enumerate(requests):
            if not one.is_valid(request):
                yield from ((index, each) for each in self._explained(schema, request))

    def _reduced(self, data: Any) -> Any:
        """The same mistakes with fewer shots, for explaining thousands of valid ones takes long."""
        if not isinstance(data, dict) or not isinstance(shots := data.get("shots"), dict) or not shots:
            return data
        one = self._quick({"$ref": self._uri(MANIFEST) + "#/properties/shots"})
        invalid = {name: shot for name, shot in shots.items() if not one.is_valid({name: shot})}
        return {**data, "shots": invalid or dict([next(iter(shots.items()))])}

    def _quick(self, schema: dict[str, Any]) -> jsonschema_rs.Draft7Validator:
        return jsonschema_rs.Draft7Validator(schema, retriever=self.read)

    def _explained(self, schema: dict[str, Any], data: Any) -> Iterator[Violation]:
        # Slow to import, and needed only where something is wrong.
        from jsonschema import Draft7Validator

        for error in Draft7Validator(schema, registry=self._registry).iter_errors(data):
            yield violation(error)

    @cached_property
    def _registry(self) -> "Registry[Any]":
        from referencing import Registry
        from referencing.jsonschema import DRAFT7

        uris = [
            self._uri(MANIFEST),
            self._uri(INCLUDE),
            *(self._uri(f"models/{model}{SUFFIX}") for model in self.models),
        ]
        resources = [(uri, DRAFT7.create_resource(self.read(uri))) for uri in uris]
        return Registry().with_resources(resources).crawl()

    def _uri(self, name: str) -> str:
        return (self._directory / name).as_uri()

    def _properties(self, model: str) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.read(self._uri(f"models/{model}{SUFFIX}"))["properties"]
        return properties

    def read(self, uri: str) -> dict[str, Any]:
        """The schema at the address of its file."""
        if uri not in self._files:
            text = Path(unquote(urlsplit(uri).path)).read_text(encoding="utf-8")
            # References inside of the file are relative to where it lies.
            self._files[uri] = {**json.loads(text), "$id": uri}
        return self._files[uri]
