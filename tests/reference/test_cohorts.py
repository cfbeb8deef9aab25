"""Cohorts on random logs: evkit says what the slow reference says, and gives reasons that agree with it."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.errors import SpecError
from evkit.membership import Membership
from evkit.posthog.nodes import cohorts as nodes
from tests.reference import cohorts as slow
from tests.reference.cohorts import Leaf, Tree
from tests.reference.logs import EPOCH, NAMES, random_log
from tests.sizes import examples

pytestmark = pytest.mark.slow
BUILDERS = {
    "performed": ek.performed, "first_time": ek.performed_first_time, "sequence": ek.performed_sequence, "stopped": ek.stopped_performing,
    "restarted": ek.restarted_performing,
}  # fmt: skip


def words(length: tuple[int, str]) -> str:
    return f"{length[0]} {length[1]}s"


def random_leaf(source: random.Random) -> Leaf:
    """Make a condition."""
    kind = source.choice(["performed", "performed", "first_time", "regularly", "sequence", "stopped", "restarted", "plan"])
    if kind == "plan":
        return Leaf(kind, plan=source.choice([("exact", "pro"), ("is_not", "pro"), ("is_set", None)]), negation=source.random() < 0.3)
    leaf = Leaf(kind, source.choice([*NAMES, None]), negation=source.random() < 0.3)
    leaf.browser = source.choice([None, None, "Chrome", "5"])
    unit = source.choice(["hour", "day", "day", "week", "month", *(["minute"] if kind != "stopped" else [])])
    leaf.back = (source.randint(1, 3 if unit in ("week", "month") else 20), unit)
    if kind == "regularly":
        leaf.back = (source.randint(1, 4), source.choice(["day", "week", "month"]))
        total = source.randint(1, 6)
        leaf.periods = (source.randint(1, total), total)
    elif kind in ("performed", "first_time", "sequence") and source.random() < 0.3:
        first = EPOCH.date() + dt.timedelta(days=source.randint(-3, 20))
        leaf.days = (first, first + dt.timedelta(days=source.randint(0, 20)))
    if kind == "regularly" or (kind == "performed" and source.random() < 0.6):
        leaf.times = (source.choice([">=", "<=", ">", "<", "=="]), source.randint(1, 4))
    leaf.then = source.choice([*NAMES, None])
    leaf.gap = (source.randint(1, 5), source.choice(["minute", "hour", "day", "week"]))
    leaf.recent = (source.randint(1, leaf.back[0]), leaf.back[1])
    return leaf


def condition(leaf: Leaf, source: random.Random, known: list[ek.Cohort]) -> Any:
    """Give a condition as evkit takes it."""
    made: Any
    if leaf.kind == "plan":
        operator, plan = leaf.plan
        made = ek.PropertyFilter("plan", plan, operator=operator, type="person")
    elif leaf.kind in ("list", "cohort"):
        tree = None if leaf.inside is None else joined(leaf.inside, source, known)
        leaf.name = name = f"c{len(known)}"
        known.append(ek.Cohort(name, members=leaf.listed) if tree is None else ek.Cohort(name, tree))
        made = ek.in_cohort(name)
    else:
        subject: Any = leaf.name
        filters = [ek.event_prop("browser") == leaf.browser] if leaf.browser is not None else []
        if source.random() < 0.3 and subject is not None:
            subject, filters = ek.Action(f"action {source.getrandbits(30)}", ek.event(subject, *filters)), []
        when: dict[str, Any] = {"date_range": tuple(map(str, leaf.days))} if leaf.days else {"within": words(leaf.back or (0, ""))}
        if leaf.kind == "regularly":
            least, total = leaf.periods
            made = ek.performed_regularly(
                subject, *filters, period=when["within"], min_periods=least, total_periods=total, times=leaf.times or 0
            )
        else:
            more: dict[str, Any] = {"times": leaf.times} if leaf.kind == "performed" else {}
            more |= {"recent": words(leaf.recent)} if leaf.kind in ("stopped", "restarted") else {}
            more |= {"gap": words(leaf.gap)} if leaf.kind == "sequence" else {}
            subjects = [subject, leaf.then] if leaf.kind == "sequence" else [subject]
            made = BUILDERS[leaf.kind](*subjects, *filters, **when, **more)
    return ~made if leaf.negation else made


def random_tree(source: random.Random, ids: list[str], depth: int = 0) -> Tree:
    """Make a definition: mostly conditions, here and there a group, another cohort, a list."""
    parts: list[Leaf | Tree] = []
    for _ in range(source.randint(1, 3)):
        kind = source.random()
        if depth < 2 and kind < 0.2:
            parts.append(random_tree(source, ids, depth + 1))
        elif depth < 2 and kind < 0.3:
            parts.append(Leaf("cohort", inside=random_tree(source, ids, depth + 1), negation=source.random() < 0.3))
        elif kind < 0.4:
            parts.append(
                Leaf("list", listed=tuple(source.sample(ids, source.randint(0, min(3, len(ids))))), negation=source.random() < 0.3)
            )
        else:
            parts.append(random_leaf(source))
    return Tree(source.choice(["AND", "AND", "OR"]), parts)


def joined(tree: Tree, source: random.Random, known: list[ek.Cohort]) -> ek.Conditions:
    """Give a definition as evkit takes it, and the cohorts that it names."""
    parts = [condition(p, source, known) if isinstance(p, Leaf) else joined(p, source, known) for p in tree.parts]
    return ek.Conditions(tree.op, tuple(parts))


@settings(max_examples=examples(50, 2_000), deadline=None)
@given(st.integers(0, 2**40))
def test_cohorts(seed: int) -> None:
    log, source = random_log(seed, most=60)
    told = slow.Told(log)
    ids = sorted(told.owner)
    tree = random_tree(source, ids)
    known: list[ek.Cohort] = []
    cohort = ek.Cohort("asked", joined(tree, source, known))
    assert eval(repr(cohort), {"ek": ek}) == cohort
    trees = {leaf.name: leaf.inside for leaf in cohorts_in(tree)}
    bounded = [c for c in known if (inside := trees[c.name]) is None or not told.takes_from_nobody(inside)]
    events = log.to_evkit()
    if told.takes_from_nobody(tree):
        with pytest.raises(SpecError, match="takes people away from nobody"):
            events.with_cohorts(*known, cohort)
        return
    if len(bounded) < len(known):
        with pytest.raises(SpecError, match="takes people away from nobody"):  # by itself; as a part of PostHog's JSON it has a sense
            events.with_cohorts(*known)
        tables = events.tables.with_settings(replace(events.tables.settings, cohorts={c.id: c for c in known}))
        assert set(Membership(tables, cohort).distinct_ids()) == told.members(tree)
        return
    membership = events.with_cohorts(*known).cohort(cohort)
    expected = told.members(tree)
    assert set(membership.distinct_ids()) == expected
    assert membership.count() == len({told.owner[i] for i in expected})
    one = source.choice(ids)
    why = membership.explain(one)
    assert why.passed == (one in expected), repr(why)
    actions = {a.name: a for a in actions_in(cohort)}
    if "(None" not in repr(cohort) and ", None" not in repr(cohort):  # any event: PostHog has no words for it
        assert nodes.from_json(nodes.to_json(cohort), actions) == cohort
    if source.random() < 0.7:
        return
    counted = events.with_cohorts(*known, cohort).trends(None, filters=ek.in_cohort("asked"), display="BoldNumber").to_pandas()
    assert counted.value[0] == sum(e.who in expected for e in log.events)


def cohorts_in(tree: Tree) -> list[Leaf]:
    """Give the conditions that are cohorts, those inside them too."""
    found: list[Leaf] = []
    for part in tree.parts:
        inside = part if isinstance(part, Tree) else part.inside
        found += [part] if isinstance(part, Leaf) and part.kind in ("cohort", "list") else []
        found += cohorts_in(inside) if inside else []
    return found


def actions_in(cohort: ek.Cohort) -> list[ek.Action]:
    """Give the actions that a definition names."""
    subjects = [getattr(leaf, part, None) for leaf in cohort.definition.leaves() for part in ("subject", "then")]
    return list(dict.fromkeys(s for s in subjects if isinstance(s, ek.Action)))
