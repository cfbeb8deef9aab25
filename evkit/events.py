"""Events: the object people chain questions on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit import markup, vocabulary
from evkit.dates import DateRange, Dates, Interval
from evkit.errors import DataError, SpecError
from evkit.insights.correlation.spec import CorrelationType, FunnelCorrelation
from evkit.insights.funnel.spec import Attribution, Exclusion, Funnel, OrderType, VizType
from evkit.insights.insight import Insight
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.paths.spec import Cleaning, EventType, FunnelPathType, Paths
from evkit.insights.question import Question
from evkit.insights.retention.spec import AggregationType, MeanCalculation, Period, Retention, RetentionType, TimeWindowMode
from evkit.insights.retention.spec import Display as RetentionDisplay
from evkit.insights.stickiness.spec import Criteria, Stickiness
from evkit.insights.trends.formula import Formula
from evkit.insights.trends.spec import Breakdown, Display, Trends
from evkit.load.report import LoadReport
from evkit.model import journeys
from evkit.model.tables import Cache, EventTables
from evkit.query.behaviour import Condition
from evkit.query.cohorts import check as check_cohort
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, in_words
from evkit.query.relation import cohort_of
from evkit.query.spec import Action, Cohort, Series
from evkit.subjects import Group, Person
from evkit.suggestions import DEFAULT_LIMIT, DEFAULT_MIN_EVENTS, DEFAULT_QUIET_AFTER
from evkit.vocabulary import Vocabulary

if TYPE_CHECKING:
    from evkit.membership import Membership
    from evkit.quality import Quality
    from evkit.suggestions.captured import Captured

Week = Literal["sunday", "monday"]
Subject = str | Action | Series
Filter = PropertyFilter | FilterGroup
UNNAMED = ""
"""The id of a cohort that is asked for without a name: none that is named has it."""


class Events:
    """Events, the persons and groups in them, and the settings that questions are asked under.

    Made by `ek.read`, `ek.from_frame`, `ek.from_ibis`, `ek.open_store`, `ek.from_posthog` or `ek.load_sample`. Verbs (`filter`, `between`, `with_actions`)
    give a new Events; nouns (`trends`, `funnel`, `retention`, `paths`) give an `Insight`. Its repr runs no query.

    Parameters
    ----------
    tables
        The tables and the project's settings.
    filters
        What every question asked of this object is restricted to.
    date_range
        The range of questions that give none.
    """

    def __init__(self, tables: EventTables, *, filters: FilterGroup | None = None, date_range: DateRange | None = None) -> None:
        self.tables = tables
        self._filters = filters
        self._date_range = date_range

    # ------------------------------------------------------------------ looking
    @property
    def _persons_in_words(self) -> str:
        if self.tables.persons is not None:
            return "as given"
        return "as the events say" if self.tables.identity == "given" else "rebuilt from the events"

    def __repr__(self) -> str:
        settings = self.tables.settings
        known = self.tables.cache
        counted = f"{known.get('count', lambda: 0):,} events" if known.knows("count") else "events not counted yet"
        asked = [] if self._filters is None else [f"questions only of events with {in_words(self._filters)}"]
        asked += [] if self._date_range is None else [f"questions {self._date_range.in_words}"]
        about = [counted, settings.timezone, f"week starts on {settings.week_start}", f"persons {self._persons_in_words}", *asked]
        return f"<Events: {', '.join(about)}>"

    def _repr_html_(self) -> str:
        settings, known = self.tables.settings, self.tables.cache
        pairs: list[tuple[str, object]] = [
            ("events", f"{known.get('count', lambda: 0):,}" if known.knows("count") else "not counted yet: .count()"),
            ("time zone", settings.timezone),
            ("week starts on", settings.week_start),
            ("persons", self._persons_in_words),
        ]
        pairs += [("actions", ", ".join(str(a.name) for a in settings.actions.values()))] if settings.actions else []
        pairs += [("questions only of", in_words(self._filters))] if self._filters is not None else []
        pairs += [("questions", self._date_range.in_words)] if self._date_range is not None else []
        return markup.card(
            "Events", pairs, "Ask with .trends(...), .funnel(...) or .retention(...), or build a question by hand with ek.explore(events)."
        )

    def head(self, n: int = 5) -> pd.DataFrame:
        """Give `n` events, the earliest first: uuid, event, distinct_id, timestamp (UTC), person_id, properties, elements_chain."""
        log = self.tables.log().order_by(["timestamp", "uuid"]).limit(n)
        return self.tables.execute(log[["uuid", "event", "distinct_id", "timestamp", "person_id", "properties", "elements_chain"]])

    def to_pandas(self) -> pd.DataFrame:
        """Give all events, in order of arrival: the columns of `head`, a row an event."""
        log = self.tables.log().order_by(["arrival", "uuid"])
        return self.tables.execute(log[["uuid", "event", "distinct_id", "timestamp", "person_id", "properties", "elements_chain"]])

    def refresh(self) -> Events:
        """Give the events of the same store as they are now, with the same actions, filters and settings.

        Raises
        ------
        DataError
            When the events come from elsewhere than a store.
        """
        from evkit.load.stored import StoreSource

        source = self.tables.source
        if not isinstance(source, StoreSource) or self.tables.con is None:
            raise DataError(
                "these events don't come from a store: files and tables are read once. Call ek.read(...) or ek.from_frame(...) again"
            )
        newest = StoreSource(self.tables.con, source.folder)
        tables = (
            replace(self.tables, source=newest, cache=Cache(), fingerprint=newest.fingerprint)
            if newest.is_newer_than(source)
            else self.tables
        )
        return Events(tables, filters=self._filters, date_range=self._date_range)

    # ------------------------------------------------------------------ journeys
    def prepare(self, *actors: str) -> Events:
        """Sort every actor's events once and keep them so: questions about people are answered many times faster from then on.

        Without it that is done by itself with the second question about large data. The index lies in the cache folder (`cache_info`
        says where) for data that is read from files, and goes with the process for frames and tables. Of a store that grew, and of
        Parquet files that others joined, only what came since is sorted.

        Parameters
        ----------
        *actors
            Whose journeys: "person" (without any), "distinct_id", "session", or the name of a group type.

        Returns
        -------
        Events
            These.

        Raises
        ------
        SpecError
            An unknown word; or the events lie in another engine than DuckDB.

        Warns
        -----
        CacheWarning
            When the index can't be written; figures are the same without it.

        Examples
        --------
        >>> import evkit as ek, pandas as pd
        >>> frame = pd.DataFrame({"event": ["buy"], "distinct_id": ["ann"], "timestamp": ["2026-01-01"]})
        >>> ek.from_frame(frame).prepare().cache_info()[["actor", "events", "actors"]].values.tolist()
        [['distinct_id', 1, 1], ['person', 1, 1]]
        """
        return Events(journeys.prepared(self.tables, actors or ("person",)), filters=self._filters, date_range=self._date_range)

    def cache_info(self) -> pd.DataFrame:
        """Give the indexes that are kept, of these events and of others, those used last first.

        Returns
        -------
        pandas.DataFrame
            actor (whose journeys: "person", "group-0" ...), events, actors, columns (that were added to it), megabytes, used (UTC), mine
            (whether it is of these events), folder (None for one in memory); a row an index.
        """
        return journeys.info(self.tables)

    def clear_cache(self, *, everything: bool = False) -> None:
        """Remove the indexes of these events, from memory and from the cache folder.

        Parameters
        ----------
        everything
            Those of all other data as well.
        """
        journeys.clear(self.tables, everything=everything)

    def count(self) -> int:
        """Count the events, each uuid once: all of them, whatever `filter` and `between` restrict questions to."""
        return self.tables.count

    @property
    def names(self) -> Vocabulary[str]:
        """The event names, completed with Tab: ``events.names["movie_played"]``; a wrong one says the nearest."""
        return vocabulary.event_names(self.tables)

    @property
    def properties(self) -> Vocabulary[PropertyRef]:
        """The properties, completed with Tab: ``events.properties["plan"] == "pro"``; of persons where events don't have it."""
        return vocabulary.properties(self.tables)

    def event_names(self) -> pd.DataFrame:
        """Give the event names: event, events (how many), first_seen, last_seen (UTC); most frequent first."""
        e = self.tables.clean()
        names = e.group_by("event").agg(events=e.count(), first_seen=e.timestamp.min(), last_seen=e.timestamp.max())
        return self.tables.execute(names.order_by([names.events.desc(), names.event]))

    def property_names(self, event: str | None = None) -> pd.DataFrame:
        """Give the property names of an event, or of all: property, events (how many have it); most frequent first."""
        from evkit.properties import keys

        e = self.tables.clean()
        if event is not None:
            e = e.filter(e.event == event)
        names = e.select(property=keys(e.properties, dialect=self.tables.dialect).unnest())
        counted = names.group_by("property").agg(events=names.count())
        return self.tables.execute(counted.order_by([counted.events.desc(), counted.property]))

    def distinct_ids(self) -> int:
        """Count the distinct ids, before any merging."""
        clean = self.tables.clean()
        return int(self.tables.execute(clean.select("distinct_id").distinct().count().name("n").as_table()).n[0])

    def people(self) -> int:
        """Count the people behind the events, after merging; who has no person profile is one by the distinct id."""
        return int(self.tables.execute(self.tables.log().select("person_id").distinct().count().name("n").as_table()).n[0])

    def first_times(self, names: str | Sequence[str]) -> pd.DataFrame:
        """Give when people do events first: event, persons (how many do it), median_place (among `names`, from 1)."""
        log = self.tables.log()
        first = (
            log.filter(log.event.isin([names] if isinstance(names, str) else list(names)))
            .group_by(["person_id", "event"])
            .agg(t=log.t.min())
        )
        place = ibis.row_number().over(group_by=first.person_id, order_by=[first.t, first.event]) + 1
        placed = first.mutate(place=place)
        found = placed.group_by("event").agg(persons=placed.count(), median_place=placed.place.median())
        return self.tables.execute(found.order_by(["median_place", "event"]))

    def suggested_funnel(self) -> tuple[str, ...]:
        """Suggest the steps of a funnel: frequent events (PostHog's own only where there are few others), in the order in which most people do them first."""
        return vocabulary.suggested_funnel(self.event_names().event.tolist(), self.first_times)

    def to_ibis(self) -> ir.Table:
        """Give the events with their persons as an ibis table, a row an event."""
        return self.tables.log()

    def save(self, path: str | Path) -> None:
        """Write the events, all of them, to one Parquet file that `ek.read` reads back.

        Raises
        ------
        DataError
            When the file's ending is not .parquet, or there is no such folder.
        """
        file = Path(path)
        if file.suffix != ".parquet":
            raise DataError(f"{str(file)!r} does not end in .parquet, and Parquet is what is written: name it {file.stem + '.parquet'!r}")
        if not file.parent.is_dir():
            raise DataError(f"there is no folder {str(file.parent)!r} to write {file.name!r} into")
        self.tables.clean().to_parquet(str(file))

    def quality(self, *, date_range: Dates = None, compare_to: str | None = None, late_after: str = "1 hour") -> Quality:
        """Look at the events themselves: by day, new and vanished, without a person, late, sent twice.

        Parameters
        ----------
        date_range
            The period; None is that of `between`, else the whole data.
        compare_to
            What is new and what vanished is told against the period so much earlier, such as "-1w"; None: the one directly before.
        late_after
            An event is late when it arrived more than this after it happened.
        """
        from evkit.quality import Quality

        return Quality(self.tables, date_range=date_range or self._date_range, compare_to=compare_to, late_after=late_after)

    @property
    def load_report(self) -> LoadReport:
        """What reading found: events, duplicates, rows set aside. Runs the checking pass, once."""
        rejects = getattr(self.tables.source, "rejects", None)
        count, duplicates = self.count(), self.tables.duplicates
        rows = rejects.frame() if rejects is not None else pd.DataFrame(columns=["file", "line", "reason", "text"])
        reasons = dict(rejects.reasons.most_common()) if rejects is not None else {}
        return LoadReport(count, duplicates, rows, rejects.count if rejects else 0, reasons)

    # ------------------------------------------------------------------ verbs
    def filter(self, *filters: Filter) -> Events:
        """Restrict the questions asked afterwards to events that pass all `filters`.

        Identity, first-time figures and look-backs still see every event, and so do `count`, `head`, `persons` and `save`.
        """
        both = FilterGroup("AND", filters) if self._filters is None else self._filters.and_(FilterGroup("AND", filters))
        return Events(self.tables, filters=both, date_range=self._date_range)

    def between(self, start: str, end: str) -> Events:
        """Set the range of the questions asked afterwards: from `start` up to, not including, `end`, in the project's zone.

        A question's own `date_range=("2026-01-01", "2026-01-31")` has both days inside, as in PostHog.
        """
        return Events(self.tables, filters=self._filters, date_range=DateRange.half_open(start, end))

    def with_actions(self, *actions: Action) -> Events:
        """Name actions, so that questions can use their names."""
        known: dict[int | str, Action] = {**self.tables.settings.actions, **{a.name: a for a in actions}}
        cohorts = {key: cohort.with_actions(known) for key, cohort in self.tables.settings.cohorts.items()}
        tables = self.tables.with_settings(replace(self.tables.settings, actions=known, cohorts=cohorts))
        return Events(tables, filters=self._filters, date_range=self._date_range)

    def with_cohorts(self, *cohorts: Cohort) -> Events:
        """Name cohorts, so that filters (`ek.in_cohort`) and breakdowns (`ek.cohorts`) can use their ids.

        Raises
        ------
        SpecError
            For one that is defined by itself, by an unknown one, or only by what its members are not.
        """
        actions = self.tables.settings.actions
        known: dict[int | str, Cohort] = {**self.tables.settings.cohorts, **{c.id: c.with_actions(actions) for c in cohorts}}
        for cohort in cohorts:
            check_cohort(cohort, known, strict=True)
        tables = self.tables.with_settings(replace(self.tables.settings, cohorts=known))
        return Events(tables, filters=self._filters, date_range=self._date_range)

    # ------------------------------------------------------------------ questions
    def ask(self, spec: Any) -> Insight:
        """Ask a question given as plain data: ``events.ask(ek.Funnel("$pageview", "movie_played"))``."""
        if not isinstance(spec, Question):
            raise SpecError(f"{spec!r} is no question: write events.ask(ek.Funnel('$pageview', 'signed_up')), or ek.Trends(...)")
        return Insight(spec.asked_of(self._filters, self._date_range), self.tables)

    def trends(
        self,
        *series: Subject,
        interval: Interval = "day",
        date_range: Dates = None,
        filters: Filter | None = None,
        breakdown: Breakdown = None,
        breakdown_limit: int = 25,
        breakdown_hide_other: bool = False,
        breakdown_path_cleaning: bool = False,
        compare: bool = False,
        compare_to: str | None = None,
        display: Display = "ActionsLineGraph",
        formulas: str | Formula | tuple[str | Formula, ...] = (),
        smoothing_intervals: int = 1,
    ) -> Insight:
        """Ask how often things happen over time: see `Trends` for the parameters and the columns of the figures.

        What is counted is said of each series: ``ek.series("movie_played", math="dau")``.
        """
        return self.ask(
            Trends(
                *self._subjects(series),
                interval=interval,
                date_range=date_range,
                filters=filters,
                breakdown=breakdown,
                breakdown_limit=breakdown_limit,
                breakdown_hide_other=breakdown_hide_other,
                breakdown_path_cleaning=breakdown_path_cleaning,
                compare=compare,
                compare_to=compare_to,
                display=display,
                formulas=formulas,
                smoothing_intervals=smoothing_intervals,
            )
        )

    def funnel(
        self,
        *steps: Subject,
        window: str = "14 days",
        order_type: OrderType = "ordered",
        viz_type: VizType = "steps",
        exclusions: tuple[Exclusion, ...] = (),
        breakdown: Breakdown = None,
        breakdown_limit: int = 25,
        breakdown_attribution: Attribution = "first_touch",
        breakdown_attribution_step: int | None = None,
        breakdown_path_cleaning: bool = False,
        group_type: str | None = None,
        group_type_index: int | None = None,
        aggregate_by: str | PropertyRef | None = None,
        interval: Interval = "day",
        from_step: int | None = None,
        to_step: int | None = None,
        bin_count: int | None = None,
        filters: Filter | None = None,
        date_range: Dates = None,
    ) -> Insight:
        """Ask how many get through a sequence of steps: see `Funnel` for the parameters and the columns of the figures."""
        return self.ask(
            Funnel(
                *self._subjects(steps),
                window=window,
                order_type=order_type,
                viz_type=viz_type,
                exclusions=exclusions,
                breakdown=breakdown,
                breakdown_limit=breakdown_limit,
                breakdown_attribution=breakdown_attribution,
                breakdown_attribution_step=breakdown_attribution_step,
                breakdown_path_cleaning=breakdown_path_cleaning,
                group_type=group_type,
                group_type_index=group_type_index,
                aggregate_by=aggregate_by,
                interval=interval,
                from_step=from_step,
                to_step=to_step,
                bin_count=bin_count,
                filters=filters,
                date_range=date_range,
            )
        )

    def retention(
        self,
        target: Subject | None = "$pageview",
        returning: Subject | EllipsisType | None = ...,
        *,
        period: Period = "week",
        total_intervals: int = 8,
        retention_type: RetentionType = "retention_recurring",
        cumulative: bool = False,
        minimum_occurrences: int = 1,
        custom_brackets: Sequence[int] = (),
        time_window_mode: TimeWindowMode = "strict_calendar_dates",
        aggregation_type: AggregationType = "count",
        aggregation_property: str | PropertyRef | None = None,
        breakdown: Breakdown = None,
        breakdown_limit: int = 25,
        group_type: str | None = None,
        group_type_index: int | None = None,
        display: RetentionDisplay = "ActionsTable",
        mean_retention_calculation: MeanCalculation = "simple",
        filters: Filter | None = None,
        date_range: Dates = None,
    ) -> Insight:
        """Ask how many come back: see `Retention` for the parameters and the columns of the figures."""
        return self.ask(
            Retention(
                *self._subjects((target,) if isinstance(returning, EllipsisType) else (target, returning)),
                period=period,
                total_intervals=total_intervals,
                retention_type=retention_type,
                cumulative=cumulative,
                minimum_occurrences=minimum_occurrences,
                custom_brackets=custom_brackets,
                time_window_mode=time_window_mode,
                aggregation_type=aggregation_type,
                aggregation_property=aggregation_property,
                breakdown=breakdown,
                breakdown_limit=breakdown_limit,
                group_type=group_type,
                group_type_index=group_type_index,
                display=display,
                mean_retention_calculation=mean_retention_calculation,
                filters=filters,
                date_range=date_range,
            )
        )

    def lifecycle(
        self,
        subject: str | Action | Series | None = None,
        *,
        interval: Interval = "day",
        date_range: Dates = None,
        filters: Filter | None = None,
        group_type: str | None = None,
        group_type_index: int | None = None,
    ) -> Insight:
        """Ask who is new, who comes back and who stays away: see `Lifecycle` for the parameters and the columns of the figures."""
        return self.ask(
            Lifecycle(
                *self._subjects((subject,)),
                interval=interval,
                date_range=date_range,
                filters=filters,
                group_type=group_type,
                group_type_index=group_type_index,
            )
        )

    def stickiness(
        self,
        *series: Subject,
        interval: Interval = "day",
        interval_count: int = 1,
        criteria: Criteria | None = None,
        cumulative: bool = False,
        compare: bool = False,
        compare_to: str | None = None,
        aggregate_by: str | PropertyRef | None = None,
        date_range: Dates = None,
        filters: Filter | None = None,
    ) -> Insight:
        """Ask in how many intervals people do something: see `Stickiness` for the parameters and the columns of the figures."""
        return self.ask(
            Stickiness(
                *self._subjects(series),
                interval=interval,
                interval_count=interval_count,
                criteria=criteria,
                cumulative=cumulative,
                compare=compare,
                compare_to=compare_to,
                aggregate_by=aggregate_by,
                date_range=date_range,
                filters=filters,
            )
        )

    def correlation(
        self,
        funnel: Insight | Funnel,
        *,
        correlation_type: CorrelationType = "events",
        event_names: Sequence[str] = (),
        names: Sequence[str] = (),
        exclude_event_names: Sequence[str] = (),
        exclude_event_property_names: Sequence[str] = (),
        exclude_names: Sequence[str] = (),
        filters: Filter | None = None,
        date_range: Dates = None,
    ) -> Insight:
        """Ask what goes with getting through a funnel: see `FunnelCorrelation` for the parameters and the columns of the figures."""
        return self.ask(
            FunnelCorrelation(
                funnel,
                correlation_type=correlation_type,
                event_names=event_names,
                names=names,
                exclude_event_names=exclude_event_names,
                exclude_event_property_names=exclude_event_property_names,
                exclude_names=exclude_names,
                filters=filters,
                date_range=date_range,
            )
        )

    def paths(
        self,
        *,
        include_event_types: EventType | Sequence[EventType] = (),
        start_point: str | None = None,
        end_point: str | None = None,
        step_limit: int = 5,
        edge_limit: int = 50,
        min_edge_weight: int | None = None,
        max_edge_weight: int | None = None,
        exclude_events: str | Sequence[str] = (),
        path_groupings: str | Sequence[str] = (),
        path_replacements: bool = False,
        local_path_cleaning_filters: Cleaning = (),
        expression: str | PropertyRef | None = None,
        event_names_for: str | Sequence[str] = (),
        funnel: Insight | Funnel | None = None,
        funnel_path_type: FunnelPathType | None = None,
        funnel_step: int | None = None,
        funnel_dropped: bool = False,
        filters: Filter | None = None,
        date_range: Dates = None,
    ) -> Insight:
        """Ask which ways people take, item by item: see `Paths` for the parameters and the columns of the figures."""
        return self.ask(
            Paths(
                include_event_types=include_event_types,
                start_point=start_point,
                end_point=end_point,
                step_limit=step_limit,
                edge_limit=edge_limit,
                min_edge_weight=min_edge_weight,
                max_edge_weight=max_edge_weight,
                exclude_events=exclude_events,
                path_groupings=path_groupings,
                path_replacements=path_replacements,
                local_path_cleaning_filters=local_path_cleaning_filters,
                expression=expression,
                event_names_for=event_names_for,
                funnel=funnel,
                funnel_path_type=funnel_path_type,
                funnel_step=funnel_step,
                funnel_dropped=funnel_dropped,
                filters=filters,
                date_range=date_range,
            )
        )

    def _subjects(self, subjects: Iterable[Subject | None]) -> tuple[Subject | None, ...]:
        """Put the action in place of a text that is the name of one (`with_actions`), also inside a series."""
        actions = {action.name: action for action in self.tables.settings.actions.values()}

        def named(subject: Subject | None) -> Subject | None:
            if isinstance(subject, Series) and isinstance(subject.subject, str) and subject.subject in actions:
                return replace(subject, subject=actions[subject.subject])
            return actions.get(subject, subject) if isinstance(subject, str) else subject

        return tuple(named(s) for s in subjects)

    # ------------------------------------------------------------------ what a project has
    @property
    def actions(self) -> Vocabulary[Action]:
        """The named actions, those of a PostHog project or of `with_actions`: ``events.actions["signed up"]``; Tab completes."""
        return vocabulary.actions(self.tables)

    @property
    def insights(self) -> Vocabulary[Insight]:
        """The saved insights of a PostHog project, asked here: ``events.insights["Signup funnel"]``; Tab completes.

        Relative dates count from the clock of these events.
        """
        from evkit.posthog.nodes.kinds import insight as saved_insight

        known = self.tables.settings.saved
        return Vocabulary("saved insight", lambda: sorted(known), lambda name: saved_insight(known[name], self.tables))

    @property
    def dashboards(self) -> Vocabulary[str]:
        """The names of the dashboards of a PostHog project, for `ek.Dashboard.saved(events, name)`; Tab completes."""
        known = self.tables.settings.dashboards
        return Vocabulary("dashboard", lambda: sorted(known), str)

    # ------------------------------------------------------------------ actions
    def suggest_actions(self, *, limit: int | None = DEFAULT_LIMIT, min_events: int = DEFAULT_MIN_EVENTS) -> pd.DataFrame:
        """Suggest actions from autocaptured events: for each thing that people click, change or submit, the selector that will last.

        Data attributes, ids and names come before texts, addresses and classes, and those before the counting of elements; a name
        made by a tool (``css-1x2y3z``) or one that varies is not relied on. `filter` and `between` restrict what is looked at.

        Parameters
        ----------
        limit
            The most suggestions; None is all.
        min_events
            Elements with fewer events are passed over.

        Returns
        -------
        pandas.DataFrame
            A row a suggested action: stable and fair ones first, then the most frequent. name (unique), event_type (click, change,
            submit), selector, text and url (what the action asks for; None where it doesn't; url is the page's path), events and
            persons (that the action counts, exact), coverage (the share of the element's events that it catches), other_events and
            also_catches (what else it catches), fragility ("stable", "fair", "fragile"), reason (what it relies on), overlaps (other
            suggestions and known actions that are some of the same events, with the share of this action's), last_seen (UTC),
            action (an `Action`: ``events.with_actions(*frame.action)``).

        Warns
        -----
        UnknownEventWarning
            When there is nothing to suggest from; the message says why, and the frame has no rows.
        TruncatedWarning
            When there are more than `limit`.

        Examples
        --------
        >>> import evkit as ek
        >>> found = ek.load_sample().suggest_actions()
        >>> found[["name", "selector", "fragility"]].iloc[3].tolist()
        ['Changed email field', 'input#email', 'stable']
        """
        from evkit.suggestions.suggest import suggest_actions

        return suggest_actions(self.tables, limit=limit, min_events=min_events, filters=self._filters, date_range=self._date_range)

    def check_actions(self, *actions: Action, quiet_after: str = DEFAULT_QUIET_AFTER) -> pd.DataFrame:
        """Check actions against the data: which still happen, which never do and why, which are the same events.

        Parameters
        ----------
        *actions
            What to check; without any, those of `with_actions`.
        quiet_after
            An action that did not happen for so long before the newest event is quiet: "30 days".

        Returns
        -------
        pandas.DataFrame
            A row an action, in the order given: name, events, persons, last_seen (UTC), state ("alive"; "quiet": not lately; "dead":
            matches nothing), reason (which part of it matches nothing, or since when it is quiet), overlaps (other actions that are
            some of the same events, with the share of this action's), action.

        Raises
        ------
        SpecError
            When there is no action to check.

        Examples
        --------
        >>> import evkit as ek
        >>> gone = ek.Action("joined", ek.submitted(selector="form#join"))
        >>> ek.load_sample().check_actions(gone)[["state", "reason"]].iloc[0].tolist()
        ['dead', 'nothing matches selector form#join']
        """
        from evkit.suggestions.check import check_actions

        return check_actions(self.tables, actions, quiet_after=quiet_after, filters=self._filters, date_range=self._date_range)

    def autocaptured(self) -> Captured:
        """Give what autocapture saw, to be asked what a selector catches: each distinct chain of elements with its counts."""
        from evkit.suggestions.captured import captured

        return captured(self.tables, tuple(self.tables.settings.actions.values()), filters=self._filters, date_range=self._date_range)

    # ------------------------------------------------------------------ people
    def persons(self) -> pd.DataFrame:
        """Give the persons: person_id, distinct_ids, properties (JSON text), created_at (UTC), is_identified; a row a person."""
        return self.tables.persons_frame()

    def groups(self, group_type: str | None = None) -> pd.DataFrame:
        """Give the groups, of one type or of all: type_index, type, key, properties (JSON text), created_at (UTC); a row a group."""
        rows = self.tables.execute(self.tables.group_table().order_by(["type_index", "key"]))
        if group_type is None:
            return rows
        if group_type not in self.tables.group_types:
            raise SpecError(f"no group type {group_type!r}. The data has: {', '.join(self.tables.group_types) or 'none'}")
        return rows[rows.type == group_type].reset_index(drop=True)

    def sessions(self) -> pd.DataFrame:
        """Give the sessions: session_id, person_id, start, end (UTC), events, duration_seconds; a row a session."""
        from evkit.model.sessions import frame

        return frame(self.tables)

    def identity_log(self) -> pd.DataFrame:
        """Give every merge and every refusal of one, in order of arrival.

        Returns
        -------
        pandas.DataFrame
            A row a merging event: uuid, timestamp (UTC), event, distinct_id and other_distinct_id (the two sides), outcome
            ("added", "created", "merged", "nothing" or "refused"), reason (in words), person_id (who has both afterwards).
        """
        return self.tables.identity_log()

    def person(self, distinct_id: str) -> Person:
        """Give the person that a distinct id belongs to, with `.properties(at=...)` and `.timeline()`.

        Raises
        ------
        DataError
            When no event has this distinct id; the message names the nearest.
        """
        return Person(self.tables, distinct_id)

    def cohort(self, definition: Cohort | Condition | FilterGroup | Mapping[str, Any] | int | str) -> Membership:
        """Give who is in a cohort: its members, its rules, and why somebody is in it or isn't.

        Parameters
        ----------
        definition
            A Cohort, or conditions alone such as ``ek.performed("movie_played", within="30 days")``; the id of one that the
            events know (`with_cohorts`); or a cohort in PostHog's JSON. A text that is the name of an action (`with_actions`)
            is that action, as in questions.

        Returns
        -------
        Membership
            `.count()`, `.to_pandas()` (the columns of `persons()`), `.rules`, `.explain(distinct_id)`, `.to_ibis()`.

        Raises
        ------
        SpecError
            For one that is defined by itself, by an unknown one, or only by what its members are not; for an unknown id.

        Examples
        --------
        >>> import evkit as ek
        >>> events = ek.load_sample()
        >>> events.cohort(ek.performed("movie_played", times=(">=", 3), within="7 days") & (ek.person_prop("plan") == "premium")).count()
        54
        """
        from evkit.membership import Membership

        known = self.tables.settings.cohorts
        if isinstance(definition, Mapping):
            from evkit.posthog.nodes.cohorts import from_json as cohort_from_json

            definition = cohort_from_json(definition, self.tables.settings.actions)
        elif isinstance(definition, (int, str)):
            definition = cohort_of(self.tables, definition)
        cohort = (definition if isinstance(definition, Cohort) else Cohort("these", definition, id=UNNAMED)).with_actions(
            self.tables.settings.actions
        )
        check_cohort(cohort, known, strict=True)
        return Membership(self.tables, cohort)

    def group(self, group_type: str, key: str) -> Group:
        """Give a group, with `.properties()` and `.timeline()`.

        Parameters
        ----------
        group_type
            Such as "company".
        key
            Such as "id:5".

        Raises
        ------
        SpecError, DataError
            When the data has no such type, or no such group.
        """
        return Group(self.tables, group_type, key)
