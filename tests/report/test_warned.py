"""What cells warned of: read from what they printed, each once, the grave first."""

from evkit.report.warned import Warned, parted, warned

PLACE = "/tmp/ipykernel_7/1.py"


def test_evkits_warnings_are_told_from_everything_else_that_is_printed() -> None:
    text = (
        f"before\n{PLACE}:3: UnknownEventWarning: no event is called 'x'. Its figures are zeros.\n  events.trends('x')\n"
        f"{PLACE}:4: DeprecationWarning: old\n  old()\n{PLACE}:5: TruncatedWarning: cut to 10,\nand so on\n  ask()\nafter"
    )
    assert list(parted(text)) == [
        "before\n",
        Warned("UnknownEventWarning", "no event is called 'x'. Its figures are zeros."),
        f"{PLACE}:4: DeprecationWarning: old\n  old()\n",
        Warned("TruncatedWarning", "cut to 10,\nand so on"),
        "after",
    ]


def test_each_is_told_once_and_those_that_say_that_figures_are_wrong_first() -> None:
    printed = [f"{PLACE}:1: RejectedRowsWarning: 1 row\n", f"{PLACE}:2: FailedTileWarning: no\n", f"{PLACE}:9: FailedTileWarning: no\n"]
    cells = [{"outputs": [{"output_type": "stream", "name": "stderr", "text": [text]}]} for text in printed]
    out = {"outputs": [{"output_type": "stream", "name": "stdout", "text": f"{PLACE}:1: StaleDataWarning: only printed\n"}]}
    found = warned({"cells": [*cells, out, {"cell_type": "markdown"}]})
    assert [(one.kind, one.is_wrong) for one in found] == [("FailedTileWarning", True), ("RejectedRowsWarning", False)]
