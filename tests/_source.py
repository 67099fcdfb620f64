"""What the tests of the house read in the source: modules and their imports."""

import ast
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = "skmtl"


@dataclass(frozen=True)
class Import:
    """One imported name, as the module that imports it sees it."""

    importer: str
    target: str  # dotted; of `from a import b`, "a.b"
    line: int
    late: bool = False  # inside a function, or for type checkers only
    star: bool = False

    def __str__(self):
        return f"{self.importer}, line {self.line}: import of {self.target}"


@dataclass(frozen=True)
class Module:
    """One source file under its dotted name."""

    name: str
    tree: ast.Module
    is_package: bool = False


def module_name(path, root=REPOSITORY):
    """Dotted name of a source file; a package is its `__init__.py`."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source_modules():
    """All modules of the package."""
    return [
        Module(
            module_name(path),
            ast.parse(path.read_text(encoding="utf-8"), str(path)),
            path.name == "__init__.py",
        )
        for path in sorted((REPOSITORY / PACKAGE).rglob("*.py"))
    ]


def imports_of(module):
    """Every import of a module, those inside functions included."""
    finder = _ImportFinder(module)
    finder.visit(module.tree)
    return finder.found


def resolve(target, names):
    """The module of `names` that an import reaches, or None if it is foreign."""
    while target:
        if target in names:
            return target
        target = target.rpartition(".")[0]
    return None


class _ImportFinder(ast.NodeVisitor):
    def __init__(self, module):
        self.module = module
        self.depth = 0
        self.found = []

    def _add(self, node, target, star=False):
        late = self.depth > 0
        self.found.append(Import(self.module.name, target, node.lineno, late, star))

    def _visit_late(self, node):
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_late

    def visit_If(self, node):
        # type checkers read these imports, the interpreter never runs them
        if "TYPE_CHECKING" in ast.dump(node.test):
            self._visit_late(node)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            self._add(node, alias.name)

    def visit_ImportFrom(self, node):
        base = node.module or ""
        if node.level:
            parts = self.module.name.split(".")
            up = node.level - self.module.is_package
            base = ".".join([*parts[: len(parts) - up], *filter(None, [node.module])])
        for alias in node.names:
            star = alias.name == "*"
            self._add(node, base if star else f"{base}.{alias.name}", star)

    def visit_Call(self, node):
        called = ast.unparse(node.func).rpartition(".")[2]
        named = node.args and isinstance(node.args[0], ast.Constant)
        if called in {"import_module", "__import__"} and named:
            self._add(node, str(node.args[0].value))
        self.generic_visit(node)
