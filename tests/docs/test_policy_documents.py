"""What the documents say of policies is what the program does."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from seatrial.gates import Policy
from seatrial.gates.policy import Baseline, Dataset, Defaults, Statistics, Waiver
from seatrial.gates.rules import RULES
from seatrial.gates.schema import policy_schema
from seatrial.steps import check_policy

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "policy.yaml"
REFERENCE = (ROOT / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")


def test_the_example_policy_is_valid_and_leaves_no_doubt():
    checked = check_policy.run(EXAMPLE)
    assert checked.doubts == ()
    assert {rule.type for rule in checked.policy.rules} == set(RULES)


def test_the_example_policy_satisfies_the_published_schema():
    plain = json.loads(json.dumps(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")), default=str))
    jsonschema.validate(plain, policy_schema())


@pytest.mark.parametrize("type_", RULES)
def test_the_reference_names_every_rule_and_each_of_its_keys(type_):
    assert f"| `{type_}` |" in REFERENCE
    keys = [field.alias or name for name, field in RULES[type_].model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in REFERENCE] == []


@pytest.mark.parametrize(
    ("section", "model"),
    [("dataset", Dataset), ("baseline", Baseline), ("statistics", Statistics), ("defaults", Defaults)],
)
def test_the_reference_names_every_key_of_every_section(section, model):
    assert [key for key in model.model_fields if f"`{section}.{key}`" not in REFERENCE] == []


def test_the_reference_names_every_key_of_policies_and_waivers():
    keys = [field.alias or name for name, field in (Policy.model_fields | Waiver.model_fields).items()]
    assert [key for key in keys if f"`{key}" not in REFERENCE] == []


def test_the_waiver_in_the_reference_is_valid():
    (block,) = re.findall(r"```yaml\n(waivers:.*?)```", REFERENCE, re.DOTALL)
    rule = "rules: [{id: sites, type: min, metric: accuracy, slice: site, value: 0.5}]\n"
    Policy.parse(f"apiVersion: seatrial/v1\nslices: {{site: {{by: [site]}}}}\n{rule}{block}", "policy.md")
