"""What to see on a page: which terms are those of the skips, and why they do not vanish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlang.analysis.skips import carried, skips
from archlang.chainrule.derive import Contribution, Derivation
from archlang.chainrule.letters import G
from archlang.chainrule.model import Cut, Expr, Grad, Number, Phrase, Product, Sign, Slope, Sum, Var
from archlang.chainrule.notes import Sentence, has_weights
from archlang.graph import Graph, Node, Skip, Tensor, shapes

_MOST = 3


def remarks_of(derivation: Derivation) -> list[Sentence]:
    """A sentence for each skip, at most three; none where no gradient takes a short cut."""
    inside = {n.id for n in derivation.part.nodes}
    found = [s for s in skips(derivation.part.graph) if s.merge in inside]
    plain = [s for s in found if s.kind != "dense"]
    said = [r for s in plain for r in _skip(derivation, s)][:_MOST]
    dense = dict.fromkeys(s.source for s in found if s.kind == "dense")
    return said + [r for source in list(dense)[:1] for r in _dense(derivation, source)]


def _skip(derivation: Derivation, skip: Skip) -> Iterator[Sentence]:
    source = derivation.letters.aliased(skip.source)
    terms = derivation.terms.get(source, [])
    term = next((t for t in terms if (skip.merge, skip.operand) in t.route), None)
    if term is None:
        term = _through(derivation.part.graph, skip, terms)
    if term is None or len(terms) < 2:
        return
    left = Grad(derivation.letters.names[source])
    head: Sentence = ("The term ", term.term, " of ", left, " is that of the skip")
    others = "the other terms are" if len(terms) > 2 else "the other term is"
    learned = any(_learns(derivation.part.graph.nodes[n]) for n, _ in term.route)
    yield (*head, *_why(term.term, skip, left, others, learned))


def _learns(node: Node) -> bool:
    """Whether a step is of what W is made of and has weights."""
    return node.role == "match" and bool(node.op.params(*shapes(node)))


def _why(term: Expr, skip: Skip, left: Grad, others: str, learned: bool) -> Sentence:
    signless = term.terms[0][1] if isinstance(term, Sum) and len(term.terms) == 1 else term
    if has_weights(term):
        passed = f"{skip.depth} layer{'s' if skip.depth > 1 else ''} with weights beside it"
        if not learned:
            return (
                f": it comes through the weights behind the merge, but not the {passed}, so that "
                "it keeps the gradient from vanishing on their way.",
            )
        return (
            ": it passes what ", Sign("W", "W"),
            f" is made of, and not the {passed}, so that it keeps the gradient "
            "from vanishing on their way.",
        )  # fmt: skip
    kept: Sentence = (". No weight stands in it: however small ", f"{others}, it keeps ", left)
    if isinstance(signless, (Var, Grad, Cut)):
        return (". It is what came back, unchanged: however small ", *kept[1:], " from vanishing.")
    gates = _gates(signless)
    if gates:
        return (*kept, " from vanishing as far as ", gates[0], " lets it through.")
    return (*kept, " from vanishing.")


def _gates(term: Expr) -> list[Expr]:
    """What a gradient is multiplied with that is no f' and no number."""
    factors = term.factors if isinstance(term, Product) else ()
    back = (Slope, Number, Grad)
    return [x for x in factors if not isinstance(x, back) and not _is_given(x)]


def _is_given(x: Expr) -> bool:
    return isinstance(x, Var) and x.symbol.letter == G


def _through(graph: Graph, skip: Skip, terms: Iterable[Contribution]) -> Contribution | None:
    """The term that comes through W, where W is made of layers of its own."""
    matching: set[int] = set()
    waiting: list[Tensor] = [graph.nodes[skip.merge].inputs[skip.operand]]
    while waiting:
        node = graph.producer(waiting.pop())
        if node.role == "match" and node.id not in matching:
            matching.add(node.id)
            waiting += carried(node)
    return next((t for t in terms if t.route and t.route[-1][0] in matching), None)


def _dense(derivation: Derivation, source: Tensor) -> Iterator[Sentence]:
    source = derivation.letters.aliased(source)
    terms = derivation.terms.get(source, [])
    if len(terms) < 2 or has_weights(terms[-1].term):
        return
    left = Grad(derivation.letters.names[source])
    last: tuple[Phrase, ...] = (terms[-1].term, " has passed no layer at all")
    yield (left, f" has a term from each of the {len(terms)} places that read it: ", *last, ".")
