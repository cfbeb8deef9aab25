"""The page of a notebook: each kind of output, as somebody sees it who has only the page."""

import json
from typing import Any

from evkit.insights.display import LAB_MIME
from evkit.report.cells import page

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"


def main(*cells: dict[str, Any], **options: Any) -> str:
    made = page({"cells": list(cells), "metadata": {}}, title="t", **options)
    return made[made.index("<main>") : made.index("</main>")]


def code(*outputs: dict[str, Any], source: str = "", **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": more}


def shown(data: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def test_a_picture_is_shown_as_large_as_the_notebook_says_and_a_plot_without_words_says_so() -> None:
    made = main(code(shown({"image/png": PNG + "\n", "text/plain": "<Figure size 640x480 with 1 Axes>"}, **{"image/png": {"width": 40}})))
    assert f'<img src="data:image/png;base64,{PNG}" alt="A picture without a description" width="40">' in made


def test_of_a_widget_its_picture_is_shown_else_a_sentence() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "IntSlider(value=3)"}
    assert "<img" in main(code(shown({**view, "image/png": PNG})))
    said = main(code(shown(view)))
    assert "a control that works in a running notebook" in said
    assert "IntSlider" not in said


def test_a_chart_is_its_picture_with_words_and_its_specification_beside_it() -> None:
    data = {LAB_MIME: {"mark": "bar", "title": "</script>"}, "image/svg+xml": '<svg width="9"></svg>', "text/plain": 'a "chart"'}
    whole = page({"cells": [code(shown(data))], "metadata": {}}, title="t")
    assert '<figure role="img" aria-label="a &quot;chart&quot;" data-chart="chart-1"><svg aria-hidden="true" width="9">' in whole
    held = whole.split('<script type="application/json" id="chart-1">')[1].split("</script>")[0]
    assert json.loads(held)["title"] == "</script>"
    still = page({"cells": [code(shown(data))], "metadata": {}}, title="t", live=False)
    assert "<figure" in still
    assert "<script" not in still
    assert "script-src 'none'" in still


def test_another_svg_is_shown_as_an_image_which_runs_nothing() -> None:
    made = main(code(shown({"image/svg+xml": "<svg onload='alert(1)'><script>alert(1)</script></svg>"})))
    assert "<svg" not in made
    assert '<img src="data:image/svg+xml;base64,' in made


def test_html_comes_before_words_and_is_cleaned() -> None:
    made = main(code(shown({"text/html": "<table><tr><td>&lt;b&gt;</td></tr></table><script>x()</script>", "text/plain": "words"})))
    assert '<div class="scroll" role="group" tabindex="0" aria-label="Table"><table>' in made
    assert "x()" not in made
    assert "words" not in made


def test_text_of_a_terminal_is_shown_without_its_codes_and_of_a_line_the_last_that_was_seen() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": ["10%\r", "\x1b[32m100%\x1b[0m\n", "<b>\n"]}
    error = {"output_type": "stream", "name": "stderr", "text": "careful"}
    made = main(code(stream, error))
    assert '<pre class="stdout">100%\n&lt;b&gt;\n</pre>' in made
    assert '<pre class="stderr">careful</pre>' in made


def test_markdown_is_shown_its_html_as_text_and_pictures_from_elsewhere_as_their_words() -> None:
    cell = {
        "cell_type": "markdown",
        "source": ["# Title\n", "See <script>x()</script> ![cat](https://e.com/a.png) ![own](attachment:a.png)"],
        "attachments": {"a.png": {"image/png": PNG}},
        "metadata": {},
    }
    made = main(cell)
    assert "<h1>Title</h1>" in made
    assert "&lt;script&gt;" in made
    assert "[picture: cat]" in made
    assert f'<img src="data:image/png;base64,{PNG}" alt="own">' in made
    assert "e.com" not in made


def test_code_is_folded_and_the_parameters_that_were_given_are_named() -> None:
    made = main(code(source="n = 1", tags=["parameters"]), code(source="n = 2", tags=["injected-parameters"]), code(source="n < 3"))
    assert [made.count(f"<summary>{name}</summary>") for name in ("Parameters", "Parameters given", "Code")] == [1, 1, 1]
    assert "n &lt; 3" in made


def test_papermills_own_notes_about_an_error_are_left_to_our_banner() -> None:
    note = {"cell_type": "markdown", "source": "An Exception was encountered", "metadata": {"tags": ["papermill-error-cell-tag"]}}
    made = main(note, code(source="x"), failed="It ended in cell 1 of 1: NameError.", failed_cell=1)
    assert "An Exception was encountered" not in made
    assert (
        made.index("This report is not complete.")
        < made.index("It ended in cell 1 of 1: NameError.")
        < made.index('<section id="failed-cell">')
    )


def test_an_unknown_kind_of_output_is_its_words_and_a_silent_one_nothing() -> None:
    assert "<pre>plain</pre>" in main(code(shown({"application/x-unknown": {}, "text/plain": "plain"})))
    assert "<pre" not in main(code(shown({"text/html": "", "text/plain": ""})))


def test_the_page_is_made_for_nbconvert_too(tmp_path: Any) -> None:
    import nbconvert
    import nbformat
    import nbformat.v4 as nb

    boom = nb.new_output("error", ename="ValueError", evalue="<b>", traceback=[])
    allowed = nb.new_code_cell("0", outputs=[boom], metadata={"tags": ["raises-exception"]})
    nbformat.write(nb.new_notebook(cells=[allowed, nb.new_code_cell("1", outputs=[boom])]), tmp_path / "our_week.ipynb")
    exporter = nbconvert.get_exporter("evkit.report.exporter.PageExporter")
    made, about = exporter().from_filename(str(tmp_path / "our_week.ipynb"))
    assert about["output_extension"] == ".html"
    assert "<title>Failed: our week</title>" in made
    assert "It ended in ValueError: &lt;b&gt;." in made


def test_what_is_tagged_is_not_for_readers_but_warnings_and_errors_are() -> None:
    out = {"output_type": "stream", "name": "stdout", "text": "said"}
    warning = {"output_type": "stream", "name": "stderr", "text": "/tmp/1.py:3: TruncatedWarning: <b>cut</b>\n  ask()\n"}
    note = {"cell_type": "markdown", "source": "how to run", "metadata": {"tags": ["remove-cell"]}}
    made = main(note, code(out, warning, source="x = 1", tags=["remove-cell"]))
    assert "how to run" not in made and "x = 1" not in made and "said" not in made
    assert made.count("&lt;b&gt;cut&lt;/b&gt;") == 2
    assert "/tmp/1.py" not in made
    assert "x = 1" not in main(code(out, source="x = 1", tags=["remove-input"])) and "said" in main(code(out, tags=["remove-input"]))
    assert "said" not in main(code(out, source="x = 1", tags=["remove-output"]))


def test_what_evkit_warned_of_is_said_before_anything_else() -> None:
    warning = {"output_type": "stream", "name": "stderr", "text": "/tmp/1.py:3: UnknownEventWarning: no event is called 'x'.\n  ask()\n"}
    made = main({"cell_type": "markdown", "source": "# T", "metadata": {}}, code(warning))
    assert made.index("These figures may not be what you think.") < made.index("no event is called") < made.index("<h1>")
    assert "<strong>Note:</strong> no event is called" in made


def test_an_empty_head_of_a_table_is_no_head() -> None:
    assert "<td></td>" in main(code(shown({"text/html": "<table><tr><th></th><th>a</th></tr></table>"})))
