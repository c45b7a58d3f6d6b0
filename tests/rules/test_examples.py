"""Every rule finds its examples and leaves its counterexamples alone."""

import pytest

from rules import Rule, load
from rules.examples import problems

RULES = load().rules


@pytest.mark.parametrize("rule", RULES, ids=[rule.kind for rule in RULES])
def test_a_rule_finds_its_examples_and_not_its_counterexamples(rule: Rule) -> None:
    assert list(problems(rule)) == []
