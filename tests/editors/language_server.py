"""The yaml-language-server, as an editor talks to it: over stdio, in LSP.

    with LanguageServer(directory) as server:
        labels = server.completions("provider: ▮")

In a text `▮` is where the cursor stands.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

from tests.editors.node import HERE, node

CURSOR = "▮"
PATIENCE = 120  # seconds after which the server counts as hanging

# The catalogue of schemas would be fetched from the network.
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
MARKDOWN = {"documentationFormat": ["markdown"]}
CAPABILITIES = {
    "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {"completionItem": MARKDOWN}}
}


class LanguageServer:
    """Each text is a document of its own in `directory`, open in the editor and not on the disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ids = count(1)
        self._documents = count(1)
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [node(), str(HERE / "node_modules/yaml-language-server/bin/yaml-language-server"), "--stdio"],
            cwd=self._directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self._watchdog = Timer(PATIENCE, self._process.kill)
        self._watchdog.start()
        root = self._directory.as_uri()
        self._ask("initialize", {"processId": None, "rootUri": root, "capabilities": CAPABILITIES})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": SETTINGS})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._ask("shutdown", None)
            self._tell("exit", None)
        else:
            self._process.kill()
        self._process.communicate()
        self._watchdog.cancel()

    def completions(self, text: str) -> dict[str, str]:
        """What may be written at the cursor, each with its explanation."""
        items = self._at_cursor("completion", text)["items"]
        return {item["label"]: explanation(item.get("documentation", "")) for item in items}

    def hover(self, text: str) -> str:
        """What is shown of the thing at the cursor."""
        return explanation((self._at_cursor("hover", text) or {}).get("contents", ""))

    def diagnostics(self, *texts: str) -> list[list[tuple[int, str]]]:
        """The mistakes that are underlined in each text: line, counted from 1, and message.

        The server waits a moment before it looks at a text, at all of them at once.
        """
        documents = [self._open(text) for text in texts]
        while not self._diagnostics.keys() >= set(documents):
            self._handle(self._receive())
        return [
            [(each["range"]["start"]["line"] + 1, each["message"]) for each in self._diagnostics[document]]
            for document in documents
        ]

    def _at_cursor(self, method: str, text: str) -> Any:
        before, cursor, after = text.partition(CURSOR)
        assert cursor, "the text has no cursor"
        where = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        document = self._open(before + after)
        return self._ask(f"textDocument/{method}", {"textDocument": {"uri": document}, "position": where})

    def _open(self, text: str) -> str:
        document = (self._directory / f"{next(self._documents)}.yaml").as_uri()
        opened = {"uri": document, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": opened})
        return document

    def _ask(self, method: str, parameters: Any) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": parameters})
        while "method" in (message := self._receive()) or message["id"] != number:
            self._handle(message)
        assert "error" not in message, message
        return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _handle(self, message: Mapping[str, Any]) -> None:
        """Do what the server asks of an editor."""
        match message:
            case {"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": found}}:
                self._diagnostics[uri] = found
            case {"method": "workspace/configuration", "id": number, "params": {"items": items}}:
                self._send({"id": number, "result": [SETTINGS.get(item["section"]) for item in items]})
            case {"method": _, "id": number}:
                self._send({"id": number, "result": None})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._in.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while header := self._out.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended, or was ended because it hung"
        message: dict[str, Any] = json.loads(self._out.read(length))
        return message


def explanation(contents: Any) -> str:
    """The text of something that is plain, or Markdown with its signs escaped."""
    text: str = contents["value"] if isinstance(contents, dict) else contents
    return re.sub(r"\\(?=[^\w\s])", "", text)
