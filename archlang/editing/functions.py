"""The functions and measures of the language in a few words, for hover, completion and calls."""

from __future__ import annotations

from typing import NamedTuple


class FunctionHelp(NamedTuple):
    """How a function is called, and what it gives."""

    parameters: tuple[str, ...]
    doc: str


FUNCTION_HELP: dict[str, FunctionHelp] = {
    "range": FunctionHelp(
        ("start", "stop", "step=1"), "Whole numbers from `start` up to, not including, `stop`."
    ),
    "enumerate": FunctionHelp(("list", "start=0"), "The items of a list, each with its number."),
    "zip": FunctionHelp(("list", "list"), "Items of several lists side by side."),
    "len": FunctionHelp(("list",), "How many items a list has."),
    "min": FunctionHelp(("a", "b"), "The least of several numbers, or of a list."),
    "max": FunctionHelp(("a", "b"), "The greatest of several numbers, or of a list."),
    "sum": FunctionHelp(("list",), "The sum of a list."),
    "abs": FunctionHelp(("number",), "A number without its sign."),
    "round": FunctionHelp(("number", "digits=0"), "The nearest number with so many digits."),
    "int": FunctionHelp(("number",), "A number without what stands behind the point."),
    "floor": FunctionHelp(("number",), "The greatest whole number that is not greater."),
    "ceil": FunctionHelp(("number",), "The least whole number that is not less."),
    "sqrt": FunctionHelp(("number",), "The square root."),
    "log2": FunctionHelp(("number",), "The logarithm to base 2."),
    "reversed": FunctionHelp(("list",), "A list from its end to its start."),
}

METRIC_HELP: dict[str, str] = {
    "params": "Trainable parameters of the whole network.",
    "macs": "Multiplications of convolutions and linear maps for one sample, in evaluation.",
    "depth": "Weighted layers on the longest path to the main output.",
    "receptive_field": "Pixels of the input that a unit of the last map sees on each axis.",
    "input": "The shape of the (first) input.",
    "output": "The shape of the main output.",
}
