"""`%%arch` in IPython's own shell, in process: what a cell leaves, shows and says."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

TINY = '''%%arch {options}
network Tiny(classes=10):
    """<script>alert("doc")</script>"""
    input 1x28x28
    conv(8, 3x3) -> relu -> flatten -> fc(classes)
'''
BROKEN = """%%arch
network Broken:
    input 1x28x28
    cnov(8, 3x3) -> relu  # <b>bold</b> & "quoted"
    conv(8, 3x3, strid=2)
"""


class Tags(HTMLParser):
    """The tags and the text of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


class Notebook:
    """A shell with the extension loaded; `run` gives what a cell shows."""

    def __init__(self) -> None:
        self.shell = InteractiveShell.instance()  # what `display` shows is that of the instance
        assert self.shell.run_cell("%load_ext archlang").success

    def run(self, cell: str) -> tuple[bool, list[dict[str, str]], str]:
        """Whether it went well, the bundles of its outputs, and the text it printed."""
        with capture_output() as captured:
            result = self.shell.run_cell(cell, store_history=True)
        return result.success, [o.data for o in captured.outputs], captured.stdout + captured.stderr


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    yield Notebook()
    InteractiveShell.clear_instance()


def test_a_cell_shows_figure_and_summary_and_leaves_a_factory(notebook: Notebook) -> None:
    success, outputs, _ = notebook.run(TINY.format(options=""))
    assert success
    kinds = [{k for k in o if k != "text/plain"} for o in outputs]
    assert kinds == [{"image/svg+xml"}, {"text/html"}]
    graph = notebook.shell.user_ns["Tiny"].graph(classes=3)
    assert graph.params == 8 * 9 + 8 + 8 * 28 * 28 * 3 + 3


@pytest.mark.parametrize(
    ("options", "kinds"),
    [("--draw", ["image/svg+xml"]), ("--summary", ["text/html"]), ("--quiet", [])],
)
def test_options_choose_what_is_shown(notebook: Notebook, options: str, kinds: list[str]) -> None:
    success, outputs, printed = notebook.run(TINY.format(options=options))
    assert success and not printed
    assert [k for o in outputs for k in o if k != "text/plain"] == kinds


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--quiet --draw", "--quiet shows nothing"),
        ("units", "called like a file"),
        ("'units.arch", "cannot read"),
        ("../units.arch", "called like a file"),
        ("--nonsense", "unrecognized arguments"),
    ],
)
def test_wrong_options_are_said_without_a_traceback(
    notebook: Notebook, options: str, words: str
) -> None:
    success, _, printed = notebook.run(TINY.format(options=options))
    assert not success
    assert words in printed
    assert "Traceback" not in printed


def test_mistakes_have_the_lines_of_the_cell(notebook: Notebook) -> None:
    success, outputs, printed = notebook.run(BROKEN)
    assert not success
    (shown,) = outputs
    lines = BROKEN.splitlines()
    for word in ("cnov", "strid"):
        line = next(n for n, text in enumerate(lines, 1) if word in text)
        column = lines[line - 1].index(word) + 1
        assert f"<cell 1>:{line}:{column}" in shown["text/plain"]
        assert f"<cell 1>:{line}:{column}" in Tags(shown["text/html"]).text
    assert "2 mistakes; nothing was defined" in printed
    assert "Traceback" not in printed
    assert "Broken" not in notebook.shell.user_ns


def test_nothing_of_a_spec_is_markup(notebook: Notebook) -> None:
    _, (_, summary), _ = notebook.run(TINY.format(options=""))
    _, (mistakes,), _ = notebook.run(BROKEN)
    for page in (summary["text/html"], mistakes["text/html"]):
        assert not Tags(page).tags & {"script", "b"}
    assert '<script>alert("doc")</script>' in Tags(summary["text/html"]).text
    assert '# <b>bold</b> & "quoted"' in Tags(mistakes["text/html"]).text


def test_control_characters_of_a_spec_are_no_colours(notebook: Notebook) -> None:
    _, (shown,), _ = notebook.run("%%arch\nnetwork N:\n    input 3\n    fcc(2)  # \x1b[1;31m<i>\n")
    page = Tags(shown["text/html"])
    assert "\x1b" not in page.text
    assert "[1;31m<i>" in page.text


def test_running_a_cell_again_replaces_its_network(notebook: Notebook) -> None:
    cell = "%%arch --quiet\nnetwork N:\n    input 3\n    fc({})\n"
    for width in (2, 5):
        assert notebook.run(cell.format(width))[0]
        assert notebook.shell.user_ns["N"].graph().nodes[-1].shape == (width,)
    assert not notebook.run(cell.format('"wide"'))[0]
    assert notebook.shell.user_ns["N"].graph().nodes[-1].shape == (5,)


def test_cells_use_named_cells_files_and_the_zoo(notebook: Notebook) -> None:
    Path("tail.arch").write_text("block Tail(n):\n    flatten -> fc(n)\n", encoding="utf-8")
    unit = "%%arch units.arch --quiet\nblock Unit(C):\n    conv(C, 3x3{}) -> relu\n"
    user = (
        '%%arch --quiet\nuse Unit from "units.arch"\nuse Tail from "tail.arch"\n'
        "network N:\n    input 1x8x8\n    Unit(4) -> Tail(2)\n"
    )
    params = []
    for bias in ("", ", bias=false"):
        assert notebook.run(unit.format(bias))[0]
        assert notebook.run(user)[0]
        params.append(notebook.shell.user_ns["N"].graph().params)
    assert params == [9 * 4 + 4 + 256 * 2 + 2, 9 * 4 + 256 * 2 + 2]
    assert not Path("units.arch").exists()
    zoo = '%%arch --quiet\nuse LeNet5 from "zoo/lenet.arch"\n'
    zoo += "network Ten from LeNet5:\n    freeze fc1\n"
    assert notebook.run(zoo)[0]


def test_a_mistake_in_a_named_cell_keeps_the_old_one(notebook: Notebook) -> None:
    assert notebook.run("%%arch u.arch --quiet\nblock U:\n    relu\n")[0]
    assert not notebook.run("%%arch u.arch --quiet\nblock U:\n    rleu\n")[0]
    use = '%%arch --quiet\nuse U from "u.arch"\nnetwork N:\n    input 3\n    U -> fc(2)\n'
    assert notebook.run(use)[0]


def test_a_block_of_another_cell_is_pointed_to(notebook: Notebook) -> None:
    user = "%%arch\nnetwork N:\n    input 3\n    Unit -> fc(2)\n"
    assert notebook.run("%%arch --quiet\nblock Unit:\n    relu\n")[0]
    _, (shown,), _ = notebook.run(user)
    assert "Unit was declared in <cell 1>" in shown["text/plain"]
    assert 'use Unit from "units.arch"' in shown["text/plain"]
    assert notebook.run("%%arch units.arch --quiet\nblock Unit:\n    relu\n")[0]
    _, (shown,), _ = notebook.run(user)
    assert 'write use Unit from "units.arch"' in shown["text/plain"]


def test_help_of_the_magic(notebook: Notebook) -> None:
    text = notebook.shell.find_cell_magic("arch").__doc__
    for word in ("--draw", "--summary", "--quiet", "units.arch", "factory"):
        assert word in text


def test_a_module_at_the_end_of_a_cell(notebook: Notebook) -> None:
    import torch

    assert notebook.run(TINY.format(options="--quiet"))[0]
    notebook.run("model = Tiny(classes=3)")
    model = notebook.shell.user_ns["model"]
    data, _ = notebook.shell.display_formatter.format(model)
    assert data["text/plain"] == repr(model)
    count = sum(p.numel() for p in model.parameters())
    assert f"{count:,}" in Tags(data["text/html"]).text
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 3)
    model.fc1 = torch.nn.Linear(8 * 28 * 28, 7)  # not what its spec says any more
    assert "text/html" not in notebook.shell.display_formatter.format(model)[0]


def test_modules_of_others_are_left_alone(notebook: Notebook) -> None:
    from torch import fx, nn

    other = fx.symbolic_trace(nn.Sequential(nn.Linear(3, 2)))
    assert "text/html" not in notebook.shell.display_formatter.format(other)[0]


def test_what_a_cell_left_is_a_network_to_all_of_archlang(notebook: Notebook) -> None:
    notebook.run(TINY.format(options="--quiet"))
    code = (
        "import archlang as a; m = a.load(Tiny, classes=3)\n"
        "print([a.summary(n).params for n in (Tiny, Tiny.graph(), Tiny(), m)],"
        " a.network(Tiny, classes=3).params, a.sizes(Tiny).nearest(28),"
        " a.draw(Tiny).__class__.__name__)"
    )
    good, _, text = notebook.run(code)
    params, three = 8 * 9 + 8 + 8 * 28 * 28 * 10 + 10, 8 * 9 + 8 + 8 * 28 * 28 * 3 + 3
    shown = f"[{params}, {params}, {params}, {three}] {three}"
    assert good and text.startswith(shown) and text.strip().endswith("Figure"), text
    good, _, text = notebook.run("a.summary(m, classes=3)")
    assert not good and "what is built has its own" in text
    good, _, text = notebook.run("a.summary(5)")
    assert not good and "not as int" in text


def test_mistakes_that_python_meets_are_shown_without_our_frames(notebook: Notebook) -> None:
    notebook.run(TINY.format(options="--quiet"))
    good, _, text = notebook.run("1 + 1\nTiny(classes=-1)")
    assert not good and "line 2: Tiny(classes=-1)" in text and "<cell" in text
    assert "Traceback" not in text and "/archlang/" not in text
    good, _, text = notebook.run("Tiny(4)")
    assert not good and "write" not in text and "by name: Tiny(classes=4)" in text


def test_a_cell_that_has_no_figure_says_why(notebook: Notebook) -> None:
    _, _, text = notebook.run("%%arch\nnetwork P(n):\n    input 1x8x8\n    conv(n, 3x3)\n")
    assert "P is defined" in text and "P, n=…" in text
    assert notebook.run("archlang = __import__('archlang'); archlang.summary(P, n=4)")[0]
    block = "block Unit(C):\n    conv(C, 3x3)\n"
    assert "no other cell finds Unit" in notebook.run(f"%%arch\n{block}")[2]
    assert 'use Unit from "units.arch"' in notebook.run(f"%%arch units.arch\n{block}")[2]
