"""Keep the clips of protected shots."""

from collections.abc import Iterable

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.plan import Action, Forget, Plan


def warning(actions: Iterable[Action]) -> tuple[str, ...]:
    """What a plan says when `apply` is going to refuse it."""
    names = _refused(actions)
    return (f"{', '.join(names)}: protected, so apply refuses this plan",) if names else ()


def check_protected(plan: Plan) -> None:
    """Raise CogvidError when the plan would put another clip in the place of a protected one."""
    if names := _refused(plan.actions):
        are = "is" if len(names) == 1 else "are"
        raise CogvidError(
            f"{', '.join(names)} {are} protected, and this plan would replace what is there; "
            "nothing was done",
            hint="take the change back, or remove `protect: true` from the shot",
        )


def _refused(actions: Iterable[Action]) -> list[str]:
    return [action.name for action in actions if not isinstance(action, Forget) and action.refused]
