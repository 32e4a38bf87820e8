"""The rules for alerts: they speak of numbers, labels and values that there are.

Must not know: when an alert is worth waking somebody.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from scripts.reference_metrics import declared
from tests.house.tree import ROOT
from vedette.telemetry.histogram import SECONDS, bound_name
from vedette.telemetry.registry import OTHER, Kind

RULES = ROOT / "examples" / "prometheus_rules.yml"
GUIDE = ROOT / "docs" / "guides" / "monitoring.md"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALL = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in ALL if "alert" in rule]
KNOWN = {series.name: series for series in declared()}
#: A name, and what it is narrowed to.
SELECTOR = re.compile(r"\b(vedette_[a-z0-9_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z_]+)(=|!=|=~|!~)"([^"]*)"')


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_speaks_of_what_there_is(rule: dict[str, Any]) -> None:
    """Every series is declared, and every value that is asked for is one of its label's."""
    text = rule["expr"]
    selectors = SELECTOR.findall(text)

    assert text.count("(") == text.count(")")
    assert selectors or "vedette:" in text
    for name, narrowed in selectors:
        series = KNOWN.get(name) or KNOWN[re.sub(r"_(bucket|sum|count)$", "", name)]
        assert (series.name == name) is (series.kind is not Kind.HISTOGRAM)
        for label, how, value in MATCHER.findall(narrowed):
            if label == "le":
                assert value in map(bound_name, SECONDS)
                continue
            wanted = value.split("|") if "~" in how else [value]
            assert set(wanted) <= {*series.labels[label], OTHER}


def test_counters_are_asked_for_their_increase_and_nothing_else_is() -> None:
    """A counter's value since the start of the process says nothing."""
    for rule in ALL:
        for name, _ in SELECTOR.findall(rule["expr"]):
            grows = name not in KNOWN or KNOWN[name].kind is Kind.COUNTER
            asked = re.search(rf"(?:rate|increase)\({name}\b", rule["expr"]) is not None
            assert asked is grows, name


def test_what_is_recorded_is_used_and_what_is_used_is_recorded() -> None:
    """A rule over a name that nobody records is silent for ever."""
    recorded = {rule["record"] for rule in ALL if "record" in rule}
    used = {name for rule in ALL for name in re.findall(r"vedette:[a-z0-9_:]+", rule["expr"])}

    assert used == recorded


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    """And the guide speaks of it."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert f"`{rule['alert']}`" in GUIDE.read_text()


def test_no_alert_has_the_name_of_another() -> None:
    """One of them would be hidden behind the other."""
    names = [rule["alert"] for rule in ALERTS]

    assert len(set(names)) == len(names)
