"""What templates can do, and what they say when something is wrong."""

# ruff: noqa: E501 -- one case, one line

import subprocess
import sys

import pytest

from cogvid_pipeline.manifest.template import Deferred, Fuel, TemplateMistake, is_template, render

SCOPE = {
    "hero": "a red fox",
    "project": "night-market",
    "city": {"name": "成都", "light": "neon", "items": "shadowed"},
    "tags": ["rain", "Dusk", "rain"],
    "shots": [{"name": "walk", "length": 5, "camera": {"lens": 35}}, {"name": "arrive", "length": 10}],
    "counts": [3, 1, 2.5],
    "n": 7,
    "nothing": None,
    "huge": "x" * 2_000_000,
    "vast": list(range(20_000)),
    "prompts": {"look": Deferred(lambda: "35mm, neon light")},
}


def rendered(template: str) -> str:
    return render(template, SCOPE, Fuel(1_000_000))


def mistake(template: str) -> TemplateMistake:
    with pytest.raises(TemplateMistake) as raised:
        rendered(template)
    return raised.value


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ hero }} walks in {{ city.name }}. {{ prompts.look }}", "a red fox walks in 成都. 35mm, neon light"),
        ("{{ city['light'] }} {{ tags[0] }} {{ tags[-1] }} {{ tags.1 }}", "neon rain rain Dusk"),
        ("{{ hero[2:5] }}{{ hero[::-1] }} {{ tags[:2]|join(',') }}", "redxof der a rain,Dusk"),
        ("{{ 'a' ~ 1 ~ 2.5 ~ true }}", "a12.5True"),
        ("{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 % 3 }} {{ +n }}", "5.0 3 2 7"),
        ("{{ 'ab' * 2 }}{{ 2 * 'c' }} {{ ([1] + [2] * 2)|join }}", "ababcc 122"),
        ("{{ 1 < n <= 7 and 'a' != 'b' or false }}", "True"),
        ("{{ 'red' in hero and 'rain' in tags and 'name' in city and n not in counts }}", "True"),
        ("{{ nothing == none and tags != none }}", "True"),
        ("{{ 'long' if n > 9 else 'short' }}", "short"),
        ("{% if n > 9 %}a{% elif n > 5 %}b{% else %}c{% endif %}", "b"),
        ("{% if tags %}a{% endif %}{% if not tags %}b{% endif %}", "a"),
        ("{% for tag in tags %}{{ loop.index }}{{ tag }}{{ '' if loop.last else ', ' }}{% endfor %}", "1rain, 2Dusk, 3rain"),
        ("{% for tag in tags if tag != 'rain' %}{{ loop.length }}{{ tag }}{% endfor %}", "1Dusk"),
        ("{% for tag in [] %}a{% else %}none{% endfor %}", "none"),
        ("{% for key in city %}{{ key }} {% endfor %}", "name light items "),
        ("{% for key, value in city.items() %}{{ key }}={{ value }} {% endfor %}", "name=成都 light=neon items=shadowed "),
        ("{% for key, value in city|items %}{{ key[0] }}{% endfor %}", "nli"),
        ("{{ city.keys()|join(' ') }} {{ city.values()|join(' ') }}", "name light items 成都 neon shadowed"),
        ("{{ prompts.values()|first }}", "35mm, neon light"),
        ("{% set a, b = 1, [2, 3] %}{{ a }}{% for each in b %}{% set a = each %}{{ a }}{% endfor %}{{ a }}", "1231"),
        ("{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}", "6"),
        ("{{ missing|default('nobody') }} {{ ''|d('empty', true) }} {{ missing|d(unknown)|d(n) }}", "nobody empty 7"),
        ("{{ city.mayor|default('none yet') }} {{ tags[9]|d('no tag') }} {{ []|first|d('-') }}", "none yet no tag -"),
        ("{{ missing is defined }} {{ hero is defined }} {{ city.mayor is undefined }}", "False True True"),
        ("{{ hero|upper }} {{ hero|title }} {{ hero|capitalize }} {{ 'ß'|upper|lower }}", "A RED FOX A Red Fox A red fox ss"),
        ("{{ ' a '|trim }}{{ '-a-'|trim('-') }} {{ hero|replace('red', 'grey') }} {{ 'aaa'|replace('a', 'b', 2) }}", "aa a grey fox bba"),
        ("{{ hero|truncate(8, false, '…', 0) }} {{ hero|truncate(8, true, '…', 0) }}", "a red… a red f…"),
        ("{{ 'a\nb'|indent(2) }}|{{ 'a\nb'|indent('> ', true) }}", "a\n  b|> a\n> b"),
        ("{{ hero|length }} {{ tags|count }} {{ hero|wordcount }}", "9 3 3"),
        ("{{ '4.7'|int }} {{ '4.7'|float }} {{ 'x'|int(-1) }} {{ 'ff'|int(0, 16) }} {{ 2.55|round(1) }} {{ -3|abs }}", "4 4.7 -1 255 2.5 3"),
        ("{{ 2.1|round(method='ceil')|int }} {{ n|string ~ '!' }}", "3 7!"),
        ("{{ counts|sum }} {{ counts|min }} {{ counts|max }} {{ shots|sum(attribute='length', start=1) }}", "6.5 1 3 16"),
        ("{{ tags|sort|join(' ') }} {{ tags|unique|join(' ') }} {{ tags|reverse|join(' ') }}", "Dusk rain rain rain Dusk rain Dusk rain"),
        ("{{ shots|map(attribute='name')|join(' ') }} {{ tags|map('upper')|join(' ') }}", "walk arrive RAIN DUSK RAIN"),
        ("{{ shots|map(attribute='camera.lens', default='?')|join(' ') }}", "35 ?"),
        ("{{ [[1, 2], [3, 4]]|map(attribute=1)|join }}", "24"),
        ("{{ shots|sort(attribute='name')|join(', ', attribute='length') }}", "10, 5"),
        ("{{ (shots|min(attribute='length')).name }} {{ (shots|max(attribute='length')).name }}", "walk arrive"),
        ("{% for key, value in city|dictsort(reverse=true) %}{{ key }} {% endfor %}", "name light items "),
        ("{% for key, value in {'b': 1, 'a': 2}|dictsort(by='value') %}{{ key }}{% endfor %}", "ba"),
        ("{{ ['b', 'B', 'a']|unique|join }} {{ ['b', 'B']|unique(true)|join }}", "ba bB"),
        ("{{ 'abc'|list|last }}{{ 'abc'|reverse }}", "ccba"),
        ("{{ 4 is even }}{{ 4 is odd }}{{ 4 is divisibleby 2 }}{{ 4 is gt 3 }}{{ 'a' is in tags }}", "TrueFalseTrueTrueFalse"),
        ("{{ 1 is number }}{{ city is mapping }}{{ tags is sequence }}{{ nothing is none }}{{ 'a' is string }}", "True" * 5),
        ("a\n{%- if true %} b {%- endif %}\n{# gone #}{% raw %}{{ raw }}{% endraw %}\n", "a b\n{{ raw }}\n"),
        ("{{ {1: 'one', true: 'yes'}[1] }}", "yes"),
    ],
)  # fmt: skip
def test_templates_have_what_prompts_need(template: str, expected: str) -> None:
    assert rendered(template) == expected


@pytest.mark.parametrize(
    ("template", "code", "message", "hint", "snippet"),
    [
        ("{{ heroo }}", "CV302", "'heroo' is not defined", "did you mean 'hero'?", "heroo"),
        ("{{ city.nme }}", "CV302", "'city' has no 'nme'", "did you mean 'name'?", "nme"),
        ("{{ prompts.zoom }}", "CV302", "'prompts' has no 'zoom'", "known here: look", "zoom"),
        ("{{ {}.a }}", "CV302", "this value has no 'a'", "", "a"),
        ("{{ city.light.warm }}", "CV302", "'light' is a text and has no 'warm'", "templates have no methods; write a filter, as in | upper", "warm"),
        ("{{ tags.first }}", "CV302", "'tags' is a list and has no 'first'", "", "first"),
        ("{{ tags[3] }}", "CV302", "'tags' has no item 3; it has 3", "items count from 0", "tags"),
        ("{{ []|last }}", "CV302", "there is no last item; the list is empty", "write | default('…') after it", "last"),
        ("{{ []|max }}", "CV302", "there is no smallest or largest item; the list is empty", "write | default('…') after it", "max"),
        ("{{ 'a' if n > 9 }}", "CV302", "the condition is false, and there is no 'else'", "write … if … else ''", ""),
        ("{{ shots|map(attribute='nme')|join }}", "CV302", "an item has no 'nme'", "", "map"),
        ("{{ hero.upper() }}", "CV303", "'upper' cannot be called in a template", "write it as a filter: | upper", "upper"),
        ("{{ lipsum() }}", "CV303", "'lipsum' cannot be called in a template", "templates may use variables, filters, conditions and loops over lists", "lipsum"),
        ("{{ tags.items() }}", "CV303", "'items' cannot be called in a template", "write it as a filter: | items", "items"),
        ("{{ range }}", "CV303", "'range' is not available in a template", "templates may use variables, filters, conditions and loops over lists", "range"),
        ("{{ hero|uper }}", "CV303", "there is no filter 'uper' in a template", "did you mean 'upper'?", "uper"),
        ("{{ tags|random }}", "CV303", "there is no filter 'random' in a template", "a prompt comes out the same each time; name an item, as in list[0]", "random"),
        ("{{ n is evn }}", "CV303", "there is no test 'evn' in a template", "did you mean 'even'?", "evn"),
        ("{{ n is even(1) }}", "CV303", "the test 'even' takes nothing after its name", "", "even"),
        ("{{ n is gt }}", "CV303", "the test 'gt' takes one value after its name", "", "gt"),
        ("{{ tags|map('map') }}", "CV303", "'map' needs the name of another filter, or attribute='…'", "", "map"),
        ("{{ hero|replace(*tags) }}", "CV303", "'*' and '**' cannot be used in arguments", "write each argument", "replace"),
        ("{{ '%s' % hero }}", "CV303", "'%' does not format text in a template", "join texts with '~'", "%"),
        ("{% set loop = 1 %}", "CV303", "'loop' is the name of the loop's own counters", "take another", "set"),
        ("{{ tags[1:2, 3:4] }}", "CV303", "several slices at once cannot be used in a template", "templates may use variables, filters, conditions and loops over lists", ""),
        ("{{ hero|replace('a') }}", "CV305", "the filter 'replace' cannot be used so: missing a required argument: 'new'", "it takes old, new, count", "replace"),
        ("{{ hero|upper(1) }}", "CV305", "the filter 'upper' cannot be used so: too many positional arguments", "it takes nothing", "upper"),
        ("{{ hero + n }}", "CV305", "a text and a number cannot be added", "'~' joins anything as text", "+"),
        ("{{ '3' * '4' }}", "CV305", "a whole number is needed here, not a text", "", "*"),
        ("{{ '3' - 1 }}", "CV305", "a number is needed here, not a text", "write | int or | float after it", "-"),
        ("{{ n / 0 }}", "CV305", "a division by zero", "guard it with: if … != 0", "/"),
        ("{{ 1e308 * 10 }}", "CV305", "a number here is infinite or undefined", "use numbers below 1e308", "*"),
        ("{{ 1.7e308|round(-15) + 1.7e308|round(-308 + 300) }}", "CV305", "a number here is infinite or undefined", "use numbers below 1e308", "+"),
        ("{{ 1.7e308|round(2, 'ceil') }}", "CV305", "the result is too large a number", "", "round"),
        ("{{ 1.5|round(99) }}", "CV305", "numbers are rounded to at most 15 digits", "", "round"),
        ("{{ 1.5|round(1, 'up') }}", "CV305", "a number is rounded by 'common', 'ceil' or 'floor'", "", "round"),
        ("{{ 'ff'|int(0, 99) }}", "CV305", "the base of a number is from 2 to 36", "", "int"),
        ("{{ nothing|int }}", "CV305", "a number is needed here, not null", "", "int"),
        ("{{ n < hero }}", "CV305", "a number and a text have no order", "write | int or | float after the text", "n"),
        ("{{ tags < 1 }}", "CV305", "a number is needed here, not a list", "", "tags"),
        ("{{ tags == ['rain'] }}", "CV305", "lists and mappings cannot be compared as a whole", "compare their items, or use | length", "tags"),
        ("{{ n in hero }}", "CV305", "a number cannot be in a text", "write | string after it", "n"),
        ("{{ tags in [tags] }}", "CV305", "whether a list is in a list cannot be asked", "ask for a text or a number", "tags"),
        ("{{ 1 in n }}", "CV305", "'in' needs a list, a mapping or a text, not a number", "", ""),
        ("{{ tags }}", "CV305", "a list cannot be written as text", "write | join(', ') after it, or loop over it", "tags"),
        ("{{ city }}", "CV305", "a mapping cannot be written as text", "name one of its keys, as in city.name", "city"),
        ("{{ nothing }}", "CV305", "null cannot be written as text", "give it a value, or write | default('…', true)", "nothing"),
        ("{% for each in n %}{% endfor %}", "CV305", "a list is needed here, not a number", "write several values as [a, b]", "for"),
        ("{% for a, b in [[1]] %}{% endfor %}", "CV305", "there are 2 names for 1 values", "", "for"),
        ("{{ tags|sort(attribute=true) }}", "CV305", "a whole number is needed here, not true or false", "", "sort"),
        ("{{ ['a', 1]|sort }}", "CV305", "texts and numbers have no common order", "write | map('string') before it", "sort"),
        ("{{ tags|items }}", "CV305", "a mapping is needed here, not a list", "", "items"),
        ("{{ tags|dictsort }}", "CV305", "a mapping is needed here, not a list", "", "dictsort"),
        ("{{ city|dictsort(by='size') }}", "CV305", "a mapping is sorted by 'key' or by 'value'", "", "dictsort"),
        ("{{ n|length }}", "CV305", "a number has no length", "", "length"),
        ("{{ n[1:] }}", "CV305", "only a list or a text can be sliced, not a number", "", "n"),
        ("{{ hero[::0] }}", "CV305", "a slice cannot step by 0", "", "hero"),
        ("{{ city[tags] }}", "CV305", "an item is named by a text or a number, not by a list", "", "city"),
        ("{{ {tags: 1} }}", "CV305", "the key of a mapping cannot be a list", "", ""),
        ("{{ hero|truncate(2) }}", "CV305", "a text cannot be cut to 2 characters", "'...' has to fit", "truncate"),
        ("{{ huge }}", "CV304", "a text of 2,000,000 characters is too long; templates handle up to 20,000", "a prompt has at most 512 characters", "huge"),
        ("{{ vast|first }}", "CV304", "a list of 20,000 items is too long; templates handle up to 10,000", "make the template simpler; what varies between shots can be written as vars", "first"),
        ("{{ 999999999 * 999999999 * 9 }}", "CV304", "a number of more than 18 digits is too large for templates", "write it in quotes if it is only to be shown", "*"),
        ("{{ hero", "CV301", "not a valid template: unexpected end of template, expected '}}'", "a tag is {{ name }}, {% if … %}…{% endif %} or {# a comment #}; for literal braces write {{ '{{' }}", ""),
        ("{% if n %}", "CV301", "not a valid template: unexpected end of template. It lacks one of these tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'", "a tag is {{ name }}, {% if … %}…{% endif %} or {# a comment #}; for literal braces write {{ '{{' }}", ""),
        (r"{{ '\ud800' }}", "CV301", "a text has half of a surrogate pair", "write the character itself", ""),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_wrong_and_what_to_write(
    template: str, code: str, message: str, hint: str, snippet: str
) -> None:
    found = mistake(template)

    assert (found.code, found.message, found.hint, found.snippet) == (code, message, hint, snippet)
    assert (found.line, str(found)) == (1, message)


@pytest.mark.parametrize(
    ("tag", "what"),
    [
        ("{% include 'a' %}", "{% include %}"),
        ("{% extends 'a' %}", "{% extends %}"),
        ("{% import 'a' as b %}", "{% import %}"),
        ("{% from 'a' import b %}", "{% from %}"),
        ("{% macro a() %}{% endmacro %}", "{% macro %}"),
        ("{% call a() %}{% endcall %}", "{% call %}"),
        ("{% filter upper %}{% endfilter %}", "{% filter %}"),
        ("{% block a %}{% endblock %}", "{% block %}"),
        ("{% with a = 1 %}{% endwith %}", "{% with %}"),
        ("{% autoescape true %}{% endautoescape %}", "{% autoescape %}"),
        ("{% set a %}x{% endset %}", "{% set %} with a body"),
        ("{% set a.b = 1 %}", "a namespace"),
        ("{% for a in tags recursive %}{% endfor %}", "a recursive loop"),
        ("{{ 2 ** 3 }}", "'**'"),
    ],
)
def test_what_prompts_do_not_need_is_refused(tag: str, what: str) -> None:
    found = mistake(f"first\n{tag}")

    assert (found.code, found.message) == ("CV303", f"{what} cannot be used in a template")
    assert found.line == 2


def test_a_text_without_tags_is_returned_as_it_is() -> None:
    text = "{ braces } 100% # \r\n kept \n"

    assert not is_template(text)
    assert render(text, {}, Fuel(0)) is text


@pytest.mark.parametrize("text", ["{{", "{%", "{#", "a {{ b }}"])
def test_a_text_with_a_tag_is_a_template(text: str) -> None:
    assert is_template(text)


def test_the_snippet_is_found_in_the_tag_and_not_in_prose_before_it() -> None:
    found = mistake("The fawn\nfaw with fawn, {{ faw }}")

    assert (found.line, found.snippet) == (2, "{{ faw")


def test_the_snippet_of_a_tag_over_several_lines_is_on_its_own_line() -> None:
    found = mistake("{% if\n heroo %}{% endif %}")

    assert (found.line, found.snippet) == (2, "heroo")


def test_a_name_that_starts_a_longer_one_is_not_taken_for_it() -> None:
    found = mistake("{{ hero }}{{ her }}")

    assert found.snippet == "{{ her"


def test_a_name_that_prose_has_many_times_is_looked_for_only_so_long() -> None:
    found = mistake("faw " * 30 + "{{ faw }}")

    assert (found.message, found.snippet) == ("'faw' is not defined", "faw")


def test_a_text_of_very_many_digits_is_not_read_as_a_number() -> None:
    assert rendered("{{ ('9' * 5000)|int('many') }}") == "many"


def test_the_line_of_a_mistake_counts_from_the_template_s_first() -> None:
    assert mistake("a\n\n{{ hero }}\n{{ heroo }}").line == 4
    assert mistake("a\n\n{{ hero").line == 3


def test_a_suggestion_counts_what_the_template_sets_itself() -> None:
    assert mistake("{% set street = 1 %}{{ stret }}").hint == "did you mean 'street'?"


def test_a_deferred_value_is_worked_out_only_when_it_is_looked_up() -> None:
    asked: list[str] = []
    scope = {"prompts": {"look": Deferred(lambda: asked.append("look") or "35mm")}}

    assert render("{% if 'look' in prompts %}yes{% endif %}", scope, Fuel(1000)) == "yes"
    assert asked == []
    assert render("{{ prompts.look }}", scope, Fuel(1000)) == "35mm"
    assert asked == ["look"]


def test_what_a_deferred_value_raises_passes_through() -> None:
    def fail() -> object:
        raise KeyError("the loader's own")

    with pytest.raises(KeyError, match="the loader's own"):
        render("{{ look|upper }}", {"look": Deferred(fail)}, Fuel(1000))


def test_a_mistake_in_a_fragment_keeps_its_own_place() -> None:
    fuel = Fuel(10_000)
    scope = {"look": Deferred(lambda: render("35mm\n{{ lite }}", {"light": 1}, fuel))}

    with pytest.raises(TemplateMistake) as raised:
        render("\n\n\n{{ look }}", scope, fuel)

    assert (raised.value.line, raised.value.snippet) == (2, "lite")
    assert fuel.depth == 0


def test_jinja_is_loaded_only_for_a_template() -> None:
    program = (
        "import sys; from cogvid_pipeline.manifest.template import Fuel, render;"
        "render('plain', {}, Fuel(1)); print('jinja2' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
