"""Decide what to do by comparing the storyboard with what there is."""

from collections import Counter
from dataclasses import replace

from cogvid_pipeline.listing import listed
from cogvid_pipeline.model.attempt import Lock
from cogvid_pipeline.model.plan import Action, Forget, Plan, PlanOptions, paying
from cogvid_pipeline.model.shot import Storyboard, takes_of
from cogvid_pipeline.plan import protect
from cogvid_pipeline.plan.cost import PriceBook, attempts_that_stay, budget_use, total
from cogvid_pipeline.plan.foresight import with_foresight
from cogvid_pipeline.plan.graph import upstream_first
from cogvid_pipeline.plan.narrow import Part, narrow
from cogvid_pipeline.plan.planner import Facts, Planner


def make_plan(
    storyboard: Storyboard, facts: Facts, prices: PriceBook, options: PlanOptions | None = None
) -> Plan:
    """The actions that make the lock match the storyboard."""
    options = options or PlanOptions()
    takes = [take for shot in storyboard.shots for take in takes_of(shot)]
    facts = with_foresight(facts, takes, storyboard.documented_defaults)
    planner = Planner(storyboard, facts, prices, options)
    steps = {
        take.name: planner.decide(take)
        for shot in upstream_first(storyboard.shots)
        for take in takes_of(shot)
    }
    settled = {name: planner.entry(name, None) for name in facts.lock.alternatives}
    lock = facts.lock.settled(settled)
    part = whole = Part(steps, sorted(lock.entries.keys() - steps.keys()), planner.warnings)
    if options.narrowing:
        again = Planner(storyboard, facts, prices, options)
        again.settled.update(settled)
        part = narrow(whole, lock, again, options)
        part = replace(part, warnings=(*again.warnings, *part.warnings))
    actions: list[Action] = [part.steps[take.name] for take in takes if take.name in part.steps]
    actions += [
        Forget(name, "no shot of the manifest stands for it", lock.entries[name]) for name in part.forgotten
    ]
    spending = [action.cost for action in paying(actions)]
    staying = attempts_that_stay(steps, part.steps, lock)
    return Plan(
        actions=tuple(actions),
        project=storyboard.project,
        provider=storyboard.provider,
        lock_digest=facts.lock.digest,
        options=options,
        summary=dict(Counter(action.kind for action in actions)),
        cost=total(spending, prices.currency),
        currency=prices.currency,
        environment=storyboard.environment,
        budget=budget_use(storyboard.budget, staying, spending, prices),
        warnings=(*_conflict(facts.lock), *part.warnings, *protect.warning(actions)),
        settled=settled,
        conflicted=facts.lock.conflicted,
    )


def _conflict(lock: Lock) -> tuple[str, ...]:
    if not lock.conflicted:
        return ()
    said = "a merge has left conflicts in the lock: both sides were read, and apply writes it whole"
    if names := sorted(lock.alternatives):
        said += f", with what fits the manifest where they differ ({listed(names)})"
    return (said,)
