"""What templates render to is what Jinja2 itself renders them to."""

# ruff: noqa: E501 -- one form, one line

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from cogvid_pipeline.manifest.template import Fuel, TemplateMistake, render
from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.syntax import names_only

SCOPE = {
    "hero": "A red fox",
    "note": "straße in\n  the  RAIN ",
    "nothing": "",
    "tags": ["b", "A", "c", "a"],
    "counts": [3, 1, 2.5, 3],
    "n": 7,
    "half": 0.5,
    "city": {"name": "成都", "light": "neon", "districts": ["Jinjiang", "Wuhou"]},
    "shots": [{"name": "walk", "length": 5}, {"name": "Arrive", "length": 10}],
}
ORACLE = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)

Code = st.SearchStrategy[str]


def formed(pattern: str, *parts: Code) -> Code:
    return st.tuples(*parts).map(lambda found: pattern.format(*found))


def texts(depth: int) -> Code:
    words = st.text(alphabet="abAB ß成é.-\n", max_size=8).map(lambda text: f"'{text}'")
    simple = st.one_of(
        words,
        st.sampled_from(
            ["hero", "note", "nothing", "city.name", "city['light']", "tags[0]", "shots[1].name"]
        ),
    )
    if depth == 0:
        return simple
    text, number, items = texts(depth - 1), numbers(depth - 1), lists(depth - 1)
    plain = st.sampled_from(
        ["upper", "lower", "title", "capitalize", "trim", "reverse", "string", "default('x')"]
    )
    return st.one_of(
        simple,
        formed("({} ~ {})", text, st.one_of(text, number)),
        formed("({} + {})", text, text),
        formed("({} * {})", text, st.integers(-1, 3).map(str)),
        formed("({})|{}", text, plain),
        formed("({})|replace({}, {})", text, text, text),
        formed("({})|replace({}, {}, {})", text, text, text, st.integers(-1, 2).map(str)),
        formed("({})|truncate({}, {}, {}, {})", text, size(3, 20), truth(0), st.just("'…'"), size(0, 5)),
        formed("({})|indent({}, {}, {})", text, st.one_of(size(0, 4), st.just("'> '")), truth(0), truth(0)),
        formed("({})|trim({})", text, text),
        formed("({})|join({})", items, text),
        formed("({} if {} else {})", text, truth(depth - 1), text),
        formed("({})[{}:{}]", text, size(-3, 3), size(-3, 9)),
        formed("(missing|default({}))", text),
        formed("({} or {})", text, text),
    )


def numbers(depth: int) -> Code:
    simple = st.one_of(size(-9, 99), st.sampled_from(["n", "half", "counts[2]", "1.25", "shots[0].length"]))
    if depth == 0:
        return simple
    text, number = texts(depth - 1), numbers(depth - 1)
    return st.one_of(
        simple,
        formed("({} {} {})", number, st.sampled_from(["+", "-", "*", "/", "//", "%"]), number),
        formed("(-{})", number),
        formed("(+{})", number),
        formed("({})|abs", number),
        formed("({})|round({}, '{}')", number, size(-2, 3), st.sampled_from(["common", "ceil", "floor"])),
        formed("({})|{}", text, st.sampled_from(["length", "count", "wordcount", "int", "float", "int(5)"])),
        formed("({})|int", number),
        formed("({})|float", number),
        formed("counts|{}", st.sampled_from(["sum", "max", "min", "first", "last", "length"])),
        st.just("shots|sum(attribute='length')"),
    )


def truth(depth: int) -> Code:
    simple = st.sampled_from(["true", "false"])
    if depth == 0:
        return simple
    text, number, other = texts(depth - 1), numbers(depth - 1), truth(depth - 1)
    order = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        simple,
        formed("({} {} {})", text, order, text),
        formed("({} {} {} {} {})", number, order, number, order, number),
        formed("({} in {})", text, text),
        formed("({} not in {})", text, lists(depth - 1)),
        formed("({} {} {})", other, st.sampled_from(["and", "or"]), other),
        formed("(not {})", other),
        formed(
            "({} is {})", number, st.sampled_from(["number", "string", "integer", "float", "none", "boolean"])
        ),
        formed("({} is divisibleby {})", number, size(1, 5)),
        formed("({} is not {})", size(-9, 9), st.sampled_from(["even", "odd"])),
        formed("({} is {} {})", number, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), size(0, 9)),
        formed("({} is defined)", st.sampled_from(["hero", "missing", "city.name", "city.mayor", "tags[9]"])),
        formed("(tags is {})", st.sampled_from(["iterable", "sequence", "mapping", "string", "undefined"])),
        formed("('name' in {})", st.sampled_from(["city", "shots[0]", "tags"])),
    )


def lists(depth: int) -> Code:
    simple = st.sampled_from(["tags", "city.districts", "[]", "['x', 'y']", "('p', 'q')", "city"])
    if depth == 0:
        return simple
    items = lists(depth - 1)
    return st.one_of(
        simple,
        formed("[{}, {}]", texts(depth - 1), texts(depth - 1)),
        formed("({})|sort(reverse={}, case_sensitive={})", items, truth(0), truth(0)),
        formed("({})|unique({})|list", items, truth(0)),
        formed("({})|map('{}')|list", items, st.sampled_from(["upper", "lower", "trim", "length"])),
        formed("({})|list", items),
        formed("({}|list)[{}:{}:{}]", items, size(-2, 2), size(-2, 4), st.sampled_from(["1", "2", "-1"])),
        formed("({}|list + ['z'])", items),
        formed("({}|list * {})", items, size(-1, 2)),
        formed("({})|reverse|list", items),
        st.just("shots|sort(attribute='name')|map(attribute='name')|list"),
        st.just("city.keys()|list"),
    )


def size(least: int, most: int) -> Code:
    return st.integers(least, most).map(str)


def blocks(depth: int) -> Code:
    data = st.text(alphabet="ab {}%#\n-成", max_size=10).filter(
        lambda text: not any(mark in text + "{" for mark in ("{{", "{%", "{#"))
    )
    written = st.one_of(texts(2), numbers(2), truth(2))
    trim = st.sampled_from(["", "-"])
    simple = st.one_of(
        data,
        formed("{{{{{} {} {}}}}}", trim, written, trim),
        st.just("{# a #}"),
        st.just("{% raw %}{{ a }}{% endraw %}"),
    )
    if depth == 0:
        return simple
    block = blocks(depth - 1)
    return st.one_of(
        simple,
        formed("{}{}", block, block),
        formed(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}",
            truth(1),
            block,
            truth(1),
            block,
            block,
        ),
        formed("{{% if {} -%}}{}{{%- endif %}}", truth(1), block),
        formed(
            "{{% for each in {} %}}{}{{{{ loop.index }}}}{{{{ each }}}}{}{{% else %}}{}{{% endfor %}}",
            lists(1),
            block,
            block,
            block,
        ),
        formed(
            "{{% for each in {} if each != {} %}}{{{{ loop.last ~ loop.length ~ loop.revindex0 }}}}{}{{% endfor %}}",
            lists(1),
            texts(0),
            block,
        ),
        formed(
            "{{% for key, value in {} %}}{{{{ key }}}}{}{{% endfor %}}",
            st.sampled_from(["city.items()", "city|items", "city|dictsort", "[('a', 1)]"]),
            block,
        ),
        formed("{{% set star = {} %}}{}{{{{ star }}}}", texts(1), block),
        formed("{{% set star, count = {}, {} %}}{{{{ count }}}}", texts(1), numbers(1)),
    )


@settings(max_examples=400, deadline=None)
@given(blocks(2))
def test_an_ordinary_template_renders_as_jinja_renders_it(template: str) -> None:
    try:
        expected = ORACLE.from_string(template).render(SCOPE)
    except (TemplateError, ZeroDivisionError, TypeError, OverflowError, AssertionError):
        expected = None
    try:
        rendered = render(template, SCOPE, Fuel(1_000_000))
    except TemplateMistake as mistake:
        assume(mistake.code != "CV304")
        rendered = None

    assert rendered == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "{{ a }}",
                "{{a.b.c}}",
                "{{ not }}",
                "{{ none.a }}",
                "{{\ta.if }}",
                "{",
                "}",
                "é\n",
                "{{ é }}",
                "a ",
                "{#",
                "\r",
                "{{ 1 }}",
                "{{ true }}",
            ]
        )
    )
)
@example(["{", "{{ a }}"])
@example(["\r"])
def test_a_template_of_names_only_has_the_tree_that_jinja_gives(pieces: list[str]) -> None:
    text = "{{ first }}" + "".join(pieces)

    tree = names_only(text, Meter(Fuel(100_000)))

    assert tree is None or tree == Environment(keep_trailing_newline=True).parse(text)
