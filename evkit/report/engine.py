"""The engine that papermill runs our notebooks by: in this Python, with an end that is told, whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine

from evkit.model.progress import Bar
from evkit.report import cells
from evkit.report.cells import GIVEN
from evkit.report.run import Failure

NAME = "evkit"
GRACE_SECONDS = 5.0
"""How long a cell that was told to stop has for it, before its kernel is ended."""
STOPPED_BY = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
NO_ERROR = "NoneType"
"""What IPython calls an error that it has shown already: that of something that failed while it was drawn."""


@dataclass
class Watch:
    """What becomes of a run: its notebook, and why it ended early.

    Parameters
    ----------
    title
        What the progress bar says.
    keep
        Called with the notebook so far when a cell has ended.
    """

    title: str
    keep: Callable[[Any], Any] | None = None
    notebook: Any = None
    failure: Failure | None = None


class OurEngine(Engine):
    """papermill's engine for notebooks of Python, its kernel the Python that runs us."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Run the notebook that papermill manages."""
        watch: Watch = options["watch"]
        watch.notebook = nb_man.nb
        seconds = options["execution_timeout"]
        client = OurClient(
            nb_man,
            kernel_name=kernel_name,
            timeout=seconds,
            startup_timeout=options["start_timeout"],
            store_widget_state=False,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": "TimeoutError", "evalue": f"the cell took longer than {seconds:,} seconds", "traceback": []},
        )
        client.watch = watch
        client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = sys.executable
        if client.km.has_trait("transport_encryption"):
            client.km.transport_encryption = "auto"
        return client.execute()


class OurClient(PapermillNotebookClient):
    """papermill's client, with our progress bar; told to stop, it ends the cell and keeps what there is.

    The state of widgets is not kept: it is as large as vega itself, and only a running notebook can show it.
    """

    watch: Watch
    stopped = False
    _stopping: asyncio.Future[None] | None = None

    def execute(self, **options: Any) -> Any:
        """Run the notebook; unlike papermill's own, ask nothing of a kernel afterwards that may have ended."""
        self.reset_execution_trackers()
        with self.setup_kernel(**options):
            self.papermill_execute_cells()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """Run the cells until one fails; what can't be drawn is a failure too, wherever in a cell it stands."""
        code = [i for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]
        written = [i for i in code if GIVEN not in self.nb.cells[i].metadata.get("tags", ())]
        with Bar(self.watch.title) as bar, self._told_to_stop():
            for n, i in enumerate(code):
                bar(n, len(code))
                cell = self.nb.cells[i]
                self.nb_man.cell_start(cell, i)
                try:
                    self.execute_cell(cell, i)
                    shown = cells.error_of(cell)
                    if shown is None:
                        continue
                    raise CellExecutionError("", shown[0], shown[1])
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    name, message = self._names(error, cell)
                    if not cells.ends_itself(name, message):
                        place = written.index(i) + 1 if i in written else 0
                        self.watch.failure = Failure(place, len(written), i, name, message, stopped=self.stopped)
                        self._mark(cell, self.watch.failure)
                        self.nb_man.cell_exception(cell, cell_index=i, exception=error)
                    break
                finally:
                    self.nb_man.cell_complete(cell, cell_index=i)
                    if self.watch.keep is not None:
                        self.watch.keep(self.nb)

    def _names(self, error: Exception, cell: Any) -> tuple[str, str]:
        if self.stopped:
            return "Stopped", "somebody ended the run (Ctrl-C, SIGTERM, or the terminal was closed)"
        if isinstance(error, CellExecutionError):
            drawn = cells.error_of(cell) if error.ename == NO_ERROR else None
            return drawn or (str(error.ename), str(error.evalue))
        if isinstance(error, DeadKernelError):
            return "DeadKernelError", "the notebook's Python ended; out of memory, perhaps"
        return "TimeoutError", f"the cell took longer than {self.timeout:,} seconds"

    def _mark(self, cell: Any, failure: Failure) -> None:
        """Say in the cell why it ended, where its own error doesn't say it: the interrupt that we sent is no reason."""
        from nbformat.v4 import new_output

        cell.outputs = [o for o in cell.outputs if not is_echo(o)]
        errors = [o for o in cell.outputs if o.output_type == "error"]
        if errors and errors[-1].ename == failure.name:
            return
        interrupt = next((o for o in errors if o.ename == "KeyboardInterrupt"), None)
        said = f"{failure.name}: {failure.message}"
        if interrupt is not None:
            interrupt.update(ename=failure.name, evalue=failure.message, traceback=[*interrupt.traceback[:-1], said])
        else:
            cell.outputs.append(new_output("error", ename=failure.name, evalue=failure.message, traceback=[said]))

    @contextlib.contextmanager
    def _told_to_stop(self) -> Iterator[None]:
        """While cells run, Ctrl-C, SIGTERM and SIGHUP end the cell instead of us; afterwards they do again what they did before."""
        loop = asyncio.get_event_loop()
        was = {}
        try:
            for number in STOPPED_BY:
                before = signal.getsignal(number)
                loop.add_signal_handler(number, self._stop)
                was[number] = before
        except (RuntimeError, NotImplementedError, ValueError):  # not the main thread, or Windows
            pass
        try:
            yield
        finally:
            for number, before in was.items():
                loop.remove_signal_handler(number)
                signal.signal(number, before)
            if self._stopping is not None:
                self._stopping.cancel()

    def _stop(self) -> None:
        if self.km is not None:
            self._stopping = asyncio.ensure_future(self._end_cell(at_once=self.stopped))
        self.stopped = True

    async def _end_cell(self, *, at_once: bool) -> None:
        """Interrupt the cell; end the kernel where that doesn't help, or when told twice."""
        if not at_once:
            await self.km.interrupt_kernel()
            await asyncio.sleep(GRACE_SECONDS)
        await self.km.shutdown_kernel(now=True)


def is_echo(output: Any) -> bool:
    """Say whether an output is only what IPython leaves behind something that failed while it was drawn: its error stands before."""
    if output.output_type == "error":
        return bool(output.ename == NO_ERROR)
    return output.output_type == "execute_result" and not output.data
