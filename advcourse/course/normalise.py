"""One form for every saved notebook, so that a diff shows what somebody changed and nothing else."""

from __future__ import annotations

import copy
import os
from pathlib import Path

from nbformat import NotebookNode, from_dict

from advcourse.course.folding import fold
from advcourse.course.notebook import KERNELSPEC, LANGUAGE_INFO, NotebookError, place, read, with_ids, write_all

VOLATILE_METADATA = {"execution", "ExecuteTime", "papermill", "collapsed", "scrolled"}
LIVE_WIDGET = "application/vnd.jupyter.widget-view+json"  # holds a model id that is another one in every run
CELL_TIMEOUT = 300  # seconds


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The same notebook in the form we keep: nothing of the machine, the moment or the running kernel in it.

    Outputs stay, without the live view of widgets; counts become 1..n; cells without an id get one; what would spoil a
    prediction is folded. Raises NotebookError where ids are not unique. Normalising twice changes nothing more.
    """
    result = with_ids(notebook)
    check_ids(result)
    record = {"advcourse": result.metadata["advcourse"]} if "advcourse" in result.metadata else {}
    result.metadata = from_dict({"kernelspec": KERNELSPEC, "language_info": LANGUAGE_INFO, **record})
    result.nbformat, result.nbformat_minor = 4, 5
    count = 0
    for cell in result.cells:
        cell.metadata = from_dict({k: v for k, v in cell.metadata.items() if k not in VOLATILE_METADATA})
        if cell.cell_type == "code":
            cell.outputs = merged_streams([o for o in map(replayable, cell.outputs) if o is not None])
            executed = cell.execution_count is not None or bool(cell.outputs)
            count += executed
            number(cell, count if executed else None)
    fold(result.cells)
    return result


def check_ids(notebook: NotebookNode) -> None:
    seen: dict[str, int] = {}
    for index, cell in enumerate(notebook.cells):
        if cell.id in seen:
            raise NotebookError(f"{place(index, cell)}: cell {seen[cell.id] + 1} has the same id; give it another one")
        seen[cell.id] = index


def replayable(output: NotebookNode) -> NotebookNode | None:
    """The output without what only a running kernel can show; None where nothing is left."""
    if "data" not in output:
        return output
    output.data.pop(LIVE_WIDGET, None)
    output.metadata = from_dict({k: v for k, v in output.metadata.items() if k in output.data})
    return output if output.data else None


def merged_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """How often a stream was flushed depends on the machine: neighbours of one name become one."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def number(cell: NotebookNode, count: int | None) -> None:
    cell.execution_count = count
    for output in cell.outputs:
        if "execution_count" in output:
            output.execution_count = count


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook run from top to bottom in this folder. Raises NotebookError naming the cell that failed."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    fresh = copy.deepcopy(notebook)
    running = [0]
    client = NotebookClient(
        fresh,
        timeout=CELL_TIMEOUT,
        kernel_name=KERNELSPEC["name"],
        force_raise_errors=True,  # by the kernel's reply: an ExceptionGroup leaves no error among the outputs
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: running.__setitem__(0, cell_index),
    )
    try:
        # Nobody's progress: what is saved must not depend on what its author has solved, nor a solution count for him.
        client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "ADVCOURSE_PROGRESS": "off"})
    except CellExecutionError as error:
        raise NotebookError(f"{place(running[0], fresh.cells[running[0]])}: {error.ename}: {error.evalue}") from error
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        index = running[0]
        raise NotebookError(f"{place(index, fresh.cells[index])}: {str(error).strip().splitlines()[0]}") from error
    return fresh


def tidy(path: Path, *, run: bool = False, check: bool = False) -> bool:
    """Normalises this file, after running it where asked; whether that changes it. `check` writes nothing.

    An error in a cell leaves the file as it was.
    """
    before = read(path)
    try:
        after = normalise(execute(before, path.parent) if run else before)
    except NotebookError as error:
        raise NotebookError(f"{path} {error}. The file was left as it was.") from error
    changed = after != before
    if changed and not check:
        write_all({path: after})
    return changed
