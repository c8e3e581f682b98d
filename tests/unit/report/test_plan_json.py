"""A plan as scripts read it."""

from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.report.plan_json import plan_json
from tests.boards import attempt, locked, plan_for, shot, storyboard


def test_a_plan_is_indented_text_in_the_languages_of_its_prompts() -> None:
    fox = shot("fox", "狐狸。", fps=60)

    assert plan_json(
        plan_for(storyboard(fox), locked(fox=attempt(shot("fox", "狐狸。"))), replace=("fox",))
    ) == (
        "{\n"
        '  "format_version": "1.0",\n'
        '  "project": "test",\n'
        '  "provider": "geekai",\n'
        '  "actions": [\n'
        "    {\n"
        '      "shot": "fox",\n'
        '      "take": 1,\n'
        '      "action": "regenerate",\n'
        '      "reason": "asked for with --replace",\n'
        '      "changes": [\n'
        "        {\n"
        '          "path": "fps",\n'
        '          "before": null,\n'
        '          "after": 60\n'
        "        }\n"
        "      ],\n"
        '      "cost": {\n'
        '        "amount": 1.0,\n'
        '        "currency": "CNY"\n'
        "      },\n"
        '      "request": {\n'
        '        "model": "cogvideox-3",\n'
        '        "prompt": "狐狸。",\n'
        '        "fps": 60\n'
        "      },\n"
        f'      "fingerprint": "{attempt(fox).fingerprint}",\n'
        '      "needed_by": []\n'
        "    }\n"
        "  ],\n"
        '  "summary": {\n'
        '    "regenerate": 1\n'
        "  },\n"
        '  "cost": {\n'
        '    "amount": 1.0,\n'
        '    "currency": "CNY"\n'
        "  },\n"
        '  "budget": null,\n'
        '  "lock_digest": "lock-digest",\n'
        '  "options": {\n'
        '    "select": [],\n'
        '    "exclude": [],\n'
        '    "replace": [\n'
        '      "fox"\n'
        "    ]\n"
        "  },\n"
        '  "inputs": {\n'
        '    "manifest": null,\n'
        '    "environment": null,\n'
        '    "provider": null,\n'
        '    "variables": {},\n'
        '    "variable_files": []\n'
        "  },\n"
        '  "warnings": []\n'
        "}\n"
    )


def test_the_request_of_a_forgotten_take_is_the_newest_one() -> None:
    cat = attempt(shot("cat", "A cat."))
    lion = attempt(shot("cat", "A lion."), State.FAILED)

    plan = plan_for(storyboard(), locked(cat=LockEntry(cat, lion)))

    assert '"prompt": "A lion."' in plan_json(plan)
