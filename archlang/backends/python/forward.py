"""The body of a forward function: steps become statements, and small steps one expression.

Order is kept: a result is written into the statement that takes it only if nothing runs in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlang.backends.python.bodies import Body, Builder
from archlang.backends.python.expressions import Operand, Write, write
from archlang.backends.python.fusing import Fusing, Pending
from archlang.backends.python.layout import Atom, Doc, Group, call, flat, lay, prefixed
from archlang.backends.python.locals import Flow, Locals
from archlang.backends.python.loops import Loop, loop_at
from archlang.backends.python.parts import Key, Part, Parts, Step
from archlang.backends.python.rerun import Held, is_steady
from archlang.backends.python.terms import CALL, INFIX, folded

FEATURES = "features"
"""The variable for what a dense block made so far."""


class Forward:
    """Writes the forward function of one class."""

    def __init__(
        self,
        parts: Parts,
        builder: Builder,
        body: Body,
        literal: Write,
        reserved: frozenset[str],
    ) -> None:
        self._parts = parts
        self._builder = builder
        self._whole = body
        self._body, self._held = body.folded()
        self._literal = literal
        self._reserved = reserved
        self._flow = Flow(parts, self._body.steps, body.results)
        self._fusing = Fusing(parts, self._flow)
        self.locals = Locals(self._flow, reserved)
        self.methods: dict[str, list[str]] = {}
        """The functions for the steps that run again, by their names; there once it is written."""
        self._pending: list[Pending] = []
        self._lines: list[str] = []
        self._indent = 0
        is_network = body.part.parent is None
        self._training = None if is_network else body.steps[0].training

    def lines(self, indent: int, arguments: Sequence[str]) -> list[str]:
        """The statements, for arguments of these names, ending with the return of one result."""
        self._begin(indent, arguments)
        last = self._pending[-1] if self._pending else None
        results = self._body.results
        if last is not None and len(results) == 1 and (last.key,) == results:
            self._flush(self._pending[:-1])
            self._lines += lay(prefixed("return ", last.doc), self._indent)
        else:
            self._flush(self._pending)
            names = [self.locals.names[key] for key in results]
            self._lines.append(" " * indent + f"return {', '.join(names)}")
        return self._lines

    def lines_before(self, indent: int, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
        """The statements without the return, and the names of the results."""
        self._begin(indent, arguments)
        self._flush(self._pending)
        return self._lines, [self.locals.names[key] for key in self._body.results]

    def _begin(self, indent: int, arguments: Sequence[str]) -> None:
        self._indent = indent
        for key, name in zip(self._body.taken, arguments, strict=True):
            if name == FEATURES:
                self._join(key)
            else:
                self.locals.name_input(key, name)
        steps, i = self._body.steps, 0
        while i < len(steps):
            self._switch(steps[i].training, indent)
            loop = loop_at(self._parts, steps, i)
            if loop is not None:
                self._loop(loop, i)
                i = loop.stop
            else:
                self._step(steps[i], i)
                i += 1
        self._switch(self._training, indent)

    def _switch(self, training: str | None, indent: int) -> None:
        """Enter or leave the steps that run only while training."""
        inside = training != self._training
        if inside == (self._indent > indent):
            return
        self._flush(self._pending)
        if inside:
            self._lines.append(" " * indent + "if self.training:")
        self._indent = indent + 4 * inside

    def _join(self, key: Key) -> None:
        """Make one tensor of what a dense block made so far, where somebody takes it."""
        name = self.locals.name_input(key, "x")
        taken = [k for i, s in enumerate(self._body.steps) if i not in self._held for k in s.inputs]
        if key in (*taken, *self._body.results):
            self._lines.append(" " * self._indent + f"{name} = joined({FEATURES})")

    # ── steps ────────────────────────────────────────────────────────────────────────────────

    def _step(self, step: Step, i: int) -> None:
        if i in self._held:
            self._again(self._held[i], i)
            return
        module = self._parts.module_of(step)
        if module is not None and module.mode == "dense":
            self._dense(step, module, i)
            return
        overwriting = module is None and i in self._body.overwrites and not self._is_term(step)
        self._flush(self._fusing.unfusable(self._pending, step, overwriting))
        fused = {p.key: p for p in self._pending if p.key in step.inputs}
        self._pending = [p for p in self._pending if p.key not in fused]
        reads = tuple(r for k in step.inputs for r in (fused[k].reads if k in fused else (k,)))
        docs = [self._operand(key, fused) for key in step.inputs]
        if module is not None:
            doc, binds = call(self.access(module), *[d for d, _ in docs]), CALL
        elif overwriting:
            self._add_in_place(step, docs, reads)
            return
        elif i in self._body.functions:
            doc, binds = self._function(i, docs)
        else:
            doc, binds = folded(self._builder.fold_of(step), docs)
        if len(step.outputs) == 1 and not self._gives_tuple(step):
            self._pending.append(Pending(step.outputs[0], doc, binds, reads, step, i))
        else:
            self._unpack(step, doc, reads, i)

    def _is_term(self, step: Step) -> bool:
        """Whether a sum begins with a term that waits: then it is one expression, and no `+=`."""
        return any(p.key == step.inputs[0] and p.binds < CALL for p in self._pending)

    def _operand(self, key: Key, fused: dict[Key, Pending]) -> tuple[Doc, int]:
        if key in fused:
            return fused[key].doc, fused[key].binds
        return Atom(self.locals.names[key]), CALL

    def _function(self, i: int, docs: list[tuple[Doc, int]]) -> tuple[Doc, int]:
        made = self._body.functions[i]
        if made.target in INFIX and len(made.arguments) == 2:
            sides = [
                docs[g.value.index or 0]
                if isinstance(g.value, Operand)
                else (write(g.value, self._literal), CALL)
                for g in made.arguments
            ]
            return folded(made.target, sides)
        return write(made, self._literal, [flat(d) for d, _ in docs]), CALL

    def _gives_tuple(self, step: Step) -> bool:
        return step.node is not None and isinstance(step.node.op.infer(*_shapes(step))[0], tuple)

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def _flush(self, pending: Sequence[Pending]) -> None:
        """Write results into variables."""
        done = list(pending)
        self._pending = self._pending[len(done) :]
        for p in done:
            dying = self.locals.release(p.reads)
            name = self.locals.assign(p.key, dying, p.at)
            self._lines += lay(prefixed(f"{name} = ", p.doc), self._indent)

    def _add_in_place(
        self, step: Step, docs: list[tuple[Doc, int]], reads: tuple[Key, ...]
    ) -> None:
        self._flush(self._pending)
        dying = self.locals.release(reads)
        name = self.locals.overwrite(step.outputs[0], step.inputs[0], dying)
        for doc, _ in docs[1:]:
            self._lines += lay(prefixed(f"{name} += ", doc), self._indent)

    def _unpack(self, step: Step, doc: Doc, reads: tuple[Key, ...], i: int) -> None:
        self._flush(self._pending)
        dying = self.locals.release(reads)
        names: list[str] = []
        for number, key in enumerate(step.outputs, 1):
            if not self._flow.uses[key]:
                names.append("_")
                continue
            names.append(self.locals.name_part(key, number))
        for key in dying:
            self.locals.names.pop(key)
        target = f"({names[0]},)" if len(names) == 1 else ", ".join(names)
        self._lines += lay(prefixed(f"{target} = ", doc), self._indent)

    def _loop_variable(self, step_inputs: tuple[Key, ...], source: Key, result: Key, i: int) -> str:
        """The variable a loop carries on; it starts as the input of the first round."""
        before = self.locals.names[source]
        dying = self.locals.release(step_inputs)
        name = self.locals.assign(result, dying, i)
        if name != before:
            self._lines.append(" " * self._indent + f"{name} = {before}")
        return name

    def _loop(self, loop: Loop, i: int) -> None:
        self._flush(self._pending)
        pad = " " * self._indent
        kept = [self.locals.names[key] for key in loop.kept]
        # the other operands are read in every round, so none of them may give up its name
        name = self._loop_variable((loop.source,), loop.source, loop.result, i)
        operands = [name if key is None else kept.pop(0) for key in loop.pattern]
        self._lines.append(f"{pad}for layer in {self.access(loop.container)}:")
        self._lines.append(f"{pad}    {name} = layer({', '.join(operands)})")
        rest = [key for step in self._body.steps[i : loop.stop] for key in step.inputs]
        for key in self.locals.release([k for k in rest if k in loop.kept]):
            self.locals.names.pop(key)

    def _dense(self, step: Step, module: Part, i: int) -> None:
        self._flush(self._pending)
        pad = " " * self._indent
        name = self._loop_variable(step.inputs, step.inputs[0], step.outputs[0], i)
        self._lines += [
            f"{pad}{FEATURES} = [{name}]",
            f"{pad}for layer in {self.access(module)}:",
        ]
        if all(layer.gathers for layer in module.children.values()):
            self._lines.append(f"{pad}    {FEATURES}.append(layer({FEATURES}))")
            self._lines.append(f"{pad}{name} = torch.cat({FEATURES}, dim=1)")
        else:
            self._lines.append(f"{pad}    {FEATURES}.append(layer({name}))")
            self._lines.append(f"{pad}    {name} = torch.cat({FEATURES}, dim=1)")

    # ── what runs again ──────────────────────────────────────────────────────────────────────

    def _again(self, part: Held, i: int) -> None:
        """`x = run_again(self._until_conv1, x, using=[self.bn1])`."""
        self._flush(self._pending)
        step = part.step
        names = [self.locals.names[key] for key in step.inputs]
        given = [f"*{FEATURES}"] if self._gathers(part) else names
        if step.call is not None:
            module = self._parts.at(step.call.path)
            assert module is not None, "a call is that of a module"
            given = [self.access(module), *given]
        else:
            given = [f"self.{self._method(part)}", *given, *self._using(part)]
        doc = call("run_again", *map(Atom, given))
        if len(step.outputs) == 1:
            self._pending.append(Pending(step.outputs[0], doc, CALL, step.inputs, step, i))
        else:
            self._unpack(step, doc, step.inputs, i)

    def _gathers(self, part: Held) -> bool:
        """Whether a part begins by joining what a dense block made so far."""
        return self._body.part.gathers and part.step.inputs == self._body.taken

    def _method(self, part: Held) -> str:
        """Write the function that runs the steps; its name."""
        body = self._whole.within(part)
        name = wanted = f"_until_{body.step_names[-1]}"
        while name in self.methods:
            name = f"{wanted}_{sum(known.startswith(wanted) for known in self.methods) + 1}"
        self.methods[name] = []  # the name is taken from here on
        inner = Forward(self._parts, self._builder, body, self._literal, self._reserved)
        names = [name_of(n, "x") for n in range(len(body.taken))]
        declared = [f"{name}: Tensor" for name in names]
        if self._gathers(part):
            names, declared = [FEATURES], [f"*{FEATURES}: Tensor"]
        count = len(body.results)
        returned = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
        head = Group(f"def {name}(", tuple(map(Atom, ["self", *declared])), f") -> {returned}:")
        self.methods[name] = [*lay(head, 4), *inner.lines(8, names)]
        return name

    def _using(self, part: Held) -> list[str]:
        """The modules that have to be as they were; nothing if that is all of the class."""
        steps = self._whole.steps[part.start : part.stop]
        if len(steps) == len(self._whole.steps):
            return []
        found = dict.fromkeys(
            self.access(module)
            for step in steps
            if (module := self._parts.module_of(step)) and not is_steady(self._parts, module)
        )
        return [f"using=[{', '.join(found)}]"]

    def access(self, part: Part) -> str:
        """How the class reaches a module: `self.layer1`, `self.x0[1]`."""
        if part is self._body.part:
            return "self"
        assert part.parent is not None
        above = self.access(part.parent)
        match part.parent.mode:
            case "list":
                return f"{above}[{part.name}]"
            case "dict":
                return f'{above}["{part.name}"]'
            case _:
                return f"{above}.{part.name}"


def name_of(number: int, wanted: str) -> str:
    """The name of the first argument, the second, …: `x`, `x2`, …"""
    return f"{wanted}{number + 1}" if number else wanted


def _shapes(step: Step) -> tuple[tuple[int, ...], ...]:
    assert step.node is not None
    return tuple(t.shape for t in step.node.inputs)
