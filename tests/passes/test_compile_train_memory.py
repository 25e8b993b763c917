"""Source for training: equal to the plain source to the last bit, in less memory."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from typer.testing import CliRunner

from archlang.backends.python import write_python
from archlang.backends.python.for_training import for_training
from archlang.backends.python.rerun import for_source
from archlang.cli.app import app
from archlang.compiler import graph as graph_of
from archlang.graph import Again, Graph
from archlang.measuring.live_storages import LiveStorages
from archlang.measuring.training_memory import training_memory
from archlang.passes.budget import Budget
from archlang.passes.recompute import Part, cheap_parts, whole_parts

from .test_recompute import NETWORKS, SPEC


class _Peak(LiveStorages):
    peak = 0

    def taken(self, address: int) -> None:
        self.peak = max(self.peak, self.alive)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "n.arch"
    path.write_text(SPEC)
    return path


def _chosen(parts: list[Part]) -> tuple[Again, ...]:
    return tuple(sorted((part.again for part in parts), key=lambda again: again.nodes))


def _cheap(graph: Graph) -> tuple[Again, ...]:
    return _chosen(cheap_parts(graph))


def _every_second(graph: Graph) -> tuple[Again, ...]:
    return _chosen(for_source(graph, cheap_parts(graph)[::2]))


def _settled(graph: Graph) -> tuple[Again, ...]:
    return _chosen(for_source(graph, cheap_parts(graph)))


def _blocks(graph: Graph) -> tuple[Again, ...]:
    return _chosen(for_source(graph, whole_parts(graph)[0]))


def _largest(graph: Graph) -> tuple[Again, ...]:
    return _chosen(for_source(graph, whole_parts(graph)[-1]))


CHOICES = (_cheap, _every_second, _settled, _blocks, _largest)


def _made(source: str, name: str) -> nn.Module:
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    return namespace[name]()


def _both(graph: Graph, again: tuple[Again, ...]) -> tuple[nn.Module, nn.Module]:
    plain = _made(write_python(graph), graph.name)
    other = _made(write_python(replace(graph, again=again)), graph.name)
    assert list(plain.state_dict()) == list(other.state_dict())
    other.load_state_dict(plain.state_dict())
    return plain, other


def _run(module: nn.Module, graph: Graph, steps: int = 2) -> list[Tensor | None]:
    """Outputs, gradients and statistics after some steps."""
    torch.manual_seed(1)
    shapes = [graph.nodes[number].shape for number in graph.inputs]
    inputs = [torch.randn(3, *shape, requires_grad=True) for shape in shapes]
    found: list[Tensor | None] = []
    for _ in range(steps):
        results = [t for t in tree_leaves(module(*inputs)) if isinstance(t, Tensor)]
        found += [t.detach() for t in results]
        sum((t * torch.linspace(-1, 1, t.numel()).view_as(t)).sum() for t in results).backward()  # pyright: ignore[reportAttributeAccessIssue]  # a sum of tensors is one
    return [
        *found,
        *(t.grad for t in (*module.parameters(), *inputs)),
        *module.state_dict().values(),
    ]


def _equal(a: list[Tensor | None], b: list[Tensor | None]) -> bool:
    return len(a) == len(b) and all(
        (s is None and t is None) or (s is not None and t is not None and torch.equal(s, t))
        for s, t in zip(a, b, strict=True)
    )


def _peak(module: nn.Module, graph: Graph, batch: int) -> int:
    """Bytes of a step, as the module itself takes them, with its parameters."""
    module.to("meta")
    known = [*module.parameters(), *module.buffers()]
    ledger = _Peak(known)
    with ledger:
        inputs = [torch.empty(batch, *graph.nodes[n].shape, device="meta") for n in graph.inputs]
        result = module(*inputs)
        result.backward(torch.empty_like(result))
    return ledger.peak + sum(t.untyped_storage().nbytes() for t in known)


@pytest.mark.parametrize("choose", CHOICES)
@pytest.mark.parametrize("network", [*NETWORKS, "Untracked"])
def test_equal_to_the_plain_source(
    spec: Path, network: str, choose: Callable[[Graph], tuple[Again, ...]]
) -> None:
    graph = graph_of(f"{spec}:{network}")
    again = choose(graph)
    assert again
    plain, other = _both(graph, again)
    assert "run_again(" in write_python(replace(graph, again=again))
    assert _equal(_run(plain, graph), _run(other, graph))
    assert _equal(_run(plain.eval(), graph), _run(other.eval(), graph))


@pytest.mark.parametrize("network", ["UNet", "DenseNet121", "ResNet18", "GoogLeNet"])
@pytest.mark.parametrize("choose", [_settled, _blocks])
def test_the_zoo_is_written_with_its_names(
    network: str, choose: Callable[[Graph], tuple[Again, ...]]
) -> None:
    graph = graph_of(network)
    with torch.device("meta"):
        plain = _made(write_python(graph), graph.name)
        other = _made(write_python(replace(graph, again=choose(graph))), graph.name)
    assert list(plain.state_dict()) == list(other.state_dict())


def test_a_batch_is_noted_once(spec: Path) -> None:
    """A canary: without the copies of what norms note, it is noted twice."""
    graph = graph_of(f"{spec}:Dense")
    source = write_python(replace(graph, again=_settled(graph)))
    plain = _made(write_python(graph), "Dense")
    noted = "(nullcontext(), AsItWas(modules))"
    assert noted in source
    broken = _made(source.replace(noted, "(nullcontext(), nullcontext())"), "Dense")
    broken.load_state_dict(plain.state_dict())
    assert not _equal(_run(plain, graph), _run(broken, graph))


def test_the_source_needs_torch_alone(spec: Path) -> None:
    graph = graph_of(f"{spec}:Dense")
    tree = ast.parse(write_python(replace(graph, again=_settled(graph))))
    rooms = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    rooms |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    outside = {room for room in rooms if room and room.partition(".")[0] != "torch"}
    assert outside == {"collections.abc", "contextlib", "typing"}


def test_a_dense_block_stays_a_loop(spec: Path) -> None:
    graph = graph_of(f"{spec}:Dense")
    source = write_python(replace(graph, again=_settled(graph)))
    assert "features.append(layer(features))" in source
    assert "run_again(self._until_conv1, *features, using=[self.bn1])" in source


@pytest.mark.parametrize(
    ("network", "part"),
    [("ResNet18", 0.88), pytest.param("DenseNet121", 0.8, marks=pytest.mark.slow)],
)
def test_it_takes_what_was_predicted(network: str, part: float) -> None:
    graph = graph_of(network)
    plain = training_memory(graph, 4).peak
    done = for_training(graph, Budget(int(plain * part), 4)).graph
    with torch.device("meta"):
        module = _made(write_python(done), network)
    assert done.again
    taken, predicted = _peak(module, graph, 4), training_memory(done, 4).peak
    assert 0.95 * predicted <= taken <= 1.005 * predicted
    assert taken <= plain * part


# ── the command ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    Path("n.arch").write_text(SPEC)
    return lambda *words: CliRunner().invoke(
        app, ["compile", "n.arch:Dense", *words], catch_exceptions=False
    )


def test_the_command_writes_what_runs_again(cli: Any, tmp_path: Path) -> None:
    result = cli("--train-memory", "1650KB", "--batch", "16")
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "a step of 16 samples takes 1.44 MB of 1.65 MB, instead of 1.88 MB" in said
    assert "channels-last – left out of source" in said
    assert "run_again(" in (tmp_path / "build/dense.py").read_text()
    verified = cli("--train-memory", "1650KB", "--batch", "16", "--to", "py")
    assert verified.exit_code == 0 and "0.0e+00" in verified.stdout


def test_where_it_fits_anyway_the_source_is_plain(cli: Any, tmp_path: Path) -> None:
    assert cli().exit_code == 0
    plain = (tmp_path / "build/dense.py").read_text()
    result = cli("--train-memory", "8GB", "--batch", "2")
    assert result.exit_code == 0 and "nothing has to run again" in result.stdout
    assert (tmp_path / "build/dense.py").read_text() == plain
    assert cli("--optimize", "training").exit_code == 0
    assert (tmp_path / "build/dense.py").read_text() == plain


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--train-memory", "8GB"), "add --batch 32"),
        (("--batch", "8"), "add --train-memory 8GB"),
        (("--train-memory", "lots", "--batch", "8"), "lots"),
        (("--train-memory", "8GB", "--batch", "0"), "at least one sample"),
        (("--train-memory", "8GB", "--batch", "8", "--optimize", "inference"), "leave out"),
        *(
            (("--train-memory", "8GB", "--batch", "8", "--to", to), "only source (.py) is for")
            for to in ("onnx", "pt2", "aoti", "safetensors", "py,onnx")
        ),
        (("--optimize", "training", "-o", "net.pt2"), "only source (.py) is for training"),
    ],
)
def test_refused(cli: Any, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = cli(*words)
    assert result.exit_code != 0
    assert said in " ".join(result.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["n.arch"]


def test_a_budget_that_cannot_be_met(cli: Any, tmp_path: Path) -> None:
    result = cli("--train-memory", "10KB", "--batch", "64")
    assert result.exit_code == 1
    assert "E0905" in result.stderr
    assert not (tmp_path / "build").exists()
