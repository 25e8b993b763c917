"""Files to scopes: reads what `use` names, below the spec's folder or in the zoo, and no other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath

from archlang.diagnostics.catalog.limits import NestedTooDeeply
from archlang.diagnostics.catalog.names import BoundTwice, CircularUse, UnknownImport
from archlang.diagnostics.catalog.syntax import EmptyFile, WrongVersion
from archlang.diagnostics.model import Diagnostics, Fix, Label, Mistake
from archlang.diagnostics.suggest import closest
from archlang.semantics.builtins import builtins, what_is
from archlang.semantics.deep import deep_recursion
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.expand import let_value, set_default
from archlang.semantics.limits import Budget, Unresolved
from archlang.semantics.places import Disk, Place, Shelf
from archlang.semantics.resolve import check_names
from archlang.semantics.values import UNKNOWN, Env, Unit
from archlang.semantics.workshop import Workshop
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.parse import parse_partly

LANGUAGE_VERSION = 1
_DEFINING = (tree.Use, tree.Block, tree.Network)


@dataclass
class Module:
    """A file that was read: its scope, and the networks and blocks it declares itself."""

    source: Source
    env: Env
    units: dict[str, Unit] = field(default_factory=dict[str, Unit])
    whole: bool = True
    """Whether it parsed."""
    workshop: Workshop = field(default_factory=Workshop, repr=False)
    """What the networks of this run share."""
    defines: bool = False
    """Whether it declares or uses any network or block."""
    place: Place | None = None
    """Where it lies; None for a text that lies nowhere."""
    name: str = ""
    """What it is called among the texts of a network, if it is the file that is compiled."""
    uses: dict[str, Module] = field(default_factory=dict[str, "Module"], repr=False)
    """The files it uses, by the texts behind `use`."""

    @property
    def networks(self) -> dict[str, Unit]:
        """Its networks by name, in the order of the file."""
        return {n: u for n, u in self.units.items() if isinstance(u.declaration, tree.Network)}


class Reading:
    """How texts are read; an editor, which reads the same ones again and again, has its own way."""

    def tree(self, source: Source, sink: Diagnostics) -> tuple[tree.File | None, frozenset[str]]:
        """As `parse_partly`."""
        return parse_partly(source, sink)

    def check(self, file: tree.File, env: Env, sink: Diagnostics) -> None:
        """As `check_names`."""
        check_names(file, env, sink)


class Loader:
    """Reads files for one run of the compiler; each file once."""

    def __init__(
        self, sink: Diagnostics, shelf: Shelf | None = None, reading: Reading | None = None
    ) -> None:
        self._sink = sink
        self._shelf = shelf or Disk()
        self._reading = reading or Reading()
        self._workshop = Workshop()
        self._modules: dict[PurePath, Module] = {}
        self._loading: list[PurePath] = []
        self._evaluator = Evaluator(Budget(), self._workshop)
        self._places: dict[tuple[int, str], Span] = {}
        """Where each file's names were given their meaning, by the file's scope."""

    def file(self, path: PurePath, name: str | None = None) -> Module:
        """The module of a spec; its folder is the root that `use` stays below."""
        source = Source(name or str(path), "")
        try:
            source = self._shelf.read(path, name or str(path), Span(source, 0, 0))
        except Mistake as mistake:
            self._sink.report_mistake(mistake, Span(source, 0, 0))
            return Module(source, Env(builtins()), whole=False)
        place = self._shelf.place(path)
        module = self._main(self._module(source, place))
        module.name = self._shelf.named(place)
        return module

    def text(self, source: Source) -> Module:
        """The module of a text that lies in no file; it may use the zoo."""
        return self._main(self._module(source, None))

    def _main(self, module: Module) -> Module:
        """The file that is compiled has to define something; one that is only used need not."""
        if module.whole and not module.defines:
            self._sink.report(EmptyFile(), Span(module.source, 0, 0))
        return module

    def _module(self, source: Source, place: Place | None) -> Module:
        if place is not None and place.path in self._modules:
            return self._modules[place.path]
        module = Module(source, Env(builtins(), {}), workshop=self._workshop, place=place)
        if place is not None:
            self._loading.append(place.path)
        with deep_recursion():
            file, unread = self._reading.tree(source, self._sink)
            if file is None:
                module.whole = False
            elif unread:
                module.whole = False
                self._check_rest(file, unread)
            else:
                module.defines = any(isinstance(d, _DEFINING) for d in file.definitions)
                self._define(file, module)
                self._reading.check(file, module.env, self._sink)
        if place is not None:
            self._loading.pop()
            self._modules[place.path] = module
        return module

    def _check_rest(self, file: tree.File, unread: frozenset[str]) -> None:
        """Check the names of what could be read; words of what could not may mean anything."""
        loose = Env(builtins())
        loose.names.update((w, UNKNOWN) for w in unread if w not in builtins().names)
        units = (tree.Block, tree.Network)
        readable = [d for d in file.definitions if isinstance(d, units) and d.name.id != "_"]
        env = Env(loose)
        for definition in file.definitions:
            match definition:
                case tree.Use():
                    env.names.update((here.id, UNKNOWN) for _, here in definition.names)
                case tree.Let() | tree.Block() | tree.Network():
                    env.names[definition.name.id] = UNKNOWN
                case _:
                    pass
        check_names(tree.File(file.source, tuple(readable)), env, self._sink)

    def _define(self, file: tree.File, module: Module) -> None:
        for definition in file.definitions:
            try:
                self._definition(definition, module)
                continue
            except Mistake as mistake:
                self._sink.report_mistake(mistake, definition.span)
            except RecursionError:
                self._sink.report(NestedTooDeeply(), definition.span)
            except Unresolved:
                pass  # what it depends on is reported already
            if isinstance(definition, tree.Let):
                module.env.names.setdefault(definition.name.id, UNKNOWN)

    def _definition(self, definition: tree.Definition, module: Module) -> None:
        env = module.env
        match definition:
            case tree.Version():
                if definition.number != LANGUAGE_VERSION:
                    problem = WrongVersion(number=definition.number, known=LANGUAGE_VERSION)
                    raise Mistake(problem, definition.span)
            case tree.Use():
                self._use(definition, module)
            case tree.Let():
                value = let_value(definition, Env(env, env.defaults), self._evaluator)
                self._bind(definition.name, value, env)
            case tree.Default():
                set_default(definition, env, self._evaluator)
            case tree.Block(unread=True):
                self._bind(definition.name, UNKNOWN, env)
            case tree.Block() | tree.Network():
                # Defaults hold for what follows them, so each declaration sees those before it.
                unit = Unit(definition, Env(env, env.defaults))
                self._bind(definition.name, unit, env)
                module.units[definition.name.id] = unit

    def _bind(self, name: tree.Name, value: object, env: Env) -> None:
        if what_is(name.id) is not None:
            return  # it keeps its meaning; that this is a mistake is reported with the names
        if name.id in env.names:
            first = self._places.get((id(env), name.id))
            labels = [] if first is None else [Label(first, "first given here")]
            raise Mistake(BoundTwice(name=name.id), name.span, labels)
        self._places[id(env), name.id] = name.span
        env.names[name.id] = value

    # ── use ──────────────────────────────────────────────────────────────────────────────────

    def _use(self, use: tree.Use, module: Module) -> None:
        try:
            other = self._used_module(use, module)
        except Mistake:
            for _, here in use.names:
                module.env.names.setdefault(here.id, UNKNOWN)
            raise
        for there, here in use.names:
            value = other.env.names.get(there.id)
            if value is None:
                if other.whole:
                    self._unknown_import(use, there, here, other)
                value = UNKNOWN
            self._bind(here, value, module.env)

    def _unknown_import(
        self, use: tree.Use, there: tree.Name, here: tree.Name, other: Module
    ) -> None:
        near = closest(there.id, other.units)
        problem = UnknownImport(name=there.id, file=str(use.file.value), suggestion=near)
        fix = Fix(there.span, _imported(near, there, here)) if near else None
        self._sink.report(problem, there.span, fix=fix)

    def _used_module(self, use: tree.Use, user: Module) -> Module:
        text = str(use.file.value)
        place = self._shelf.used(text, user.place, use.file.span)
        path = place.path
        if path in self._loading:
            chain = [p.name for p in self._loading[self._loading.index(path) :]]
            raise Mistake(CircularUse(chain=(*chain, path.name)), use.file.span)
        module = self._modules.get(path)
        if module is None:
            shown = self._shelf.shown(place, text, user.source)
            module = self._module(self._shelf.read(path, shown, use.file.span), place)
        user.uses[text] = module
        return module


def _imported(near: str, there: tree.Name, here: tree.Name) -> str:
    """What to import in the place of a name; under that name where the file goes on to use it."""
    if there.span != here.span:
        return near
    mentions = re.findall(rf"\b{re.escape(there.id)}\b", there.span.source.text)
    return f"{near} as {there.id}" if len(mentions) > 1 else near
