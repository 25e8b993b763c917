"""archlang: a language for neural network architectures, compiled to PyTorch.

```python
import archlang

model = archlang.load("ResNet50", classes=10)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlang.analysis.sizes.legal import sizes
    from archlang.analysis.summary import summary
    from archlang.compiler import check, check_text
    from archlang.diagnostics.model import SpecError
    from archlang.figures import draw
    from archlang.given import network
    from archlang.loading import load
    from archlang.measuring.gradients import gradients
    from archlang.optimising import optimize, passes_report
    from archlang.targets.export import export
    from archlang.training import param_groups
    from archlang.weights.exporting import torchvision_state_dict
    from archlang.weights.report import weights_report
    from archlang.weights.saving import save

__all__ = [
    "SpecError",
    "check",
    "check_text",
    "draw",
    "export",
    "gradients",
    "load",
    "network",
    "optimize",
    "param_groups",
    "passes_report",
    "save",
    "sizes",
    "summary",
    "torchvision_state_dict",
    "weights_report",
]
__version__ = "0.1.0"

_HOMES = {
    "SpecError": ("archlang.diagnostics.model", "SpecError"),
    "check": ("archlang.compiler", "check"),
    "check_text": ("archlang.compiler", "check_text"),
    "draw": ("archlang.figures", "draw"),
    "gradients": ("archlang.measuring.gradients", "gradients"),
    "load": ("archlang.loading", "load"),
    "network": ("archlang.given", "network"),
    "param_groups": ("archlang.training", "param_groups"),
    "torchvision_state_dict": ("archlang.weights.exporting", "torchvision_state_dict"),
    "weights_report": ("archlang.weights.report", "weights_report"),
    "optimize": ("archlang.optimising", "optimize"),
    "passes_report": ("archlang.optimising", "passes_report"),
    "sizes": ("archlang.analysis.sizes.legal", "sizes"),
    "export": ("archlang.targets.export", "export"),
    "save": ("archlang.weights.saving", "save"),
    "summary": ("archlang.analysis.summary", "summary"),
}


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext archlang` does in a notebook: it brings the cell magic `%%arch`."""
    from archlang.notebook.magic import register

    register(ipython)


def __getattr__(name: str) -> Any:
    # `import archlang` stays cheap: the parser is imported when used, torch when a model is made.
    if name in _HOMES:
        from importlib import import_module

        module, attribute = _HOMES[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'archlang' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
