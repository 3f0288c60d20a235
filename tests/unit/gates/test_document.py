import pytest

from seatrial.errors import PolicyError
from seatrial.gates.document import Document


def test_a_value_knows_its_line_and_column():
    document = Document.parse("a: 1\nb:\n  - {x: 2, y: 3}\n", "p.yaml")
    assert document.position(("b", 0, "y")) == (3, 15)
    assert document.position(("b", 0, "y"), key=True) == (3, 12)


def test_a_location_that_does_not_exist_is_that_of_its_parent():
    document = Document.parse("a: 1\nb:\n  c: 2\n", "p.yaml")
    assert document.position(("b", "d", 3)) == (3, 3)
    assert document.resolve(("b", "list[str]", "c")) == ("b", "c")


def test_it_reads_what_safe_load_reads():
    document = Document.parse("a: &x {b: 1.5, c: [yes, ~, 2026-12-01]}\nd: {<<: *x, b: text}\n", "p.yaml")
    assert document.value["d"]["b"] == "text"
    assert document.value["d"]["c"] == document.value["a"]["c"]
    assert document.value["a"]["c"][0] is True


def test_a_date_that_is_none_stays_text():
    assert Document.parse("a: 2026-13-45", "p.yaml").value == {"a": "2026-13-45"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "p.yaml:3:1: a: key given twice, first on line 1"),
        ("r:\n  - {x: 1, x: 2}\n", "p.yaml:2:12: r[0].x: key given twice, first on line 2"),
        (
            "on: 1\n",
            "p.yaml:1:1: expected a text key, got 'on', which YAML reads as the boolean true: quote it",
        ),
        ("3: 1\n", "p.yaml:1:1: expected a text key, got '3', which YAML reads as a number: quote it"),
        ("~: 1\n", "p.yaml:1:1: expected a text key, got '~', which YAML reads as null: quote it"),
        ("2026-01-01: 1\n", "which YAML reads as a date: quote it"),
        ("? [a]\n: 1\n", "p.yaml:1:3: expected a text key, got a list or mapping"),
        ("a: [\n", "p.yaml:2:1: not valid YAML"),
        ("a:\n\t- b\n", "p.yaml:2:1: not valid YAML: found character '\\t'"),
        ("a: !!python/object:os.system x\n", "p.yaml:1:4: not valid YAML: could not determine a constructor"),
        ("a: &x [*x]\n", "p.yaml:1:4: not valid YAML: found an alias that contains itself"),
        ("--- a\n--- b\n", "p.yaml:2:1: not valid YAML"),
        ("a: \x01\n", "p.yaml: not valid YAML: unacceptable character"),
        ("a: " + "[" * 5000, "not valid YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_an_error_with_its_place(text, expected):
    with pytest.raises(PolicyError) as raised:
        Document.parse(text, "p.yaml")
    assert expected in str(raised.value)


def test_aliases_that_multiply_are_built_once():
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert len(Document.parse("\n".join(lines), "p.yaml").value) == 60


def test_at_most_five_problems_are_listed():
    text = "\n".join(["a: 1"] * 9)
    with pytest.raises(PolicyError, match="and 3 more$"):
        Document.parse(text, "p.yaml")
