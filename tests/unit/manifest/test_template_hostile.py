"""Templates of a stranger's manifest end in a mistake after little work, whatever they try."""

# ruff: noqa: E501 -- one template, one line

import tracemalloc
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogvid_pipeline.manifest.template import Deferred, Fuel, TemplateMistake, render
from cogvid_pipeline.manifest.template.meter import FREE_STEPS, MAX_STEPS, MAX_TEXT

STEPS = 10_000_000
HEX = "0x" + "f" * 15_000
SCOPE = {
    "city": {"name": "成都"},
    "tags": ["b", "A"],
    "many": list(range(1_000)),
    "long": "a " * 9_999,
    "other": "b " * 9_999,
    "wide_text": "成都" * 5_000,
    "list": [str(each * 7919 % 10_007) for each in range(10_000)],
    "mapping": {f"k{each}": each for each in range(9_000)},
    "huge": "x" * 2_000_000,
    "vast": list(range(300_000)),
}


def nested(depth: int, body: str, values: str = "many") -> str:
    opened = "".join(f"{{% for each{level} in {values} %}}" for level in range(depth))
    return opened + body + "{% endfor %}" * depth


def again(start: str, step: str, times: int, end: str = "{{ a }}") -> str:
    return f"{{% set a = {start} %}}" + f"{{% set a = {step} %}}" * times + end


HOSTILE = {
    # What Jinja2's own sandbox lets through.
    "text times number": "{{ 'a' * 400000000 }}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "center": "{{ 'a'|center(400000000) }}",
    "format": "{{ '%0400000000d'|format(1) }}",
    "nested ranges": nested(3, "x", "range(99999)"),
    "range to list": "{{ range(1000000000)|list }}",
    "recursive macro": "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "lipsum": "{{ lipsum(n=1000000) }}",
    "chained replace": "{{ 'a'" + "|replace('a', 'aaaaaaaaaa')" * 12 + " }}",
    "chained join": again("'xxxxxxxxxx'", "a|list|join(a)", 20),
    "chained indent": "{% set a = 'a\n' * 1000 %}{{ a" + "|indent(10, true)" * 50 + " }}",
    "chained wordwrap": "{{ ('a' * 10000)|wordwrap(1, wrapstring='x' * 10000) }}",
    # What a deny-list of the above lets through.
    "batch": "{{ [1]|batch(30000000, 'x')|list }}",
    "slice filter": "{{ [1]|slice(30000000)|list }}",
    "method of a text": "{{ 'a'.ljust(400000000) }}",
    "format method": "{{ '{:400000000}'.format(1) }}",
    "join method": "{{ 'x'.join(tags) }}",
    "nine loops": nested(9, "x"),
    "nine loops over nothing": nested(9, ""),
    "doubling with ~": again("'aaaaaaaa'", "a ~ a", 40),
    "doubling with +": again("'aaaaaaaa'", "a + a", 40),
    "doubling a list": again("[1]", "a + a", 40),
    "modulo as format": "{{ '%0400000000d' % 1 }}",
    # One text or list that is too large.
    "indent": "{{ 'a\nb'|indent(100000000) }}",
    "indent by a text": "{{ ('a\n' * 9000)|indent('x' * 9000) }}",
    "replace nothing": "{{ long|replace('', long) }}",
    "join between": "{{ (['x' * 1000] * 1000)|join('y' * 1000) }}",
    "list times number": "{{ ([1] * 400000000)|length }}",
    "number times list": "{{ (400000000 * [1])|length }}",
    "upper makes more": "{{ ('ß' * 20000)|upper }}",
    "upper makes three": "{{ ('ΐ' * 20000)|upper|title }}",
    "truncate to a long end": "{{ long|truncate(10, false, long) }}",
    "concatenation": "{{ long ~ long }}",
    "characters": "{{ long|list|length }}",
    "slice of a huge text": "{{ huge[::-1] }}",
    "huge variable": "{{ huge|upper }}",
    "search in a huge text": "{{ 'y' in huge }}",
    "loop over a vast list": "{% for each in vast %}{% endfor %}",
    "print": "{% print 'a' * 99999999 %}",
    "output": nested(1, "{{ long }}"),
    "data": nested(2, "x" * 2_000),
    # Numbers.
    "product": "{{ 99999999999 * 99999999999 }}",
    "huge hexadecimal": f"{{{{ {HEX} }}}}",
    "sum of hexadecimals": f"{{{{ {HEX} + {HEX[:4_000]} }}}}",
    "hexadecimal key": f"{{{{ city[{HEX}] }}}}",
    "hexadecimal index": f"{{{{ tags[{HEX}] }}}}",
    "hexadecimal attribute": f"{{{{ tags|map(attribute={HEX})|list }}}}",
    "hexadecimal to float": f"{{{{ ({HEX})|float }}}}",
    "hexadecimal to int": f"{{{{ ({HEX})|int }}}}",
    "huge decimal": "{{ " + "9" * 15_000 + " }}",
    "digits to int": "{{ ('9' * 400)|int }}",
    "infinite literal": "{{ 1e999 }}",
    "infinite product": "{{ 1e308 * 10 }}",
    "infinite product that is not shown": "{% if 1e308 * 10 %}{% endif %}",
    "product that is not shown": "{% if 99999999999 * 99999999999 %}{% endif %}",
    "not a number": "{{ 'nan'|float }}",
    "infinite text": "{{ 'inf'|float }}",
    "modulo zero": "{{ 1 % 0 }}",
    "down by zero": "{{ 1 // 0.0 }}",
    "divisible by zero": "{{ 1 is divisibleby 0 }}",
    # Sharing makes a small value that is exponentially large when it is gone through.
    "compare shared lists": again("[1, 1]", "[a, a]", 60, "{{ a == a }}"),
    "write shared lists": again("[1, 1]", "[a, a]", 60),
    "find shared lists": again("[1, 1]", "[a, a]", 60, "{{ a in [a] }}"),
    "sort shared lists": again("[1, 1]", "[a, a]", 60, "{{ [a, a]|sort }}"),
    "unique shared tuples": again("(1, 1)", "(a, a)", 60, "{{ [a, a]|unique }}"),
    "key of shared tuples": again("(1, 1)", "(a, a)", 60, "{{ {a: 1} }}"),
    "item by shared tuples": again("(1, 1)", "(a, a)", 60, "{{ city[a] }}"),
    "string of shared tuples": again("(1, 1)", "(a, a)", 60, "{{ a|string }}"),
    "attribute of shared tuples": again("(1, 1)", "(a, a)", 60, "{{ [1]|map(attribute=a)|list }}"),
    "sum of lists": "{{ [[1], [2]]|sum(start=[]) }}",
    # Cheap steps that go through long values.
    "title in a loop": nested(2, "{{ long|title|length }}"),
    "upper in a loop": nested(2, "{{ (long|upper)[0] }}"),
    "words in a loop": nested(2, "{% if long|wordcount %}{% endif %}"),
    "lines in a loop": nested(2, "{% if ('\n' * 9000)|indent(0) %}{% endif %}"),
    "search in a loop": nested(2, "{% if other in long %}{% endif %}"),
    "equality in a loop": nested(2, "{% if (long ~ 'a') == (long ~ 'b') %}{% endif %}"),
    "order in a loop": nested(2, "{% if long < other %}{% endif %}"),
    "quadratic search": "{% set h = 'a' * 20000 %}{% set n = 'a' * 45 ~ 'b' ~ 'a' * 45 %}" + nested(2, "{% if n in h %}{% endif %}"),
    "quadratic replace": "{% set h = 'a' * 20000 %}{% set n = 'a' * 45 ~ 'b' ~ 'a' * 45 %}" + nested(2, "{{ h|replace(n, '')|length }}"),
    "trim in a loop": "{% set h = 'a' * 20000 %}" + nested(2, "{{ h|trim(h) }}"),
    "sort in a loop": nested(1, "{{ list|sort|length }}"),
    "sort of long texts": "{{ (['x' * 19000 ~ 'a', 'x' * 19000 ~ 'b'] * 5000)|sort|length }}",
    "dictsort in a loop": nested(1, "{{ mapping|dictsort|length }}"),
    "unique in a loop": nested(1, "{{ list|unique|length }}"),
    "largest in a loop": nested(1, "{{ list|max|length }}"),
    "pairs in a loop": nested(2, "{% set a = mapping|items %}"),
    "slice in a loop": nested(2, "{% set a = list[::-1] %}"),
    "characters in a loop": nested(2, "{% set a = wide_text|list %}"),
    "member in a loop": "{% for each in list if each in list %}{% endfor %}",
    "map of long texts": "{{ (['x' * 9000] * 9000)|map('upper')|list|length }}",
    "map to lists": "{{ (['x' * 9000] * 9000)|map('list')|list|length }}",
    "map to nothing": nested(1, "{{ list|map('string')|list|length }}"),
    "map of map": "{{ [[[1]]]|map('map', 'map', 'map', 'upper') }}",
    "attribute in a loop": nested(1, "{{ list|map(attribute='a.b.c.d.e.f', default='x')|join }}"),
    # Syntax.
    "parentheses": "{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}",
    "fewer parentheses": "{{ " + "(" * 200 + "1" + ")" * 200 + " }}",
    "brackets": "{{ " + "[" * 9_000 + "]" * 9_000 + " }}",
    "nots": "{{ " + "not " * 4_000 + "1 }}",
    "minuses": "{{ " + "-" * 9_000 + "1 }}",
    "a sum of a hundred": "{{ " + "1+" * 100 + "1 }}",
    "a long sum": "{{ " + "1+" * 3_000 + "1 }}",
    "a longer sum": "{{ " + "1+" * 9_000 + "1 }}",
    "dots": "{{ city" + ".a" * 3_000 + " }}",
    "dots between others": "{{ city" + ".a" * 3_000 + " + 1 }}",
    "filters": "{{ long" + "|upper" * 2_500 + " }}",
    "conditions": "{{ " + "1 if 0 else " * 1_500 + "1 }}",
    "ors": "{{ " + "0 or " * 3_000 + "1 }}",
    "nested ifs": "{% if 1 %}" * 400 + "{% endif %}" * 400,
    "openings": "{{" * 9_000,
    "tag openings": "{%" * 9_000,
    "comment openings": "{#" * 9_000,
    "spaces": "{%" + " " * 19_000,
    "raw and spaces": "{%- raw" + " " * 19_000,
    "a long template": "{{ a }}" * 9_000,
    "a long name": "{{ " + "abcdefg" * 2_000 + " }}",
    "many assignments": "{% set a = 1 %}" * 1_300,
    # Python and Jinja2 from inside.
    "class": "{{ ''.__class__.__mro__ }}",
    "class by key": "{{ ''['__class__'] }}",
    "class by filter": "{{ ''|attr('__class__') }}",
    "class by map": "{{ ['']|map(attribute='__class__')|list }}",
    "class of a mapping": "{{ city.__class__ }}",
    "globals": "{{ self.__init__.__globals__ }}",
    "cycler": "{{ cycler(1, 2).next() }}",
    "joiner": "{{ joiner(',')() }}",
    "dict": "{{ dict(a=1) }}",
    "namespace": "{% set ns = namespace(x=1) %}",
    "recursive loop": "{% for each in many recursive %}{{ loop(many) }}{% endfor %}",
    "the meter": "{{ long|upper(meter=1) }}",
    "random": "{{ tags|random }}",
    "half of a character": r"{{ '\ud83d' ~ '\ude00' }}",
    "import": "{% import 'os' as os %}",
    "include": "{% include '/etc/passwd' %}",
}  # fmt: skip


@pytest.mark.parametrize("template", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_a_mistake_after_little_work(template: str) -> None:
    fuel = Fuel(STEPS)
    tracemalloc.start()

    with pytest.raises(TemplateMistake) as raised:
        render(template, SCOPE, fuel)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 1 <= raised.value.line <= template.count("\n") + 1
    assert STEPS - fuel.left <= MAX_STEPS
    assert peak < 50_000_000
    assert fuel.depth == 0
    assert not fuel.spent


def test_fragments_inside_fragments_end_where_they_are_too_deep() -> None:
    fuel = Fuel(STEPS)

    def fragment(level: int) -> Deferred:
        return Deferred(
            lambda: render("{{ prompts.next }}", {"prompts": {"next": fragment(level + 1)}}, fuel)
        )

    with pytest.raises(TemplateMistake, match="nested too deeply"):
        render("{{ look }}", {"look": fragment(0)}, fuel)


def test_a_fragment_looked_up_again_and_again_is_paid_for_each_time() -> None:
    fuel = Fuel(STEPS)
    look = Deferred(lambda: render(nested(1, ""), {"many": range_list(100)}, fuel))

    with pytest.raises(TemplateMistake, match="this template is too much work"):
        render(nested(2, "{{ look }}"), {"many": range_list(1_000), "look": look}, fuel)

    assert STEPS - fuel.left <= MAX_STEPS


def range_list(length: int) -> list[object]:
    return list(range(length))


def test_all_templates_together_stop_when_the_fuel_is_spent() -> None:
    fuel = Fuel(MAX_STEPS * 3)
    messages = []
    while not fuel.spent:
        with pytest.raises(TemplateMistake) as raised:
            render(nested(9, "x"), SCOPE, fuel)
        messages.append(str(raised.value))

    assert messages[:2] == ["this template is too much work"] * 2
    assert messages[-1] == "the templates of this manifest are too much work, all together"
    assert len(messages) <= 4


def test_an_ordinary_template_uses_nothing_of_the_shared_fuel() -> None:
    fuel = Fuel(0)

    for _ in range(10):
        assert render("{{ tags|join(' ')|upper }} in {{ city.name }}", SCOPE, fuel) == "B A in 成都"

    assert (fuel.left, fuel.spent) == (0, False)


def test_more_than_the_allowance_comes_out_of_the_shared_fuel() -> None:
    fuel = Fuel(STEPS)

    render("{% for each in many %}{% endfor %}", SCOPE, fuel)

    assert STEPS - MAX_STEPS < fuel.left < STEPS - FREE_STEPS


@pytest.mark.parametrize(
    ("template", "least"),
    [
        ("{% if long|title %}{% endif %}", 4_000),
        ("{% if long|upper %}{% endif %}", 2_000),
        ("{% if long|wordcount %}{% endif %}", 1_000),
        ("{% if list|sort %}{% endif %}", 17_000),
        ("{% if list|unique %}{% endif %}", 10_000),
        ("{% if many|map('string') %}{% endif %}", 5_000),
        ("{% if many|sum %}{% endif %}", 1_000),
        ("{% if many|map(attribute=0, default=1) %}{% endif %}", 1_000),
        ("{% for each in many %}{% endfor %}", 3_000),
        ("{% if long in many %}{% endif %}", 19_000),
        ("{{ 1 }}" * 100, 2_000),
        ("{# plain #}" + "x" * 16_000, 2_000),
    ],
)
def test_slow_work_is_paid_for(template: str, least: int) -> None:
    fuel = Fuel(STEPS)

    render(template, SCOPE | {"list": SCOPE["list"][:5_000]}, fuel)

    assert STEPS - fuel.left >= least - FREE_STEPS


WORDS = """{{ }} {% %} {# #} {%- -%} if elif else endif for in endfor set endset not and or is raw endraw include
    ( ) [ ] { } , : . .. | ~ + - * / // % ** = == != < >= 'a' "b" ' \\ 0 1 9999 1e9 1e999 0xff 1_0 macro
    hero tags city nothing loop items name length missing none true upper join default range map sort replace é"""
TOKENS = st.sampled_from([*WORDS.split(), "\n"])


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60).map(lambda text: f"{{{{{text}}}}}"),
        st.text(alphabet="{}%#-'a. \n\\|", max_size=40),
        st.lists(TOKENS, max_size=25).map(" ".join),
        st.lists(TOKENS, max_size=12).map(lambda tokens: "{{ " + " ".join(tokens) + " }}"),
        st.lists(TOKENS, max_size=12).map(lambda tokens: "a\n{% " + " ".join(tokens) + " %}b{% endif %}"),
    )
)
def test_any_text_gives_a_text_or_a_mistake_with_a_place(template: str) -> None:
    scope = {"hero": "fox", "tags": ["a", 1, None, [2]], "city": {"name": "x", "items": {}}, "nothing": None}
    found = outcome(template, scope)

    if isinstance(found, TemplateMistake):
        lines = template.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert found.code in {"CV301", "CV302", "CV303", "CV304", "CV305"}
        assert found.message
        assert found.snippet in lines[found.line - 1]
    else:
        assert len(found) <= MAX_TEXT


def outcome(template: str, scope: Mapping[str, object]) -> str | TemplateMistake:
    try:
        return render(template, scope, Fuel(100_000))
    except TemplateMistake as mistake:
        return mistake


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
OPERATIONS = (
    [f"{{{{ a {sign} b }}}}" for sign in ("+", "-", "*", "/", "//", "%", "~", "==", "<", ">=", "in", "not in")]
    + [f"{{{{ a is {test} b }}}}" for test in ("divisibleby", "eq", "lt", "in")]
    + [f"{{{{ a is {test} }}}}" for test in ("even", "odd", "number", "none", "sequence", "integer", "true")]
    + ["{{ a[b] }}", "{{ a[b:] }}", "{{ a[::b] }}", "{{ {a: b} }}", "{{ -a }}", "{{ a|replace(b, b) }}"]
    + ["{% for x, y in a %}{{ x }}{% endfor %}", "{% set x, y = a %}", "{{ a.items()|first|join(b) }}"]
    + [f"{{{{ a|{name}(b) }}}}" for name in ("join", "indent", "round", "int", "truncate", "map", "trim", "sort")]
    + [f"{{{{ a|{name}(attribute=b) }}}}" for name in ("map", "sort", "unique", "min", "max", "sum", "join")]
    + [f"{{{{ a|{name} }}}}" for name in ("abs", "dictsort", "first", "length", "list", "reverse", "float", "title")]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(OPERATIONS), VALUES, VALUES)
def test_any_operation_on_any_values_gives_a_text_or_a_mistake(
    template: str, left: object, right: object
) -> None:
    found = outcome(template, {"a": left, "b": right})

    assert isinstance(found, str) or found.code in {"CV302", "CV303", "CV304", "CV305"}
