"""Keep the clips of protected shots."""

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.plan import Forget, Plan


def check_protected(plan: Plan) -> None:
    """Raise CogvidError when the plan would put another clip in the place of a protected one."""
    refused = [action for action in plan.actions if not isinstance(action, Forget) and action.refused]
    if not refused:
        return
    names = ", ".join(action.name for action in refused)
    verb = "is" if len(refused) == 1 else "are"
    raise CogvidError(
        f"{names} {verb} protected, and this plan would replace what is there; nothing was done",
        hint="take the change back, or remove `protect: true` from the shot",
    )
