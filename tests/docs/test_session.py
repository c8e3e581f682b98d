"""The reader of pages: what counts as the same output, and how blocks change files."""

from pathlib import Path

import pytest

from tests.docs.markdown import anchors, blocks, links, steps
from tests.docs.session import Session, alike


@pytest.mark.parametrize(
    ("page", "real"),
    [
        ("", ""),
        ("done, 0.6 MB\n", "done, 12 MB\n"),
        ("10:11:05 walk: started\n", "23:59:00 walk: started\n"),
        ("a\n…\nz\n", "a\nz\n"),
        ("a\n…\nz\n", "a\nb\nc\nz\n"),
        ("task …\n", "task 36f6493\n"),
        ('"created_at": "2026-11-22T09:32:31.745+00:00"\n', '"created_at": "2026-12-01T10:00:00Z"\n'),
    ],
)
def test_outputs_that_are_alike(page: str, real: str) -> None:
    assert alike(page, real)


@pytest.mark.parametrize(
    ("page", "real"),
    [
        ("", "a\n"),
        ("1.00 CNY\n", "2.00 CNY\n"),
        ("walk: started\n", "walk: started\nwalk: done\n"),
        ("a\n…\nz\n", "a\nb\n"),
        ("+ walk\n", "~ walk\n"),
        ("…", "a\nb\n"),
    ],
)
def test_outputs_that_are_not(page: str, real: str) -> None:
    assert not alike(page, real)


def test_a_page_is_followed_in_one_shell(tmp_path: Path) -> None:
    page = """\
```yaml title="film/a.yaml"
size: 1
fps: 2
```
```console
$ cd film; export WORD=hello
$ echo "$WORD" \\
    "there"; false
hello there
```
```diff title="a.yaml"
-size: 1
+size: 3
```
```console
$ cat a.yaml; echo wrong >&2
```
"""
    with Session(tmp_path / "reader") as session:
        real = session.read(page)

    assert real == page.replace(">&2\n", ">&2\nsize: 3\nfps: 2\nwrong\n")


def test_a_page_is_taken_apart() -> None:
    page = "# What it *does*, and why\n[a](b.md#c), `[x](y)`, ![p](q.png)\n```sh\n# [d](e)\n```\n"

    assert [(block.language, block.text) for block in blocks(page)] == [("sh", "# [d](e)\n")]
    assert links(page) == ["b.md#c", "q.png"]
    assert anchors(page) == {"what-it-does-and-why"}
    assert [step.output for step in steps("$ a\nb\n$ c\n")] == ["b\n", ""]
