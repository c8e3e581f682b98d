"""Problems as text, JSON, annotations for GitHub and SARIF."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from cogvid_pipeline import __version__
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.report.codes import CODES
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_text
from cogvid_pipeline.report.printable import display_width, printable

# How much of a source line is shown on either side of the place.
_REACH = 80
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(problems: Sequence[Problem]) -> str:
    """Each problem with its source line, a caret and a hint; at the end how many there are."""
    if not problems:
        return ""
    return "".join(map(_paragraph, problems)) + f"{_count(problems)}\n"


def as_json(problems: Sequence[Problem]) -> str:
    """One document, as `schemas/problems.schema.json` describes it."""
    listed = [
        {
            "file": problem.location.file,
            "line": problem.location.line,
            "column": problem.location.column,
            "pointer": problem.pointer,
            "severity": problem.severity,
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    valid = all(problem.severity != "error" for problem in problems)
    return json_text({"format_version": FORMAT_VERSION, "valid": valid, "problems": listed})


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands, which GitHub Actions shows beside the lines."""
    return "".join(f"{line}\n" for line in map(_annotation, problems))


def as_sarif(problems: Sequence[Problem]) -> str:
    """A SARIF 2.1.0 log, for code scanning."""
    codes = sorted({problem.code for problem in problems})
    driver = {
        "name": "cogvid",
        "version": __version__,
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": CODES[code]},
                "help": {"text": f"{CODES[code]} docs/problems.md has an example of {code}, and the remedy."},
            }
            for code in codes
        ],
    }
    results = [_result(problem, codes.index(problem.code)) for problem in problems]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _paragraph(problem: Problem) -> str:
    place, path = problem.location, ".".join(_steps(problem.pointer))
    subject = f"{path if len(path) <= 80 else path[:79] + '…'}: " if path else ""
    warning = "warning: " if problem.severity == "warning" else ""
    lines = [printable(f"{place}: {warning}{subject}{problem.message} [{problem.code}]")]
    if problem.excerpt:
        lines += _pointed(problem.excerpt, place.line, place.column)
    if problem.hint:
        lines.append(f" hint: {printable(problem.hint)}")
    return "".join(f"{line}\n" for line in lines)


def _pointed(excerpt: str, line: int, column: int) -> Iterator[str]:
    """The source line, or the part of it around the column, and a caret below the column."""
    start = max(0, column - 1 - _REACH)
    before = ("…" if start else "") + _shown(excerpt[start : column - 1])
    after = _shown(excerpt[column - 1 : column - 1 + _REACH])
    more = "…" if len(excerpt) > column - 1 + _REACH else ""
    margin = f"{line:>5} | "
    yield f"{margin}{before}{after}{more}".rstrip()
    yield " " * (len(margin) - 2) + "| " + " " * display_width(before) + "^"


def _shown(excerpt: str) -> str:
    return printable(excerpt.replace("\t", "    "))


def _count(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`."""
    counts = [(sum(each.severity == word for each in problems), word) for word in ("error", "warning")]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _annotation(problem: Problem) -> str:
    place = problem.location
    values = {"file": place.file, "line": place.line, "col": place.column, "title": problem.code}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values.items())
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return f"::{problem.severity} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    place = problem.location
    region = {"startLine": place.line, "startColumn": place.column}
    artifact = {"uri": _uri(place.file)}
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
    }


def _uri(file: str) -> str:
    """The file as a URI reference with forward slashes; relative when the name is."""
    path = quote(file.replace("\\", "/"), errors="surrogateescape")
    return f"file://{path}" if path.startswith("/") else path
