"""Limits on what one template may do, checked before the work is done."""

from collections.abc import Sized

from cogvid_pipeline.manifest.template import Fuel, TemplateMistake

# One template, with its fragments, may take so many steps; the first few are not taken from the shared fuel,
# so that a manifest does not run out of it by being long.
MAX_STEPS = 50_000
FREE_STEPS = 300

MAX_DEPTH = 80
MAX_TEXT = 20_000
MAX_ITEMS = 10_000
MAX_NUMBER = 10**18

SHORTER = "make the template simpler; what varies between shots can be written as vars"


class Meter:
    """What one rendering uses, including the fragments that it brings in.

    The costs are fitted to measurements: a step stands for about a microsecond.
    """

    __slots__ = ("fuel",)

    def __init__(self, fuel: Fuel) -> None:
        self.fuel = fuel

    def charge(self, steps: int) -> None:
        """Pay for work that is about to be done."""
        left = self.fuel.left - steps
        if left < self.fuel.floor:
            self._refuse(left)
        self.fuel.left = left

    def read(self, text: str) -> str:
        """Pay for going through a text once."""
        self.room(len(text))
        return text

    def room(self, characters: int) -> None:
        """Pay for a text of that length, which is about to be made or gone through."""
        if characters > MAX_TEXT:
            raise TemplateMistake(
                "CV304",
                f"a text of {characters:,} characters is too long; templates handle up to {MAX_TEXT:,}",
                hint="a prompt has at most 512 characters",
            )
        self.charge(1 + (characters >> 6))

    def items(self, count: int) -> None:
        """Pay for a list of so many items, which is about to be made or gone through."""
        if count > MAX_ITEMS:
            raise TemplateMistake(
                "CV304",
                f"a list of {count:,} items is too long; templates handle up to {MAX_ITEMS:,}",
                hint=SHORTER,
            )
        self.charge(1 + (count >> 3))

    def search(self, needle: Sized, haystack: Sized) -> None:
        """Pay for looking for one text in another; CPython's search is quadratic for short needles."""
        self.charge(1 + len(haystack) * min(len(needle), 128) // 1024)

    def enter(self) -> None:
        """Go one level deeper; levels of fragments inside fragments add up."""
        self.charge(1)
        self.fuel.depth += 1
        if self.fuel.depth > MAX_DEPTH:
            raise too_deep()

    def leave(self) -> None:
        self.fuel.depth -= 1

    def _refuse(self, left: int) -> None:
        if left < 0:
            self.fuel.left = -1
            raise TemplateMistake(
                "CV304", "the templates of this manifest are too much work, all together", hint=SHORTER
            )
        raise TemplateMistake("CV304", "this template is too much work", hint=SHORTER)


def too_deep(line: int = 0) -> TemplateMistake:
    return TemplateMistake("CV304", "this template is nested too deeply", hint=SHORTER, line=line)
