# Refuse plans that cost too much or replace too many clips:
#   cogvid plan --format json > plan.json && conftest test plan.json --policy examples/policies
package main

import rego.v1

most_money := 10

most_replaced := 2

replaced := [action.shot | some action in input.actions; action.action == "regenerate"]

deny contains "this policy does not know plans of this format" if not startswith(input.format_version, "1.")

deny contains "the price of a shot is not known" if input.cost == null

deny contains msg if {
	input.cost.amount > most_money
	msg := sprintf("it costs %v %s, more than %v", [input.cost.amount, input.cost.currency, most_money])
}

deny contains msg if {
	count(replaced) > most_replaced
	msg := sprintf("it replaces %d clips, more than %d", [count(replaced), most_replaced])
}
