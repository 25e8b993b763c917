"""How torchvision names the layers of the networks that it and the zoo both have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from archlang.graph import Graph, Node
from archlang.ops.activation import Identity
from archlang.ops.linear import FullyConnected
from archlang.ops.normalisation import BatchNorm
from archlang.ops.pooling import AdaptiveAvgPool
