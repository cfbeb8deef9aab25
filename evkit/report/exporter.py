"""Our page for nbconvert, and so for jupyter-scheduler: ``jupyter nbconvert --to evkit report.ipynb``."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import Exporter

from evkit.report import cells


class PageExporter(Exporter):
    """Writes a notebook that has run as one HTML page that needs no network."""

    file_extension = ".html"
    output_mimetype = "text/html"
    export_from_notebook = "evkit page"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[str, Any]:
        """Give the page, and nbconvert's resources; a notebook whose run failed says so first."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        title = str(resources.get("metadata", {}).get("name") or "Report").replace("_", " ")
        failed = [i for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and cells.failed(cell)]
        said = next((f"{o.ename}: {o.evalue}" for i in failed for o in nb.cells[i].outputs if o.output_type == "error"), None)
        page = cells.page(nb, title=title, failed=f"It ended in {said}." if said else None, failed_cell=failed[0] if failed else None)
        return page, resources
