"""Files to scopes: reads what `use` names, below the spec's folder or in the zoo, and no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archlang.diagnostics.catalog.limits import FileTooLarge, NestedTooDeeply
from archlang.diagnostics.catalog.names import (
    BoundTwice,
    CircularUse,
    OutsideFolder,
    UnknownImport,
)
from archlang.diagnostics.catalog.syntax import EmptyFile, NotText, UnreadableFile, WrongVersion
from archlang.diagnostics.model import Diagnostics, Fix, Label, Mistake
from archlang.diagnostics.suggest import closest
from archlang.semantics.builtins import builtins, what_is
from archlang.semantics.deep import deep_recursion
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.expand import let_value, set_default
from archlang.semantics.limits import Budget, Unresolved
from archlang.semantics.resolve import check_names
from archlang.semantics.values import UNKNOWN, Env, Unit
from archlang.semantics.workshop import Workshop
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.parse import MAX_BYTES, parse_partly
from archlang.zoo import zoo_folder

LANGUAGE_VERSION = 1
ZOO = "zoo/"
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

    @property
    def networks(self) -> dict[str, Unit]:
        """Its networks by name, in the order of the file."""
        return {n: u for n, u in self.units.items() if isinstance(u.declaration, tree.Network)}


class Loader:
    """Reads files for one run of the compiler; each file once."""

    def __init__(self, sink: Diagnostics) -> None:
        self._sink = sink
        self._workshop = Workshop()
        self._modules: dict[Path, Module] = {}
        self._loading: list[Path] = []
        self._evaluator = Evaluator(Budget(), self._workshop)
        self._places: dict[tuple[int, str], Span] = {}
        """Where each file's names were given their meaning, by the file's scope."""

    def file(self, path: Path, name: str | None = None) -> Module:
        """The module of a spec; its folder is the root that `use` stays below."""
        source = Source(name or str(path), "", path)
        try:
            source = read(path, name or str(path), Span(source, 0, 0))
        except Mistake as mistake:
            self._sink.report_mistake(mistake, Span(source, 0, 0))
            return Module(source, Env(builtins()), whole=False)
        return self._main(self._module(source, path.resolve().parent))

    def text(self, source: Source) -> Module:
        """The module of a text that lies in no file; it may use the zoo."""
        return self._main(self._module(source, None))

    def _main(self, module: Module) -> Module:
        """The file that is compiled has to define something; one that is only used need not."""
        if module.whole and not module.defines:
            self._sink.report(EmptyFile(), Span(module.source, 0, 0))
        return module

    def _module(self, source: Source, root: Path | None) -> Module:
        path = source.path.resolve() if source.path else None
        if path is not None and path in self._modules:
            return self._modules[path]
        module = Module(source, Env(builtins(), {}), workshop=self._workshop)
        if path is not None:
            self._loading.append(path)
        with deep_recursion():
            file, unread = parse_partly(source, self._sink)
            if file is None:
                module.whole = False
            elif unread:
                module.whole = False
                self._check_rest(file, unread)
            else:
                module.defines = any(isinstance(d, _DEFINING) for d in file.definitions)
                self._define(file, module, root)
                check_names(file, module.env, self._sink)
        if path is not None:
            self._loading.pop()
            self._modules[path] = module
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

    def _define(self, file: tree.File, module: Module, root: Path | None) -> None:
        for definition in file.definitions:
            try:
                self._definition(definition, module, root)
                continue
            except Mistake as mistake:
                self._sink.report_mistake(mistake, definition.span)
            except RecursionError:
                self._sink.report(NestedTooDeeply(), definition.span)
            except Unresolved:
                pass  # what it depends on is reported already
            if isinstance(definition, tree.Let):
                module.env.names.setdefault(definition.name.id, UNKNOWN)

    def _definition(self, definition: tree.Definition, module: Module, root: Path | None) -> None:
        env = module.env
        match definition:
            case tree.Version():
                if definition.number != LANGUAGE_VERSION:
                    problem = WrongVersion(number=definition.number, known=LANGUAGE_VERSION)
                    raise Mistake(problem, definition.span)
            case tree.Use():
                self._use(definition, module, root)
            case tree.Let():
                value = let_value(definition, Env(env, env.defaults), self._evaluator)
                self._bind(definition.name, value, env)
            case tree.Default():
                set_default(definition, env, self._evaluator)
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

    def _use(self, use: tree.Use, module: Module, root: Path | None) -> None:
        try:
            other = self._used_module(use, module.source, root)
        except Mistake:
            for _, here in use.names:
                module.env.names.setdefault(here.id, UNKNOWN)
            raise
        for there, here in use.names:
            value = other.env.names.get(there.id)
            if value is None:
                if other.whole:
                    self._unknown_import(use, there, other)
                value = UNKNOWN
            self._bind(here, value, module.env)

    def _unknown_import(self, use: tree.Use, there: tree.Name, other: Module) -> None:
        near = closest(there.id, other.units)
        problem = UnknownImport(name=there.id, file=str(use.file.value), suggestion=near)
        fix = Fix(there.span, near) if near else None
        self._sink.report(problem, there.span, fix=fix)

    def _used_module(self, use: tree.Use, user: Source, root: Path | None) -> Module:
        text = str(use.file.value)
        path, root = self._locate(text, user, root, use.file.span)
        if path in self._loading:
            chain = [p.name for p in self._loading[self._loading.index(path) :]]
            raise Mistake(CircularUse(chain=(*chain, path.name)), use.file.span)
        if path in self._modules:
            return self._modules[path]
        return self._module(read(path, _shown(path, text, user), use.file.span), root)

    def _locate(
        self, text: str, user: Source, root: Path | None, span: Span
    ) -> tuple[Path, Path | None]:
        """The file that `use` names, and the folder it has to stay below."""
        if "\0" in text:
            raise Mistake(OutsideFolder(file=text.replace("\0", "\\0")), span)
        if text.startswith(ZOO):
            folder = zoo_folder().resolve()
            path = (folder / text.removeprefix(ZOO)).resolve()
            if not path.is_relative_to(folder):
                raise Mistake(OutsideFolder(file=text), span)
            return path, folder
        if user.path is None or root is None:
            raise Mistake(OutsideFolder(file=text), span)
        path = (user.path.resolve().parent / text).resolve()
        if not path.is_relative_to(root):
            raise Mistake(OutsideFolder(file=text), span)
        return path, root


def _shown(path: Path, text: str, user: Source) -> str:
    """How diagnostics call a used file: beside the name of the file that uses it."""
    if text.startswith(ZOO):
        return text
    return str(Path(user.name).parent / text)


def read(path: Path, name: str, at: Span) -> Source:
    """The text of a spec.

    Raises:
        Mistake: no such file, a folder, not permitted, too large or not UTF-8.
    """
    try:
        if path.is_dir():
            raise Mistake(UnreadableFile(file=name, reason="it is a folder"), at)
        if path.suffix != ".arch":
            reason = "the name of a spec ends in .arch"
            raise Mistake(UnreadableFile(file=name, reason=reason), at)
        if path.exists() and not path.is_file():  # a pipe or a device would never end
            raise Mistake(UnreadableFile(file=name, reason="it is no regular file"), at)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Mistake(FileTooLarge(size=path.stat().st_size, limit=MAX_BYTES), at)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        missing = isinstance(error, FileNotFoundError)
        reason = "there is no such file" if missing else _reason(error)
        near = _near(path) if missing else None
        problem = UnreadableFile(file=name, reason=reason, suggestion=near)
        raise Mistake(problem, at) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise Mistake(NotText(offset=error.start, byte=byte), at) from None
    return Source(name, text, path)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or "it cannot be read"


def _near(path: Path) -> str | None:
    """A spec of a similar name in the same folder."""
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix == ".arch"]
    except OSError:
        return None
    return closest(path.name, names)
