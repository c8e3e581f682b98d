"""Refuse plans that a team does not want: `cogvid plan --format json | python policy.py`."""

import json
import sys

MOST_MONEY = 10.0
MOST_REPLACED = 2

plan = json.load(sys.stdin)
if not plan["format_version"].startswith("1."):
    sys.exit(f"this policy does not know plans of format {plan['format_version']}")

refused = []
if plan["cost"] is None:
    refused.append("the price of a shot is not known")
elif plan["cost"]["amount"] > MOST_MONEY:
    refused.append(
        f"it costs {plan['cost']['amount']:.2f} {plan['cost']['currency']}, more than {MOST_MONEY:.2f}"
    )

replaced = [action["shot"] for action in plan["actions"] if action["action"] == "regenerate"]
if len(replaced) > MOST_REPLACED:
    refused.append(f"it replaces {len(replaced)} clips, more than {MOST_REPLACED}: {', '.join(replaced)}")

# Words are printed on stderr and make the exit code 1; without any it is 0.
sys.exit("\n".join(refused) or 0)
