"""A project that was fetched is opened with everything that people defined in it, and asked without a network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from evkit import cli
from evkit.errors import DataError, FailedTileWarning, MissingFile, PostHogError, SpecError
from evkit.posthog.pull import keys
from evkit.posthog.pull.opened import bounds
from tests.posthog.host import KEY, START, Host, running

ROWS = 2_000
END = START + dt.timedelta(days=1)
NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
FUNNEL = {
    "kind": "FunnelsQuery", "dateRange": {"date_from": "2026-09-01", "date_to": "2026-09-02"},
    "series": [{"kind": "EventsNode", "event": "$pageview"}, {"kind": "ActionsNode", "id": 3}],
}  # fmt: skip
LISTS: dict[str, list[dict[str, Any]]] = {
    "actions": [
        {"id": 3, "name": "Signed up", "steps": [{"event": "user_signed_up"}]},
        {"id": 4, "name": "Gone", "steps": [{"event": "x"}], "deleted": True},
        {"id": 6, "name": "Odd", "steps": [{"event": "x", "url": "/a", "url_matching": "telepathy"}]},
    ],
    "cohorts": [{"id": 5, "name": "pros", "filters": {"properties": {"type": "AND", "values": [{"type": "person", "key": "plan", "value": "pro", "operator": "exact"}]}}}],
    "insights": [
        {"id": 1, "short_id": "a", "name": "Signup funnel", "query": {"kind": "InsightVizNode", "source": FUNNEL}},
        {"id": 2, "short_id": "b", "name": "SQL", "query": {"kind": "DataVisualizationNode", "source": {"kind": "HogQLQuery", "query": "select 1"}}},
    ],
    "groups_types": [{"group_type": "company", "group_type_index": 0}],
    "property_definitions": [{"name": "n", "property_type": "Numeric"}],
}  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running(tmp_path / "host", rows=ROWS) as made:
        made.lists = LISTS
        yield made


def opened(at: Host, folder: Path, **options: Any) -> tuple[ek.Events, list[str]]:
    said: list[str] = []
    given = {"project_id": 7, "host": at.url, "api_key": KEY, "since": "2026-09-01", "until": "2026-09-02", "folder": folder}
    return ek.from_posthog(**{**given, **options}, say=said.append), said


def test_a_project_is_opened_in_its_own_words(host: Host, tmp_path: Path) -> None:
    host.settings |= {
        "test_account_filters": [{"key": "$current_url", "value": "/7", "operator": "not_icontains", "type": "event"}],
        "path_cleaning_filters": [{"regex": "/\\d+", "alias": "/n"}],
    }
    events, said = opened(host, tmp_path / "posthog")
    settings = events.tables.settings
    assert (settings.timezone, settings.week_start, settings.group_types) == ("Europe/London", "monday", ("company",))
    assert settings.property_types == {("event", "n"): "Numeric"}
    assert settings.path_cleaning_filters == ({"regex": "/\\d+", "alias": "/n"},)
    assert settings.now == dt.datetime(2026, 9, 2, tzinfo=dt.UTC)
    assert events.count() == ROWS
    assert len(events.persons()) == 250 and len(events.groups()) == 5
    assert events.cohort(5).count() == 250
    assert [line.partition(":")[0] for line in said] == ["the action 'Odd' is left out"]


def test_events_before_what_was_asked_for_that_an_export_holds_are_left_out(host: Host, tmp_path: Path) -> None:
    host.con.execute(f"UPDATE events SET timestamp = '{START - dt.timedelta(days=1)}' WHERE uuid IN (SELECT uuid FROM events LIMIT 40)")
    events, _ = opened(host, tmp_path / "posthog")
    assert (events.count(), events.load_report.rejected_count) == (ROWS - 40, 0)


def test_actions_and_saved_insights_are_called_by_their_names(host: Host, tmp_path: Path) -> None:
    events, _ = opened(host, tmp_path / "posthog")
    assert list(events.actions) == ["Signed up"] and events.actions["Signed up"].id == 3
    assert events.trends("Signed up", interval="week").to_pandas().value.sum() == ROWS / 4
    assert list(events.insights) == ["SQL", "Signup funnel"]
    funnel = events.insights["Signup funnel"]
    assert funnel.spec.steps[1].subject == events.actions["Signed up"]
    assert funnel.to_pandas().equals(events.funnel("$pageview", "Signed up", date_range=("2026-09-01", "2026-09-02")).to_pandas())
    with pytest.raises(SpecError, match=r"no saved insight is called 'Sign-up funnel'\. Did you mean 'Signup funnel'\?"):
        events.insights["Sign-up funnel"]
    with pytest.raises(SpecError, match="a query of kind 'DataVisualizationNode' is not answered"):
        events.insights["SQL"]


def test_what_was_fetched_opens_again_without_a_network(host: Host, tmp_path: Path) -> None:
    opened(host, tmp_path / "posthog")
    asked = len(host.asked)
    events, _ = opened(host, tmp_path / "posthog", fetch=False, api_key=None)
    assert (events.count(), len(host.asked)) == (ROWS, asked)
    with pytest.raises(MissingFile, match="there is no project in"):
        opened(host, tmp_path / "elsewhere", fetch=False)


def test_a_fetch_that_has_not_ended_says_so_when_it_is_opened(host: Host, tmp_path: Path) -> None:
    host.con.execute("UPDATE events SET created_at = '2026-10-20' WHERE uuid IN (SELECT uuid FROM events LIMIT 10)")  # in no export
    host.trouble = lambda number, method, path: 400 if path.endswith("/query/") and number > 2 else None
    with pytest.raises(PostHogError):
        opened(host, tmp_path / "posthog")
    host.trouble = lambda number, method, path: None
    events, said = opened(host, tmp_path / "posthog", fetch=False)
    assert (events.count(), said[0]) == (ROWS - 10, "the fetch into this folder has not ended: events are missing. Run it again to go on")
    with pytest.raises(DataError, match=r"holds project 7 of .*, not 8"):
        opened(host, tmp_path / "posthog", fetch=False, project_id=8)


def test_only_events_between_the_dates_are_there_and_the_clock_is_the_last_of_them(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "posthog"
    host.con.execute("UPDATE events SET timestamp = '2027-01-01' WHERE uuid IN (SELECT uuid FROM events ORDER BY timestamp LIMIT 5)")
    events, _ = opened(host, folder)
    assert (events.count(), events.tables.last_event < dt.datetime(2026, 9, 3, tzinfo=dt.UTC)) == (ROWS - 5, True)
    events, _ = opened(host, folder, until="2026-09-01T06:00")  # what is there of the same folder up to then: an event each 20 s
    assert (events.count(), events.tables.now) == (6 * 180 - 5, dt.datetime(2026, 9, 1, 6, tzinfo=dt.UTC))
    events, _ = opened(host, folder, since="2026-09-01T06:00", fetch=False)
    assert (events.count(), events.tables.now) == (ROWS - 6 * 180, dt.datetime(2026, 9, 2, tzinfo=dt.UTC))


def test_events_of_a_deleted_person_are_of_the_person_they_came_with(host: Host, tmp_path: Path) -> None:
    host.con.execute("DELETE FROM person_distinct_ids WHERE person_id IN ('person-3', 'person-4')")
    events, _ = opened(host, tmp_path / "posthog")
    assert events.people() == 250  # two ids a person, also of those who are in no map any more
    assert "of the person_id it came with" in " ".join(events.trends("search").rules)


def test_a_keyring_is_asked_and_one_without_anything_behind_it_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "errors.py").write_text("class KeyringError(Exception): pass")
    body = "from keyring import errors\ndef get_password(service, host):\n    if host != 'https://eu.posthog.com': raise errors.KeyringError\n    return 'phx_kept'\n"
    (tmp_path / "keyring" / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert keys.find(None, "https://eu.posthog.com/", environ={}) == "phx_kept"
    with pytest.raises(SpecError, match="no key"):
        keys.find(None, "https://us.posthog.com", environ={}, can_ask=False)


def test_the_key_is_given_or_of_the_environment_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys.find("phx_1", "https://us.posthog.com", environ={keys.VARIABLE: "phx_2"}) == "phx_1"
    assert keys.find(None, "https://us.posthog.com", environ={keys.VARIABLE: "phx_2"}) == "phx_2"
    asked: list[str] = []
    assert keys.find(None, "https://us.posthog.com", environ={}, can_ask=True, ask=lambda said: asked.append(said) or "phx_3") == "phx_3"
    assert asked == ["Personal API key for https://us.posthog.com (phx_..., it isn't shown): "]
    with pytest.raises(SpecError, match="no key: set POSTHOG_PERSONAL_API_KEY in the environment"):
        keys.find(None, "https://us.posthog.com", environ={}, can_ask=False)


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("-7d", None, ("2026-09-24", "2026-10-01T12:00")),
        ("2026-09-01", "2026-09-02", ("2026-09-01", "2026-09-02")),
        (dt.date(2026, 9, 1), "2026-09-02T10:00+02:00", ("2026-09-01", "2026-09-02T08:00")),
        ("2026-09-01", "2027-01-01", ("2026-09-01", "2026-10-01T12:00")),
    ],
)
def test_what_is_fetched_is_said_in_dates(since: Any, until: Any, found: tuple[str, str]) -> None:
    assert bounds(since, until, NOW) == tuple(dt.datetime.fromisoformat(one) for one in found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"since": "2026-09-02"}, "since '2026-09-02' is not before until '2026-09-02'"),
        ({"since": "last week"}, "since 'last week' can't be read"),
        ({"api_key": "phc_1"}, "this is a project's token"),
        ({"api_key": "phx 1"}, "this is no personal API key"),
        ({"host": "us.posthog.com"}, "is no address such as"),
        ({"host": "http://us.posthog.com"}, "is not encrypted"),
    ],
)
def test_what_is_given_wrongly_is_said_before_anything_is_asked(host: Host, tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        opened(host, tmp_path / "posthog", **given)
    assert host.asked == []


def test_the_command_fetches_into_a_folder(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.VARIABLE, KEY)
    folder = str(tmp_path / "posthog")
    asked = ["pull", "7", "--host", host.url, "--since", "2026-09-01", "--until", "2026-09-02", "--folder", folder]
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == f"{folder}: 2,000 rows of events in 1 file, 500 distinct ids of persons\n"
    host.scopes.clear()
    assert cli.main(asked) == 1
    assert "the key lacks the scope project:read" in capsys.readouterr().err


@pytest.mark.parametrize("given", [None, "Matinee", True, "../7"])
def test_what_is_no_number_of_a_project_is_told(given: Any) -> None:
    with pytest.raises(SpecError, match="is no number: it is in the project's address"):
        ek.from_posthog(project_id=given, api_key=KEY)


def test_insights_of_the_old_form_are_told_and_dashboards_are_asked_here(host: Host, tmp_path: Path) -> None:
    old = {"id": 9, "name": "Old", "query": None, "filters": {"insight": "TRENDS"}}
    trend = {"name": "Searches", "query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "search"}]}}
    tiles = [
        {"id": 1, "insight": trend, "layouts": {"sm": {"x": 0, "y": 5}}},
        {"id": 2, "text": {"body": "Our **week**"}, "layouts": {"sm": {"x": 0, "y": 0}}},
        {"id": 3, "insight": LISTS["insights"][1], "layouts": {"sm": {"x": 6, "y": 5}}},
        {"id": 4, "insight": {**trend, "deleted": True}},
        {"id": 5, "widget": {}, "layouts": {"sm": {"x": 0, "y": 9}}},
    ]
    host.lists = {**LISTS, "insights": [*LISTS["insights"], old], "dashboards": [{"id": 4, "name": "KPIs", "tiles": tiles}]}
    events, said = opened(host, tmp_path / "posthog")
    assert "the insight 'Old' is left out: it was saved in PostHog's old form. Open it there, and save it again" in said
    with pytest.warns(FailedTileWarning) as warned:
        made = ek.Dashboard.saved(events, "KPIs")
    assert [(tile.heading, tile.text) for tile in made.tiles] == [("", "Our **week**"), ("Searches", "")]
    assert [str(w.message).partition(" is left out")[0] for w in warned] == ["SQL", "a tile"]
    assert list(events.dashboards) == ["KPIs"]
    assert made.tiles[1].insight is not None and made.tiles[1].insight.to_pandas().value.sum() > 0
    host.lists["dashboards"] = [{"id": 4, "name": "KPIs", "tiles": [{"insight": old}]}, {"id": 5, "name": "KPIs", "tiles": tiles}]
    host.lists["insights"] = [*LISTS["insights"], {**LISTS["insights"][0], "short_id": "again"}]
    events, _ = opened(host, tmp_path / "posthog")
    assert list(events.dashboards) == ["KPIs", "KPIs (5)"] and "Signup funnel (again)" in events.insights
    with (
        pytest.warns(FailedTileWarning, match="Old is left out: it was saved in PostHog's old form"),
        pytest.raises(SpecError, match="nothing on the dashboard 'KPIs' is answered here"),
    ):
        ek.Dashboard.saved(events, "KPIs")
    with pytest.raises(SpecError, match=r"no dashboard is called 'KPI'. Did you mean 'KPIs'"):
        ek.Dashboard.saved(events, "KPI")
