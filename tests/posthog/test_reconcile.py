"""Our figures beside those of a host on this machine: the same where nothing changed, and why they differ where something did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from evkit.errors import KeyRefused, PostHogError, SamplingWarning, SpecError
from evkit.posthog.reconciling.answers import Key, figures
from evkit.posthog.reconciling.causes import NOTHING_FOUND
from evkit.posthog.reconciling.pinned import pinned
from evkit.posthog.reconciling.reconciled import Reconciliation
from tests.posthog.host import KEY, SCOPES, START, Host, running

ROWS = 600
UNTIL = "2026-09-05T12:00:00"
"""The fetch ends in the middle of a day: an event each quarter of an hour from 1 September on makes 432 by then."""
LISTS: dict[str, list[dict[str, Any]]] = {
    "actions": [{"id": 3, "name": "Signed up", "steps": [{"event": "user_signed_up"}]}],
    "cohorts": [{"id": 5, "name": "pros", "filters": {"properties": {"type": "AND", "values": [{"type": "person", "key": "plan", "value": "pro", "operator": "exact"}]}}}],
    "insights": [
        {"id": 1, "name": "Sampled", "query": {"kind": "InsightVizNode", "source": {"kind": "TrendsQuery", "samplingFactor": 0.5, "dateRange": {"date_from": "-3d"}, "series": [{"kind": "EventsNode", "event": "search"}]}}},
        {"id": 2, "name": "Signed up", "query": {"kind": "TrendsQuery", "dateRange": {"date_from": "-3d"}, "series": [{"kind": "ActionsNode", "id": 3, "math": "dau"}]}},
        {"id": 3, "name": "Pros", "query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "search"}], "properties": [{"type": "cohort", "key": "id", "value": 5}]}},
        {"id": 4, "name": "Without tests", "query": {"kind": "TrendsQuery", "filterTestAccounts": True, "series": [{"kind": "EventsNode", "event": "search"}]}},
    ],
    "property_definitions": [{"name": "n", "property_type": "Numeric"}],
}  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running(tmp_path / "host", rows=ROWS, people=41, step_seconds=900) as made:
        made.lists = {name: [dict(row) for row in rows] for name, rows in LISTS.items()}
        made.con.execute(
            "INSERT INTO events SELECT 'r-' || uuid, 'rated', distinct_id, properties, timestamp + INTERVAL 1 MINUTE, created_at, '', person_id FROM events WHERE event = 'search'"
        )
        made.con.execute("DELETE FROM events WHERE event = 'movie_played' AND (right(distinct_id, 1))::INT > 5")
        yield made


@pytest.fixture
def events(host: Host, tmp_path: Path) -> ek.Events:
    return ek.from_posthog(
        project_id=7, host=host.url, api_key=KEY, since="2026-09-01", until=UNTIL, folder=tmp_path / "posthog", say=lambda said: None
    )


def reconciled(insight: ek.Insight) -> Reconciliation:
    return ek.reconcile(insight, api_key=KEY)


QUESTIONS: dict[str, Callable[[ek.Events], ek.Insight]] = {
    "trends": lambda e: e.trends("search", "movie_played", breakdown="$current_url", breakdown_limit=3),
    "trends compared": lambda e: e.trends(ek.Series("search", math="dau"), date_range="-2d", compare=True, interval="hour"),
    "formulas": lambda e: e.trends("search", "movie_played", formulas=["A / B", "A + B"]),
    "one figure": lambda e: e.trends(ek.Series("search", math="dau"), display="BoldNumber"),
    "funnel": lambda e: e.funnel("$pageview", "movie_played", "search", date_range="-3d"),
    "funnel broken down": lambda e: e.funnel("$pageview", "movie_played", breakdown="$current_url", window="3 days"),
    "funnel over time": lambda e: e.funnel("$pageview", "movie_played", viz_type="trends"),
    "time to convert": lambda e: e.funnel("$pageview", "movie_played", viz_type="time_to_convert"),
    "lifecycle": lambda e: e.lifecycle("search", interval="day"),
    "stickiness": lambda e: e.stickiness("search", interval="day"),
    "paths": lambda e: e.paths(date_range="-3d"),
    "retention": lambda e: e.retention("search", "search", period="day", total_intervals=5),
    "correlation": lambda e: e.correlation(e.funnel("$pageview", "movie_played", window="12 hours")),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_same_events_give_the_same_figures_though_the_host_has_later_ones(host: Host, events: ek.Events, name: str) -> None:
    found = reconciled(QUESTIONS[name](events))
    assert found.agrees, found.differing
    assert found.causes == () and len(found.figures) > 0
    compared = found.figures[found.figures.agrees.notna()]
    assert compared.ours.fillna(0).tolist() == pytest.approx(compared.posthog.fillna(0).tolist())
    assert compared.ours.sum() > 0


def test_dates_are_written_out_up_to_the_moment_of_the_fetch(host: Host, events: ek.Events) -> None:
    found = reconciled(events.trends("search", date_range="-2d"))
    # in London, an hour before UTC: the day two days before the fetch began at 23:00 UTC
    assert found.query["dateRange"] == {
        "date_from": "2026-09-02T23:00:00+00:00",
        "date_to": "2026-09-05T11:59:59.999999+00:00",
        "explicitDate": True,
    }
    assert found.figures[["series", "at", "ours", "posthog"]].values.tolist()[-1] == ["search", "2026-09-05", 13.0, 13.0]


def test_periods_of_retention_that_were_not_over_are_not_compared(host: Host, events: ek.Events) -> None:
    found = reconciled(events.retention("search", "search", period="day", total_intervals=3))
    open_cells = found.figures[found.figures.agrees.isna()]
    assert {"Day 2 + 2", "Day 3 + 1", "Day 4 + 0"} <= set(open_cells["at"]) and "Day 1 + 2" not in set(open_cells["at"])
    assert "not over when the events were fetched" in found.summary


def test_late_events_are_told_by_their_names(host: Host, events: ek.Events) -> None:
    host.con.execute(f"INSERT INTO events SELECT 'late-' || uuid, event, 'user-1', properties, timestamp, now(), '', person_id FROM events WHERE event = 'search' AND timestamp < '{START + dt.timedelta(days=1)}'")  # fmt: skip
    found = reconciled(events.trends("search"))
    # a quarter of the 96 events of the first day in UTC; the day in London ends an hour before, so its last one is the next day's
    assert found.differing[["series", "at", "ours", "posthog", "difference"]].values.tolist() == [
        ["search", "2026-09-01", 23.0, 46.0, -23.0],
        ["search", "2026-09-02", 24.0, 25.0, -1.0],
    ]
    assert [cause.partition(":")[0] for cause in found.causes] == ["Late events"]
    assert "24 events of these dates that are not here ('search' 24)" in found.causes[0] and "2026-09-05 12:00 UTC" in found.causes[0]


def test_deleted_events_are_told(host: Host, events: ek.Events) -> None:
    host.con.execute("DELETE FROM events WHERE event = 'search'")
    found = reconciled(events.trends("search"))
    assert "108 events of these dates are here that PostHog no longer has ('search' 108)" in found.causes[0]


def test_merges_since_the_fetch_are_told(host: Host, events: ek.Events) -> None:
    host.con.execute("UPDATE person_distinct_ids SET person_id = 'person-5' WHERE person_id IN ('person-1', 'person-3')")
    found = reconciled(events.trends(ek.Series("search", math="dau")))
    assert not found.agrees
    assert [cause for cause in found.causes if cause.startswith("Merges")] == ["Merges: PostHog has 19 persons with 41 distinct ids now, here are 21 with 41: persons came, were merged or deleted since the fetch. Fetch again: ek.from_posthog(...) or `evkit pull`."]  # fmt: skip


def test_another_time_zone_and_other_test_accounts_are_told(host: Host, events: ek.Events) -> None:
    insight = events.insights["Without tests"]
    host.settings |= {
        "timezone": "America/New_York",
        "test_account_filters": [{"key": "$current_url", "value": "/7", "operator": "not_icontains", "type": "event"}],
    }
    found = reconciled(insight)
    assert not found.agrees
    kinds = [cause.partition(":")[0] for cause in found.causes]
    assert kinds.count("Time zone") == 2 and kinds.count("Test accounts") == 1
    assert "from Europe/London to America/New_York" in found.causes[0]


def test_a_saved_insight_is_asked_as_it_was_saved_and_sampling_is_told(host: Host, events: ek.Events) -> None:
    with pytest.warns(SamplingWarning):
        insight = events.insights["Sampled"]
        host.con.execute("DELETE FROM events WHERE event = 'search' AND uuid < '0199aa10-0000-7000-8000-000000000180'")
        found = reconciled(insight)
    assert found.query["samplingFactor"] == 0.5
    assert any(cause.startswith("Sampling: PostHog estimates these figures from 50%") for cause in found.causes)


def test_a_changed_action_and_a_cohort_are_told(host: Host, events: ek.Events) -> None:
    signed_up, pros = events.insights["Signed up"], events.insights["Pros"]
    assert reconciled(signed_up).agrees and reconciled(pros).agrees
    host.lists["actions"][0]["steps"] = [{"event": "nothing"}]
    host.lists["cohorts"][0]["filters"] = {
        "properties": {"type": "AND", "values": [{"type": "person", "key": "plan", "value": "free", "operator": "exact"}]}
    }
    assert [cause for cause in reconciled(signed_up).causes if cause.startswith("Definitions")] == ["Definitions: the action 'Signed up' is not as it was fetched. Fetch again: ek.from_posthog(...) or `evkit pull`."]  # fmt: skip
    assert any("the cohort 'pros' is not as it was fetched" in cause for cause in reconciled(pros).causes)


def test_events_from_before_the_fetch_matter_to_first_times(host: Host, events: ek.Events) -> None:
    host.con.execute(f"INSERT INTO events SELECT 'old-' || uuid, event, distinct_id, properties, timestamp - INTERVAL 40 DAY, created_at, '', person_id FROM events WHERE event = 'search' AND timestamp < '{START + dt.timedelta(days=2)}'")  # fmt: skip
    found = reconciled(events.trends(ek.Series("search", math="first_time_for_user")))
    assert not found.agrees
    assert any(cause.startswith("Earlier events: ") and "PostHog has 48 events from before 2026-09-01" in cause for cause in found.causes)


def test_what_the_key_may_not_look_at_is_told(host: Host, events: ek.Events) -> None:
    host.con.execute("DELETE FROM events WHERE event = 'search'")
    host.scopes = set(SCOPES) - {"project:read"}
    found = reconciled(events.trends("search"))
    assert any("project:read" in cause and "settings could not be looked at" in cause for cause in found.causes)


def test_without_a_cause_that_is_said(host: Host, events: ek.Events) -> None:
    host.con.execute("UPDATE events SET distinct_id = 'user-2'")
    found = reconciled(events.trends(ek.Series("search", math="dau")))
    assert found.causes == (NOTHING_FOUND,)


def test_wrong_keys_and_events_of_no_project_are_told(host: Host, events: ek.Events) -> None:
    with pytest.raises(KeyRefused):
        ek.reconcile(events.trends("search"), api_key="phx_wrong")
    with pytest.raises(SpecError, match="is no Insight"):
        ek.reconcile("search")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="fetched from no PostHog project"):
        ek.reconcile(ek.load_sample().trends("movie_played"))


def test_it_is_shown_with_what_differs_and_why(host: Host, events: ek.Events) -> None:
    same = reconciled(events.trends("search"))
    assert repr(same).endswith("5 of 5 figures agree with PostHog's>") and "<table" not in same._repr_html_().partition("figures")[2]
    bad = "<img src=x onerror=alert(1)>"
    host.con.execute(
        f"INSERT INTO events SELECT 'bad-' || uuid, event, distinct_id, '{{\"$current_url\": \"{bad}\"}}', timestamp, created_at, '', person_id FROM events WHERE event = 'search' LIMIT 9"
    )
    html = reconciled(events.trends("search", breakdown="$current_url"))._repr_html_()
    assert "&lt;img src=x" in html
    assert "Figures that differ" in html and "Late events" in html and "<img" not in html


# ---------------------------------------------------------------------- answers as PostHog writes them
def test_answers_of_other_shapes_are_read_alike() -> None:
    trend = {"data": [1, 2], "days": ["2026-09-01", "2026-09-02"], "action": {"order": 0}, "breakdown_value": ["pro"]}
    assert figures("TrendsQuery", {"results": [trend]}) == {
        Key("0", "pro", "2026-09-01", "value"): 1.0,
        Key("0", "pro", "2026-09-02", "value"): 2.0,
    }
    formulas = [
        {"data": [1], "days": ["d"], "action": None, "label": "Formula (A/B)"},
        {"data": [2], "days": ["d"], "action": None, "label": "x"},
    ]
    assert figures("TrendsQuery", {"results": formulas}) == {
        Key("formula 0", "", "d", "value"): 1.0,
        Key("formula 1", "", "d", "value"): 2.0,
    }
    assert figures("FunnelsQuery", {"results": []}) == {}
    with pytest.raises(PostHogError, match="unknown shape"):
        figures("FunnelsQuery", {"results": [{"order": 1}]})


def test_a_correlation_is_pinned_in_its_funnel(events: ek.Events) -> None:
    funnel = {
        "kind": "FunnelsQuery",
        "dateRange": {"date_from": "-3d"},
        "series": [{"kind": "EventsNode", "event": "search"}, {"kind": "EventsNode", "event": "movie_played"}],
    }
    query = {
        "kind": "FunnelCorrelationQuery",
        "funnelCorrelationType": "events",
        "source": {"kind": "FunnelsActorsQuery", "source": funnel},
    }
    made = pinned({"kind": "InsightVizNode", "source": query}, events.tables, until=events.tables.settings.now)
    assert made.query["source"]["source"]["dateRange"]["explicitDate"] is True
    assert made.end == dt.datetime(2026, 9, 5, 11, 59, 59, 999999, tzinfo=dt.UTC)


# ---------------------------------------------------------------------- causes that the question doesn't hang on
def kinds_of(found: Reconciliation) -> list[str]:
    return [cause.partition(":")[0] for cause in found.causes]


def test_only_what_the_question_hangs_on_is_told(host: Host, events: ek.Events) -> None:
    host.settings["modifiers"] = {"personsOnEventsMode": "person_id_override_properties_on_events"}
    host.con.execute(
        "INSERT INTO events SELECT 'u-' || uuid, 'unrelated', distinct_id, properties, timestamp, now(), '', person_id FROM events"
    )
    host.con.execute("INSERT INTO person_distinct_ids VALUES ('new', 'person-new')")
    host.con.execute("INSERT INTO persons VALUES ('person-new', '{}', '2026-09-01', true)")
    host.con.execute("DELETE FROM events WHERE event = 'search' AND uuid LIKE '%2'")
    assert kinds_of(reconciled(events.trends("search"))) == ["Deleted events"]
    assert kinds_of(reconciled(events.trends(ek.Series("search", math="dau")))) == ["Deleted events", "Merges"]
    asked = events.filter(ek.person_prop("plan") == "pro").trends("search")
    assert kinds_of(reconciled(asked)) == ["Deleted events", "Merges", "Person properties"]


def test_a_question_that_begins_before_the_fetch_says_so(host: Host, events: ek.Events) -> None:
    host.con.execute(f"INSERT INTO events SELECT 'old-' || uuid, event, distinct_id, properties, timestamp - INTERVAL 10 DAY, created_at, '', person_id FROM events WHERE event = 'search' AND timestamp < '{START + dt.timedelta(days=1)}'")  # fmt: skip
    found = reconciled(events.trends("search", date_range="-30d"))
    assert kinds_of(found) == ["Not fetched"] and "PostHog has 24 events between" in found.causes[0]
    compared = reconciled(events.trends("search", date_range="-4d", compare=True, compare_to="-10d"))
    assert kinds_of(compared) == ["Not fetched"]


def test_deleted_definitions_are_told_and_what_fails_meanwhile_too(host: Host, events: ek.Events) -> None:
    signed_up = events.insights["Signed up"]
    host.con.execute("DELETE FROM events WHERE event = 'user_signed_up'")
    host.lists["actions"][0]["gone"] = True
    assert "Definitions: the action 'Signed up' was deleted in the project." in reconciled(signed_up).causes
    host.trouble = lambda number, method, path: 400 if path.endswith("/projects/7/") else None
    assert any(cause.startswith("The settings could not be looked at: ") for cause in reconciled(signed_up).causes)


def test_dates_of_which_nothing_was_fetched_are_refused(host: Host, events: ek.Events) -> None:
    with pytest.raises(SpecError, match="nothing of these dates was fetched: the question begins at 2026-10-01"):
        reconciled(events.trends("search", date_range=("2026-10-02", "2026-10-03")))


def test_a_stickiness_row_without_an_action_is_told_apart_by_its_place() -> None:
    rows = [{"data": [3], "days": [1], "action": None}, {"data": [2], "days": [1], "action": {"order": 1}}]
    assert figures("StickinessQuery", {"results": rows}) == {
        Key("0", "", "1 intervals", "persons"): 3.0,
        Key("1", "", "1 intervals", "persons"): 2.0,
    }
