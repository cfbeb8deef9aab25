"""The order of rows, and the files they are in, decide nothing: arrival does."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import evkit as ek
from tests.sizes import examples

IDS = ["ann", "bob", "dev1", "dev2"]
ROW = st.one_of(
    st.tuples(st.sampled_from(["view", "play"]), st.sampled_from(IDS), st.integers(0, 40), st.none()),
    st.tuples(st.just("$identify"), st.sampled_from(IDS), st.integers(0, 40), st.sampled_from(IDS)),
)


def line(i: int, row: tuple[str, str, int, str | None]) -> dict[str, Any]:
    event, who, hour, other = row
    time = pd.Timestamp("2026-01-01") + pd.Timedelta(hours=hour)
    return {
        "uuid": f"0199aa10-0000-7000-8000-{i:012d}",
        "event": event,
        "distinct_id": who,
        "timestamp": f"{time.isoformat()}Z",
        "received_at": f"{(pd.Timestamp('2026-02-01') + pd.Timedelta(seconds=i // 2)).isoformat()}Z",
        "properties": {"$anon_distinct_id": other} if other else {"b": who[0]},
    }


def figures(files: Sequence[Path]) -> tuple[Any, ...]:
    events = ek.read([str(f) for f in files])
    span = events.between("2026-01-01", "2026-01-03")
    people = sorted(tuple(sorted(ids)) for ids in events.persons().distinct_ids)
    trend = span.trends(ek.series(None, math="dau"), breakdown="b").to_pandas().drop(columns="series").to_csv()
    funnel = span.funnel(ek.series(None), ek.series(None), window="6 hours").to_pandas().to_csv()
    return events.count(), people, events.identity_log().outcome.tolist(), trend, funnel


@pytest.mark.filterwarnings("ignore::evkit.errors.UnknownEventWarning")  # some logs have no event with the property b
@settings(max_examples=examples(12, 300), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(ROW, min_size=2, max_size=14), st.randoms())
def test_reordering_a_log_or_splitting_it_over_files_changes_no_figure(rows: list[Any], random: Any) -> None:
    lines = [json.dumps(line(i, r)) + "\n" for i, r in enumerate(rows)]
    lines.append(lines[0])
    shuffled = list(lines)
    random.shuffle(shuffled)
    cut = random.randint(0, len(lines))
    with tempfile.TemporaryDirectory() as folder:
        whole, other, left, right = (Path(folder) / f"{n}.jsonl" for n in ("whole", "other", "left", "right"))
        whole.write_text("".join(lines))
        other.write_text("".join(shuffled))
        left.write_text("".join(shuffled[:cut]))
        right.write_text("".join(shuffled[cut:]))
        expected = figures([whole])
        assert figures([other]) == expected
        assert figures([right, left]) == expected


def test_parquet_rows_in_another_order_give_the_same_figures(tmp_path: Path) -> None:
    rows = [line(i, ("view" if i % 3 else "play", IDS[i % 4], i % 37, None)) for i in range(400)]
    frame = pd.DataFrame(rows).assign(properties=lambda f: f.properties.map(json.dumps))
    frame.to_parquet(tmp_path / "a.parquet")
    frame.sample(frac=1, random_state=3).to_parquet(tmp_path / "b.parquet")
    assert figures([tmp_path / "a.parquet"]) == figures([tmp_path / "b.parquet"])
