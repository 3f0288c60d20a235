import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml

import seatrial.gates
from seatrial.errors import InputError, PolicyError
from seatrial.gates import Policy
from seatrial.gates.schema import policy_schema, policy_schema_text

POLICY = """\
apiVersion: seatrial/v1
dataset: {group: scene_id}
baseline: {alias: champion, on_missing: skip}
statistics: {alpha: 0.05, replicates: 1000, seed: 7}
defaults: {min_n: 100, on_inconclusive: warn, on_missing_slice: error}
slices:
  night: {level: image, where: "light == 'night'"}
  site:  {level: image, by: [site], max_values: 50}
  light: {by: {brightness: {bins: quantile, n: 4}}, min_n: 20}
rules:
  - {id: floor,    type: min,           metric: accuracy, value: 0.42, severity: block}
  - {id: night-ni, type: non_inferior,  metric: recall, slice: night, margin: 0.02, on_inconclusive: block}
  - {id: sites,    type: no_regression, metric: f1, slice: site, correction: holm, severity: block}
  - {id: fair,     type: gap,           metric: recall, slice: site, max: 0.10, severity: warn}
  - {id: leakage,  type: data,          check: split_leakage, max_count: 0, severity: block}
waivers:
  - {rule: sites, slice: "site=B7", owner: "A. Owner", reason: "camera replaced", expires: 2026-12-01}
"""


def test_a_policy_says_what_it_says():
    policy = Policy.parse(POLICY, "policy.yaml")
    assert list(policy.slices) == ["night", "site", "light"]
    assert [rule.type for rule in policy.rules] == ["min", "non_inferior", "no_regression", "gap", "data"]
    assert policy.waivers[0].expires == date(2026, 12, 1)
    assert policy.statistics.replicates == 1000


def test_a_policy_is_read_from_a_file(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    assert Policy.load(path) == Policy.parse(POLICY, "elsewhere")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("metric: accuracy", "metric: acuracy", "11:49: rules[0].metric: expected a metric (accuracy, "),
        ("metric: accuracy", "metric: acuracy", "got 'acuracy'; did you mean 'accuracy'?"),
        ("slice: night,", "slice: nigth,", "12:64: rules[1].slice: expected all or an entry of slices"),
        ("slice: night,", "slice: nigth,", "got 'nigth'; did you mean 'night'?"),
        ("slice: night,", "slice: site=B7,", "(name the entry: every slice of it is judged)"),
        ("slice: night,", "slice: no,", "rules[1].slice: expected text (quote it), got false"),
        ("type: gap", "type: gpa", "rules[3].type: expected a rule type (min, max, "),
        ("type: gap", "type: gpa", "got 'gpa'; did you mean 'gap'?"),
        (
            "type: gap,           metric: recall, slice: site, max: 0.10",
            "type: scenario",
            "rules[3].type: expected scenarios to judge, the policy names none",
        ),
        (
            "type: gap,           metric: recall, slice: site, max: 0.10",
            "type: scenario, require: some",
            "rules[3].require: expected kept or all",
        ),
        ("type: gap,          ", "", "rules[3]: expected a key 'type'"),
        ("value: 0.42", "valeu: 0.42", "rules[0].valeu: unknown key; expected one of "),
        ("value: 0.42", "valeu: 0.42", "did you mean 'value'?"),
        ("value: 0.42", "valeu: 0.42", "11:5: rules[0]: expected a key 'value', got id, type, metric, valeu"),
        ("value: 0.42", "value: high", "rules[0].value: expected a number, got 'high'"),
        ("value: 0.42", "value: true", "rules[0].value: expected a number, got true"),
        ("value: 0.42", "value: .nan", "rules[0].value: expected a finite number, got nan"),
        ("value: 0.42", "value: 42", "expected a number between 0 and 1, as accuracy is, got 42 (write 0.42"),
        ("value: 0.42", "value: -0.1", "expected a number between 0 and 1, as accuracy is, got -0.1"),
        ("margin: 0.02", "margin: 0", "rules[1].margin: expected a number above 0, got 0"),
        ("max: 0.10", "max: 0.1, correction: holm", "rules[3].correction: unknown key"),
        ("slice: site, max", "slice: all, max", "rules[3].slice: expected an entry of slices with 'by'"),
        (
            "metric: accuracy,",
            "metric: accuracy, class: sound,",
            "rules[0].class: expected a metric that has",
        ),
        (
            "id: fair",
            "id: floor",
            "rules[3].id: expected a unique id, got 'floor', which is that of rules[0]",
        ),
        ("id: fair", "id: ''", "rules[3].id: expected text that is not empty, got ''"),
        ("severity: warn", "severity: wran", "expected block or warn (did you mean 'warn'?), got 'wran'"),
        ("max_count: 0", "max_count: 0, max_share: 0.1", "expected either max_count or max_share, got both"),
        (", max_count: 0", "", "rules[4]: expected either max_count or max_share, got neither"),
        ("max_count: 0", "max_share: 3", "rules[4].max_share: expected a number of at most 1, got 3"),
        ("split_leakage", "split_leak", "rules[4].check: expected a data check ("),
        ("split_leakage", "split_leak", "did you mean 'split_leakage'?"),
        ("2026-12-01", "2026-13-45", "17:92: waivers[0].expires: expected a date such as 2026-12-31, got "),
        ("2026-12-01", "soon", "waivers[0].expires: expected a date such as 2026-12-31, got 'soon'"),
        ("2026-12-01", "20261201", "waivers[0].expires: expected a date such as 2026-12-31, got 20261201"),
        ("2026-12-01", "2026-12-01 10:00:00", "expected a date such as 2026-12-31, got 2026-12-01 10:00:00"),
        (
            "rule: sites",
            "rule: site",
            "waivers[0].rule: expected the id of a rule, got 'site'; did you mean 's",
        ),
        ('"site=B7"', "B7", "waivers[0].slice: expected the name of one slice of 'site', such as 'site=…'"),
        ('slice: "site=B7", ', "", "waivers[0].slice: expected the name of one slice of 'site'"),
        ('"A. Owner"', "' '", "waivers[0].owner: expected who answers for it, got ' '"),
        ('owner: "A. Owner", ', "", "waivers[0]: expected a key 'owner', got rule, slice, reason, expires"),
        (
            "light == 'night'",
            "light = 'night'",
            "7:32: slices.night.where: predicate, character 7: '=' is not",
        ),
        (
            "by: [site]",
            "by: site",
            "slices.site.by: expected a list of attributes, got 'site' (write [site])",
        ),
        ("by: [site]", "bye: [site]", "slices.site.bye: unknown key; expected one of level, where, by"),
        ("bins: quantile", "bins: quantil", "bins: expected quantile or fixed (did you mean 'quantile'?)"),
        (
            "bins: quantile, n",
            "bins: quantile, m",
            "slices.light.by.brightness.m: unknown key; expected one of",
        ),
        (
            "apiVersion: seatrial/v1\n",
            "apiVersion: seatrial/v1\ntask: detection\n",
            "12:49: rules[0].metric: expected a metric of detection (",
        ),
        (
            "apiVersion: seatrial/v1\n",
            "apiVersion: seatrial/v1\ntask: video\n",
            "2:7: task: expected classification or",
        ),
        ("metric: f1,", "metric: map_50,", "rules[2].metric: expected a metric of classification ("),
        (
            "  night:",
            "  scenario:x:",
            "slices.scenario:x: expected a name without '=', ' & ' and 'scenario:'",
        ),
        (
            "{alpha: 0.05",
            "{alfa: 0.05",
            "statistics.alfa: unknown key; expected one of alpha, replicates, seed",
        ),
        (
            "defaults:",
            "detection: {score: 2}\ndefaults:",
            "5:20: detection.score: expected a number of at most 1",
        ),
        (
            "defaults:",
            "detection: {iou: 0}\ndefaults:",
            "5:18: detection.iou: expected a number above 0, got 0",
        ),
        ("defaults:", "includes: org.yaml\ndefaults:", "includes: expected a list of files, got 'org.yaml'"),
        ("defaults:", "includes: [3]\ndefaults:", "includes[0]: expected the path of a policy, got 3"),
        ("defaults:", "includes: [org.yaml]\ndefaults:", "a policy given as text has none beside it"),
        ("defaults:", "scenarios: s.yaml\ndefaults:", "5:12: scenarios: 's.yaml' is another file"),
        ("by: [site]", "ids: []", "8:10: slices.site: 'ids' lists no sample"),
        ("  night:", "  all:", "slices.all: 'all' is the slice of everything"),
        (
            "  light:",
            "  a=b:",
            "slices.a=b: expected a name without '=', ' & ' and 'scenario:' before it, got 'a=b'",
        ),
        (
            "  light:",
            "  on:",
            "expected a text key, got 'on', which YAML reads as the boolean true: quote it",
        ),
        ("{group: scene_id}", "{max_uses: 0}", "dataset.max_uses: expected a number of at least 1, got 0"),
        (
            "{group: scene_id}",
            "{grup: scene_id}",
            "dataset.grup: unknown key; expected one of group, max_uses; did you",
        ),
        ("on_missing: skip", "on_missing: no", "baseline.on_missing: expected skip or error, got false"),
        ("replicates: 1000", "replicates: 10", "expected at least 19 replicates for alpha 0.05, got 10"),
        ("replicates: 1000", "replicates: 9.5", "statistics.replicates: expected a whole number, got 9.5"),
        (
            "replicates: 1000",
            "replicates: many",
            "statistics.replicates: expected a whole number, got 'many'",
        ),
        ("alpha: 0.05", "alpha: 5", "statistics.alpha: expected a number below 0.5, got 5"),
        ("min_n: 100", "min_n: 0", "defaults.min_n: expected a number of at least 1, got 0"),
        ("{group: scene_id}", "[group]", "dataset: expected a mapping (key: value), got a list"),
        (
            "rules:",
            "rulez:",
            "rulez: unknown key; expected one of apiVersion, task, dataset, baseline, statistics",
        ),
        ("apiVersion: seatrial/v1\n", "", "policy.yaml:1:1: expected a key 'apiVersion'"),
        ("seatrial/v1", "seatrial/v9", "apiVersion: expected seatrial/v1, got 'seatrial/v9'"),
        ("id: fair,", "id: fair, id: unfair,", "rules[3].id: key given twice, first on line 14"),
    ],
)
def test_an_error_names_line_key_what_was_expected_and_what_was_there(old, new, expected):
    assert old in POLICY
    with pytest.raises(PolicyError) as raised:
        Policy.parse(POLICY.replace(old, new, 1), "policy.yaml")
    assert expected in str(raised.value)
    assert all(line.startswith("policy.yaml:") for line in str(raised.value).splitlines())


@pytest.mark.parametrize("text", ["[]", "text", "3"])
def test_a_policy_that_is_no_mapping_is_an_error(text):
    with pytest.raises(PolicyError, match=r"^policy.yaml:1:1: expected a mapping"):
        Policy.parse(text, "policy.yaml")


def test_a_policy_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"cannot read policy .*absent.yaml: No such file"):
        Policy.load(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"owner: \xe9\xe9\n")
    with pytest.raises(InputError, match="expected UTF-8 text"):
        Policy.load(tmp_path / "latin.yaml")


def test_a_section_whose_lines_are_all_commented_out_is_empty():
    policy = Policy.parse("apiVersion: seatrial/v1\nslices:\nrules:\nwaivers:\n", "policy.yaml")
    assert (policy.rules, policy.waivers, policy.slices) == ((), (), {})


def test_the_digest_is_of_what_the_policy_says():
    policy = Policy.parse(POLICY, "policy.yaml")
    spelled = POLICY.replace("type: min, ", "type: min, use: lcb,") + "# a comment\n"
    assert Policy.parse(spelled, "other.yaml").digest == policy.digest
    assert Policy.parse(POLICY.replace("0.42", "0.43"), "policy.yaml").digest != policy.digest


def test_fewest_samples_are_the_rules_own_then_the_slices_then_the_default(policy):
    read = policy(
        "id: own, type: min, metric: accuracy, value: 0, slice: site, min_n: 5",
        "id: slices, type: min, metric: accuracy, value: 0, slice: site",
        "id: default, type: min, metric: accuracy, value: 0",
        slices="{site: {by: [site], min_n: 12}}",
    )
    assert [read.min_n(rule) for rule in read.rules] == [5, 12, 30]


def test_a_number_in_the_form_that_yaml_takes_for_text_is_read():
    assert Policy.parse(POLICY.replace("0.42", "42e-2"), "policy.yaml").rules[0].value == 0.42


def test_the_published_schema_is_that_of_the_models():
    published = Path(seatrial.gates.__file__).parent / "policy.schema.json"
    assert published.read_text(encoding="utf-8") == policy_schema_text()


def test_the_published_schema_accepts_what_the_program_accepts():
    plain = json.loads(json.dumps(yaml.safe_load(POLICY), default=str))
    jsonschema.Draft202012Validator.check_schema(policy_schema())
    jsonschema.validate(plain, policy_schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metric: accuracy", "metric: acuracy"),
        ("type: gap", "type: scenario"),
        ("by: [site]", "ids: [a, a]"),
        ("valu", "valeu"),
        ("max_count: 0", "max_count: 0, max_share: 0.1"),
        ("{group: scene_id}", "{max_uses: 0}"),
        ("severity: warn", "severity: wran"),
        ("min_n: 20", "min_n: 0"),
        ("margin: 0.02", "margin: 0"),
    ],
)
def test_the_published_schema_refuses_what_the_program_refuses(old, new):
    plain = json.loads(json.dumps(yaml.safe_load(POLICY.replace(old, new, 1)), default=str))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, policy_schema())
