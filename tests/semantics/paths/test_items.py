"""Section 4.1: which events are items, and what they are called."""

from __future__ import annotations

import pytest

from tests.semantics.paths.asking import ALL, edges, events, rows, way

LOG = "a /a/@0 ~s/@1m buy@2m $identify@3m"


# ---------------------------------------------------------------------- the range
def test_the_start_is_cut_to_midnight_and_the_end_is_the_end_of_its_day() -> None:
    log = "a x@1d1h y@1d1h1m; b x@2d23h58m y@2d23h59m59.999999; c x@-1m y@-0; d x@3d y@3d1"
    days = {"date_from": "2020-01-02 15:00:00", "date_to": "2020-01-03 01:00:00"}
    assert edges(log, days=days) == ["1_x 2_y x2"]
    assert edges(log, days={**days, "explicitDate": True}) == []


def test_days_begin_at_midnight_of_the_project() -> None:
    log = "a x@0 y@1m; b x@6h y@6h1m"  # 19:00 of the day before in New York, and 01:00
    assert edges(log, days={"date_from": "2020-01-01", "date_to": "2020-01-01"}, settings={"timezone": "America/New_York"}) == ["1_x 2_y"]


def test_without_a_range_the_last_seven_days_are_asked_about() -> None:
    assert edges("a x@3d23h y@3d23h1m; b x@4d y@4d1m", days=None) == ["1_x 2_y"]


def test_a_range_that_ends_before_it_starts_has_no_paths() -> None:
    assert edges("a x@0 y@1m", days={"date_from": "2020-01-05", "date_to": "2020-01-01"}) == []
    assert edges("a x@0 y@1m", days={"date_from": "2020-02-01"}) == []


# ---------------------------------------------------------------------- event types
@pytest.mark.parametrize(
    ("types", "items"),
    [
        ([], "/a s/ buy $identify"),
        (None, "/a s/ buy $identify"),
        (["$pageview", "$screen"], "/a s/"),
        (["$screen", "custom_event"], "s/ buy"),
        (["$pageview", "custom_event"], "/a buy"),
        (ALL, "/a s/ buy"),
    ],
)
def test_types_of_events_are_joined_by_or_and_none_is_all(types: list[str] | None, items: str) -> None:
    assert way(LOG, includeEventTypes=types) == items


def test_an_event_beginning_with_a_dollar_is_no_custom_event() -> None:
    assert way("a x@0 $y@1m z@2m", includeEventTypes=["custom_event"]) == "x z"


def test_hogql_alone_leaves_out_no_event_and_names_the_others() -> None:
    log = "a /a@0[p=one] ~s@1m[p=two] buy@2m[p=three] $x@3m"
    assert way(log + " end@4m[p=last]", includeEventTypes=["hogql"], pathsHogQLExpression="properties.p") == "one two three  last"
    assert way(log, includeEventTypes=["hogql", "$pageview"], pathsHogQLExpression="properties.p") == ""  # one page is no path
    assert way(log, includeEventTypes=["hogql", *ALL], pathsHogQLExpression="properties.p") == "/a s three"
    assert way(log, includeEventTypes=["hogql"]) == "$pageview $screen buy $x"


def test_an_expression_names_the_others_where_all_events_are_asked_for() -> None:
    log = "a /a@0 buy@1m[p=three] ~s@2m"
    assert way(log, pathsHogQLExpression="properties.p") == "/a three s"
    assert way(log, pathsHogQLExpression="properties.p", excludeEvents=["hogql"]) == "/a buy s"
    assert way(log, pathsHogQLExpression="properties.p", includeEventTypes=ALL) == "/a buy s"


def test_an_expression_may_name_a_column_or_a_property_of_the_person() -> None:
    log = events("a buy@0 /a@1m")
    log[0]["properties"]["$set"] = {"plan": "pro"}
    assert edges(log, pathsHogQLExpression="distinct_id") == ["1_a 2_/a"]
    assert edges(log, pathsHogQLExpression="person.properties.plan") == ["1_pro 2_/a"]


# ---------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("url", "item"), [("/a/", "/a"), ("/a//", "/a/"), ("/", "/"), ("//", "/"), ("/a", "/a"), ("/ü/", "/ü"), ("url=", "")]
)
def test_one_slash_at_the_end_of_an_address_goes_unless_it_is_all(url: str, item: str) -> None:
    assert way(f"a x@0 {url}@1m y@2m") == f"x {item} y"


def test_a_screen_keeps_its_slash() -> None:
    assert way("a ~s/@0 ~/@1m", includeEventTypes=["$screen"]) == "s/ /"


def test_a_missing_name_is_the_empty_text() -> None:
    assert edges("a x@0 $pageview@1m y@2m") == ["1_x 2_", "2_ 3_y"]
    assert edges("a x@0 $screen@1m y@2m") == ["1_x 2_", "2_ 3_y"]


# ---------------------------------------------------------------------- cleaning
RULES = {"path_cleaning_filters": [{"regex": "/m/[0-9]+", "alias": "/m/:id"}, {"regex": ":id$", "alias": "X"}]}


def test_the_project_cleans_only_where_it_is_asked_to_and_rule_after_rule() -> None:
    log = "a /m/1@0 /m/2/e@1m"
    assert way(log, settings=RULES) == "/m/1 /m/2/e"
    assert way(log, settings=RULES, pathReplacements=False) == "/m/1 /m/2/e"
    assert way(log, settings=RULES, pathReplacements=True) == "/m/X /m/:id/e"


def test_rules_of_the_question_come_after_those_of_the_project_and_need_no_permission() -> None:
    local = [{"regex": "X", "alias": "Y"}, {"regex": "/e", "alias": ""}]
    assert way("a /m/1@0 /m/2/e@1m", settings=RULES, pathReplacements=True, localPathCleaningFilters=local) == "/m/Y /m/:id"
    assert way("a /m/X@0 /m/2/e@1m", settings=RULES, localPathCleaningFilters=local) == "/m/Y /m/2"


def test_all_matches_are_replaced_and_groups_can_be_put_in() -> None:
    assert way("a /1/a/22@0 x@1m", localPathCleaningFilters=[{"regex": "[0-9]+", "alias": "n"}]) == "/n/a/n x"
    assert way("a /ab/12@0 x@1m", localPathCleaningFilters=[{"regex": "/([a-z]+)/([0-9]+)", "alias": r"\2-\1:\0"}]) == "12-ab:/ab/12 x"
    assert way("a /1@0 x@1m", localPathCleaningFilters=[{"regex": "1", "alias": r"a\\b\c$1&"}]) == r"/a\b\c$1& x"


def test_the_expressions_are_those_of_re2() -> None:
    assert way("a url=/A1@0 x@1m", localPathCleaningFilters=[{"regex": "(?i)/a[[:digit:]]", "alias": "z"}]) == "z x"
    newline = events("a x@0 /a@1m")
    newline[1]["properties"]["$current_url"] = "/a\nb"
    assert edges(newline, localPathCleaningFilters=[{"regex": "/a.b", "alias": "z"}]) == ["1_x 2_z"]


def test_items_made_equal_by_cleaning_are_one() -> None:
    assert edges("a /m/1@0 /m/2@1m y@2m", localPathCleaningFilters=[{"regex": "[0-9]", "alias": ""}]) == ["1_/m/ 2_y"]


# ---------------------------------------------------------------------- groupings
@pytest.mark.parametrize(
    ("item", "grouping", "found"),
    [
        ("/bar/1/foo", "/bar/*/foo", "/bar/*/foo"),
        ("/x/bar/1/2/foo/y", "/bar/*/foo", "/bar/*/foo"),  # anywhere
        ("/bar//foo", "/bar/*/foo", "/bar/*/foo"),  # any text, none too
        ("/bar/foo", "/bar/*/foo", "/bar/foo"),
        ("/a+", "a+", "a+"),  # nothing but * is special
        ("/aaa", "a+", "/aaa"),
        ("/a.c", "a.c", "a.c"),
        ("/abc", "a.c", "/abc"),
        ("/a_c", "a%c", "/a_c"),
        ("/A", "/a", "/A"),
    ],
)
def test_an_item_in_which_a_grouping_is_found_becomes_it(item: str, grouping: str, found: str) -> None:
    assert way(f"a x@0 {item}@1m", pathGroupings=[grouping]) == f"x {found}"


def test_of_several_groupings_the_last_listed_counts() -> None:
    assert way("a x@0 /a/b@1m", pathGroupings=["/a/*", "*b"]) == "x *b"
    assert way("a x@0 /a/b@1m", pathGroupings=["*b", "/a/*"]) == "x /a/*"


def test_groupings_look_at_the_cleaned_item() -> None:
    cleaning = [{"regex": "[0-9]+", "alias": "n"}]
    assert way("a x@0 /12@1m", localPathCleaningFilters=cleaning, pathGroupings=["/1*", "/n*"]) == "x /n*"


def test_events_other_than_pages_are_grouped_too() -> None:
    assert way("a buy_1@0 x@1m buy_2@2m", pathGroupings=["buy_*"]) == "buy_* x buy_*"


# ---------------------------------------------------------------------- exclusions
def test_exclusions_are_compared_with_the_final_item() -> None:
    log = "a x@0 /m/1@1m y@2m"
    assert way(log, includeEventTypes=ALL, excludeEvents=["/m/1"]) == "x y"
    assert way(log, includeEventTypes=ALL, excludeEvents=["/m/1"], pathGroupings=["/m/*"]) == "x /m/* y"
    assert way(log, includeEventTypes=ALL, excludeEvents=["/m/*"], pathGroupings=["/m/*"]) == "x y"
    assert way(log, includeEventTypes=ALL, excludeEvents=["$pageview"]) == "x /m/1 y"
    assert way("a x@0 $pageview@1m y@2m", includeEventTypes=ALL, excludeEvents=[""]) == "x y"


def test_hogql_alone_is_a_type_for_exclusions() -> None:
    assert way("a x@0 y@1m z@2m", includeEventTypes=["hogql"], excludeEvents=["y"]) == "x z"


def test_without_types_of_events_exclusions_only_switch_off_addresses_and_screens() -> None:
    log = "a /a@0 ~s@1m y@2m"
    assert way(log, excludeEvents=["/a", "y"]) == "/a s y"
    assert way(log, excludeEvents=["$pageview"]) == "$pageview s y"
    assert way(log, excludeEvents=["$screen", "y"]) == "/a $screen y"


def test_what_is_left_out_makes_its_neighbours_adjacent_and_bridges_times() -> None:
    log = "a x@0 y@29m z@58m"  # x to z is more than 30 minutes, so a session ends there
    assert edges(log, includeEventTypes=ALL, excludeEvents=["y"]) == []
    assert edges("a x@0 y@1m x@2m z@3m", includeEventTypes=ALL, excludeEvents=["y"]) == ["1_x 2_z"]
    assert [r["average_conversion_time"] for r in rows("a x@0 y@1m z@3m", includeEventTypes=ALL, excludeEvents=["y"])] == [180_000]


# ---------------------------------------------------------------------- filters
def test_filters_and_test_accounts_come_first() -> None:
    log = "a x@0[k=1] y@1m z@2m[k=1]"
    chrome = [{"key": "k", "value": "1", "type": "event"}]
    assert way(log, properties=chrome) == "x z"
    assert way(log, filterTestAccounts=True, settings={"test_account_filters": chrome}) == "x z"
    assert way(log, settings={"test_account_filters": chrome}) == "x y z"


def test_an_absent_property_passes_a_negative_operator() -> None:
    assert way("a x@0 y@1m[k=bad] z@2m", properties=[{"key": "k", "value": "bad", "operator": "not_icontains"}]) == "x z"


def test_paths_are_those_of_persons_whatever_a_group_type_says() -> None:
    assert edges("a x@0 y@1m", aggregation_group_type_index=0) == ["1_x 2_y"]
