"""What is slow the first time is loaded beside a question: Altair takes a second, the drawing engine half of one, a compiled kernel a third."""

from __future__ import annotations

import datetime as dt
import functools
import threading

from evkit.garbage import imported

SMALLEST = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}


@functools.cache
def begin() -> threading.Thread:
    """Begin to load what draws, once a process; drawing waits where it has to by itself."""
    return _begun(threading.Thread(target=_load, name="evkit-warming", daemon=True))


@functools.cache
def begin_kernels() -> threading.Thread:
    """Begin to load what each kind of question takes, its machine and its chart, once a process: for a form that will ask for them."""
    return _begun(threading.Thread(target=_load_kernels, name="evkit-warming-kernels", daemon=True))


def _begun(thread: threading.Thread) -> threading.Thread:
    thread.start()
    return thread


def _load() -> None:
    import vl_convert

    vl_convert.vegalite_to_svg(SMALLEST)
    imported("evkit.insights.display")


def _load_kernels() -> None:
    """Ask each kind of question of three events, and draw it: that loads all it takes."""
    import pyarrow as pa

    from evkit.insights.funnel.spec import Funnel
    from evkit.insights.insight import Insight
    from evkit.insights.lifecycle.spec import Lifecycle
    from evkit.insights.paths.spec import Paths
    from evkit.insights.retention.spec import Retention
    from evkit.insights.stickiness.spec import Stickiness
    from evkit.insights.trends.spec import Trends
    from evkit.load.frames import from_frame
    from evkit.model.journeys import prepare
    from evkit.model.tables import EventTables
    from evkit.query.property_filters import PropertyRef
    from evkit.query.spec import Series

    day = dt.datetime(2026, 1, 1)
    said, merge = '{"k": "v"}', '{"$anon_distinct_id": "b", "$set": {"k": "v"}}'
    rows = {"event": ["x", "x", "$identify"], "distinct_id": ["a", "b", "a"], "timestamp": [day] * 3, "properties": [said, said, merge]}
    con, source = from_frame(pa.table({**rows, "uuid": ["1", "2", "3"]}))
    tables = EventTables(con=con, source=source)
    prepare(tables)
    by = [Trends("x", breakdown="k"), Trends(Series("x", math="dau")), Funnel("x", "x"), Funnel("x", "x", breakdown="k")]
    by.append(Trends("x", breakdown=PropertyRef("k", "person")))
    for spec in (*by, Retention("x"), Lifecycle("x"), Stickiness("x"), Paths()):
        Insight(spec, tables).chart().to_dict(validate=False)
