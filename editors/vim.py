"""The vocabulary as a Vim syntax file, for Neovim and Vim without tree-sitter."""

from __future__ import annotations

from collections.abc import Iterable

from editors.vocabulary import Vocabulary

_HEADER = """\
" The colours of .arch files; written by `python -m editors.generate`.
if exists("b:current_syntax")
  finish
endif

"""
_FOOTER = r'''
syntax match archSize "\v<%(\d+|[A-Z])%(x%(\d+|[A-Z]))+>"
syntax match archNumber "\v<\d[0-9_]*%(\.\d[0-9_]*)?%([eE][+-]?\d+)?>"
syntax match archOperator "\v-\>|\+\+|\*\*|//|[!=<>]\=|[-+*/%∘@<>=]"
syntax match archSoft "\v^\s*\zs%(adapt|weights)\ze\s+[A-Za-z_*\"']"
syntax match archUnit "\v<[A-Z]\w*>" contains=archSize
syntax match archDefined "\v%(<%(block|network)\s+)@<=\w+"
syntax match archAttribute "\v\.@<=\w+"
syntax match archComment "#.*$"
syntax region archString start=+"+ skip=+\\.+ end=+"+ oneline
syntax region archString start=+'+ skip=+\\.+ end=+'+ oneline
syntax region archDoc start=+"""+ skip=+\\.+ end=+"""+ keepend
syntax region archDoc start=+<triple>+ skip=+\\.+ end=+<triple>+ keepend

highlight default link archKeyword Keyword
highlight default link archSoft Keyword
highlight default link archWord Operator
highlight default link archConstant Constant
highlight default link archFunction Function
highlight default link archLayer Function
highlight default link archSize Number
highlight default link archNumber Number
highlight default link archOperator Operator
highlight default link archUnit Type
highlight default link archDefined Type
highlight default link archAttribute Identifier
highlight default link archComment Comment
highlight default link archString String
highlight default link archDoc Comment

let b:current_syntax = "arch"
'''


def vim_syntax(vocabulary: Vocabulary) -> str:
    """The text of `editors/neovim/syntax/arch.vim`."""
    v = vocabulary
    groups = {
        "archKeyword": {*v.heads, *v.runs, *v.phrases, "skips"},
        "archWord": {*v.words} - {"for", "if", "else"},
        "archConstant": {*v.booleans, *v.constants},
        "archFunction": {*v.functions},
        "archLayer": {*v.layers},
    }
    return (
        _HEADER
        + "".join(map(_keywords, groups, groups.values()))
        + _FOOTER.replace("<triple>", "'" * 3)
    )


def _keywords(group: str, words: Iterable[str]) -> str:
    return f"syntax keyword {group} {' '.join(sorted(words))}\n"
