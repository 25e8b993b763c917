"""What mkdocs does beyond Markdown: math without scripts, pages from outside docs, `.arch` code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changes.md": "CHANGELOG.md",
}
FOLDERS = ("specs", "examples/transfer", "examples/depth")
FENCE = re.compile(r"^(```+)([\w-]*)[^\n]*\n.*?^\1[ ]*$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"\$`([^`]+)`\$")
OUTSIDE = re.compile(r"\]\((?:\.\./)+([^)#]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages from outside docs: the project's own, and the sources linked to."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for folder in FOLDERS:
        files.append(File.generated(config, home(folder), content=listing(ROOT / folder)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrites a page for the site, its code left as it is."""
    depth = page.file.src_uri.count("/")
    mended = outside_code(markdown, lambda text: prose(text, "../" * depth))
    return FENCE.sub(block, mended)


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """The page with everything but its fenced blocks changed."""
    parts: list[str] = []
    end = 0
    for fence in FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(markdown[end:])])


def prose(text: str, up: str) -> str:
    """Math becomes MathML, links to files outside docs lead to their pages here."""
    text = INLINE.sub(lambda found: convert(found[1]), text)
    text = text.replace("](ARCHITECTURE.md)", "](architecture.md)")
    return OUTSIDE.sub(lambda found: f"]({target(found[1], up)})", text)


def block(fence: re.Match[str]) -> str:
    """A displayed formula as MathML; other blocks in a language that the highlighter knows."""
    if fence[2] == "math":
        body = fence[0].partition("\n")[2].rpartition("\n")[0]
        return f'<div class="formula">{convert(body.strip(), display="block")}</div>'
    language = "arch" if fence[2].startswith("arch-") else fence[2]
    return fence[0].replace(f"{fence[1]}{fence[2]}", f"{fence[1]}{language}", 1)


def target(path: str, up: str) -> str:
    """Where a source file is shown: on the page of its folder."""
    for folder in FOLDERS:
        if path == folder:
            return f"{up}{home(folder)}"
        if path.startswith(f"{folder}/"):
            return f"{up}{home(folder)}#{anchor(path.removeprefix(f'{folder}/'))}"
    return f"{up}{path}"


def home(folder: str) -> str:
    """The page of a folder."""
    return f"sources/{folder.replace('/', '-')}.md"


def anchor(name: str) -> str:
    """The anchor of a file on the page of its folder."""
    return re.sub(r"[^\w]+", "-", name)


def listing(folder: Path) -> str:
    """The page of a folder: its files in full, each under its name."""
    parts = [f"# {folder.relative_to(ROOT).as_posix()}\n"]
    for file in sorted(folder.iterdir()):
        if file.suffix in {".arch", ".py"}:
            language = "python" if file.suffix == ".py" else "arch"
            code = file.read_text(encoding="utf-8").strip()
            name = html.escape(file.name)
            parts += [
                f'## {name} {{ id="{anchor(file.name)}" }}\n',
                f"````{language}\n{code}\n````\n",
            ]
    return "\n".join(parts)
