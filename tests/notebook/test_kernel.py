"""A notebook run by a real kernel: `%%arch` above, what it left below, and a cell that fails."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

TINY = """%%arch --summary
network Tiny:
    input 1x8x8
    conv(4, 3x3) -> relu -> flatten -> fc(2)
"""
WRONG = "%%arch\nnetwork Wrong:\n    input 1x8x8\n    cnov(4, 3x3)\n"


def run(folder: Path, *cells: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    with suppress(CellExecutionError):
        client.execute()
    return notebook


def test_diagnostics_in_a_kernel(tmp_path: Path) -> None:
    notebook = run(tmp_path, "%load_ext archlang", TINY, WRONG, "print('never run')")
    _, good, wrong, after = notebook.cells
    assert "text/html" in good.outputs[0].data
    shown, error = wrong.outputs
    assert "<cell 3>:4:5" in shown.data["text/plain"]
    assert "cnov" in shown.data["text/html"]
    assert error.output_type == "error"
    assert error.traceback == ["SpecError: 1 mistake; nothing was defined"]
    assert not after.outputs  # what comes after a mistake is not run


@pytest.mark.slow
def test_a_module_in_a_kernel(tmp_path: Path) -> None:
    notebook = run(
        tmp_path,
        "%load_ext archlang",
        TINY,
        "model = Tiny(); model",
        "import copy, pickle; pickle.loads(pickle.dumps(Tiny)) is Tiny",
        "Tiny.graph()",
        "import archlang; archlang.summary('LeNet5')",
    )
    model, same, graph, summary = (cell.outputs[0].data for cell in notebook.cells[2:])
    assert "Conv2d" in model["text/plain"] and "<table" in model["text/html"]
    assert same["text/plain"] == "True"
    assert graph["image/svg+xml"].startswith("<")
    assert "61,706" in summary["text/html"]
