"""What a file says of itself: which network it is, built from what, written by which version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archlang import __version__
from archlang.weights.origin import Origin

if TYPE_CHECKING:
    from archlang.targets.job import Job


def metadata(job: Job) -> dict[str, str]:
    """By name; the hash is that of `archlang.save`, over the texts of the spec and the parameters.

    No path of a file is in it, so that equal networks give equal files.
    """
    facts = {"archlang.network": job.graph.name, "archlang.version": __version__}
    try:
        origin = Origin.of(job.graph)
    except TypeError:  # a parameter that cannot be written down
        return facts
    parameters = json.dumps(dict(origin.parameters), sort_keys=True)
    return facts | {"archlang.parameters": parameters, "archlang.hash": origin.hash}
