"""The configuration for Helix: what it names is there, and called as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from archlang.cli.app import app

EDITORS = Path(__file__).parents[2] / "editors"
LANGUAGE = {
    *("name", "scope", "injection-regex", "file-types", "roots", "comment-token", "indent"),
    *("rulers", "language-servers"),
}


def test_the_configuration_names_what_there_is() -> None:
    config = tomllib.loads((EDITORS / "helix/languages.toml").read_text(encoding="utf-8"))
    (language,), (grammar,) = config["language"], config["grammar"]
    assert set(language) == LANGUAGE
    (server,) = language["language-servers"]
    assert config["language-server"][server]["command"] == "archlang"
    (command,) = config["language-server"][server]["args"]
    assert command in {found.name for found in app.registered_commands}
    assert language["name"] == grammar["name"]
    folder = EDITORS / Path(grammar["source"]["path"]).name
    assert (folder / "src/parser.c").is_file()
    assert "tree_sitter_arch" in (folder / "src/parser.c").read_text(encoding="utf-8")
    assert (folder / "queries/highlights.scm").is_file()
