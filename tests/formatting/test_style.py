"""The style, rule by rule: what is written, and what becomes of it."""

from __future__ import annotations

import pytest

from archlang.diagnostics.model import SpecError
from archlang.formatting import format_text

from .checks import hold_good_format


def body(text: str) -> str:
    """The formatted lines of a body."""
    indented = "".join(f"    {line}\n" for line in text.split("\n"))
    header, *lines = format_text(f"block B:\n{indented}").split("\n")
    assert header == "block B:"
    return "\n".join(line[4:] for line in lines[:-1])


@pytest.mark.parametrize(
    ("written", "formatted"),
    [
        ("conv( 8,3x3,stride = 2 )->bn->relu", "conv(8, 3x3, stride=2) -> bn -> relu"),
        ("a+b*c//d ++ e", "a + b * c // d ++ e"),
        ("2 ** i", "2**i"),
        ("2 ** - i", "2**-i"),
        ("- a", "-a"),
        ("x - - a", "x - -a"),
        ("f(- 1,k = + 2)", "f(-1, k=+2)"),
        ("W ∘ x", "W∘x"),
        ("W @ x", "W@x"),
        ("project( bn ) ∘ x", "project(bn)∘x"),
        ("x . channels", "x.channels"),
        ("e [ i+1 ] = x", "e[i + 1] = x"),
        ("a,b=split( 2 )", "a, b = split(2)"),
        ("relu:64x56x56", "relu : 64x56x56"),
        ("y = relu :64x56x56", "y = relu : 64x56x56"),
        ("input left :3x8x8", "input left: 3x8x8"),
        ("input[3,8,8]", "input [3, 8, 8]"),
        ("dense 3 :conv(8):8x3x3", "dense 3: conv(8) : 8x3x3"),
        ("if(a):relu", "if (a): relu"),
        ("not(a)", "not (a)"),
        ("a if(b)else(c)", "a if (b) else (c)"),
        ("a<b<=c!=d", "a < b <= c != d"),
        ("for i,(c,n)in enumerate(y):relu", "for i, (c, n) in enumerate(y): relu"),
        ("[a for i in y if i>0]", "[a for i in y if i > 0]"),
        ("f(a,)", "f(a)"),
        ("[1,2,]", "[1, 2]"),
        ("((a))", "((a))"),
        ("1_000 + .5 + 2.5e-3", "1_000 + .5 + 2.5e-3"),
        ("assert a,'why'", 'assert a, "why"'),
        ("assert a, 'say \"hi\"'", "assert a, 'say \"hi\"'"),
        (r"assert a, 'it\'s'", r"assert a, 'it\'s'"),
        ("remove   short \t skips  except a.b , c*", "remove short skips except a.b, c*"),
        ("replace all skips :W @ Z", "replace all skips: W@Z"),
        ("adapt  conv1 :sum", "adapt conv1: sum"),
        ("weights  torchvision 'v1'", 'weights torchvision "v1"'),
        ("output  aux=x  when  training", "output aux = x when training"),
        ("a \\\n  -> b", "a -> b"),
        ("f(a,\n  b)", "f(a, b)"),
        ("a#tight", "a  # tight"),
        ("a #", "a  #"),
        ("a  #! kept", "a  #! kept"),
        ("a  ## kept", "a  ## kept"),
        ("a #   He et al.", "a  #   He et al."),
    ],
)
def test_blanks(written: str, formatted: str) -> None:
    assert body(written) == formatted
    assert body(formatted) == formatted


LONG = "a" * 30
_FEW, _MORE = map(str, range(25)), map(str, range(25, 40))
HARD = {
    "a pipe, as words in a sentence": (
        f"{LONG} -> bn -> {LONG} -> relu -> {LONG} -> relu",
        f"{LONG} -> bn -> {LONG} -> relu \\\n    -> {LONG} -> relu",
    ),
    "the header of a body": (
        f"if {LONG} and {LONG} and {LONG}:\n    relu",
        f"if {LONG} and {LONG} \\\n        and {LONG}:\n    relu",
    ),
    "a call": (
        f"f({LONG}, k={LONG}, l={LONG})",
        f"f(\n    {LONG},\n    k={LONG},\n    l={LONG},\n)",
    ),
    "a list that is all of a call": (
        f"f([{LONG}, {LONG}, {LONG}])",
        f"f([\n    {LONG},\n    {LONG},\n    {LONG},\n])",
    ),
    "numbers": (
        f"f([{', '.join(map(str, range(40)))}])",
        f"f([\n    {', '.join(map(str, range(25)))},\n"
        f"    {', '.join(map(str, range(25, 40)))},\n])",
    ),
    "a group": (
        f"x * ({LONG} -> {LONG} -> {LONG})",
        f"x * (\n    {LONG} -> {LONG}\n    -> {LONG}\n)",
    ),
    "a comprehension": (
        f"[{LONG} + {LONG} for i, n in {LONG} if n]",
        f"[\n    {LONG} + {LONG}\n    for i, n in {LONG} if n\n]",
    ),
    "a call with comments stays broken": (
        "f(  # on\n a, # a\n # own\n  b\n # last\n) -> bn",
        "f(  # on\n    a,  # a\n    # own\n    b,\n    # last\n) -> bn",
    ),
    "comments at odd places": (
        "f(a  # one\n , # two\n b + # three\n c)",
        "f(\n    a,  # one\n    # two\n    b +  # three\n        c,\n)",
    ),
    "what cannot be broken": ("a" * 120, "a" * 120),
    "a long comment": (f"relu  # {LONG * 4}", f"relu  # {LONG * 4}"),
}


@pytest.mark.parametrize("case", HARD)
def test_long_lines(case: str) -> None:
    written, formatted = HARD[case]
    assert body(written) == formatted
    assert body(formatted) == formatted


def test_comments_stay_aligned_where_they_were() -> None:
    assert body("a        # 1\nbcd(e)   # 2\nf # 3") == "a       # 1\nbcd(e)  # 2\nf  # 3"
    assert body("ab  # 1\nc+d  # 2") == "ab  # 1\nc + d  # 2", "not so far off, not meant"
    assert body("a     # 1\n\nbcd   # 2") == "a  # 1\n\nbcd  # 2", "not below each other"


def test_comments_go_to_the_body_they_are_indented_as() -> None:
    text = "block B:\n  if a:\n    x\n    # inner\n  # body\n# outer\nlet a = 1\n"
    assert format_text(text) == (
        "block B:\n    if a:\n        x\n        # inner\n    # body\n\n# outer\nlet a = 1\n"
    )


def test_blank_lines() -> None:
    text = (
        "\n\nlet a = 1\nlet b = 2\nblock B:\n\n\n  x\n\n\n\n  y\nlet c = 3\n\n\n\nlet d = 4\n\n\n"
    )
    assert format_text(text) == (
        "let a = 1\nlet b = 2\n\nblock B:\n    x\n\n    y\n\nlet c = 3\n\n\nlet d = 4\n"
    )
    about = "let a = 1\n# about B\nblock B:\n  x\n# about c\nlet c = 1\n"
    assert format_text(about) == (
        "let a = 1\n\n# about B\nblock B:\n    x\n\n# about c\nlet c = 1\n"
    )


def test_documentation_moves_with_its_quotes() -> None:
    text = "block B:\n  '''Said\n  so,\n\n    twice  \n  '''\n  x\n"
    assert format_text(text) == (
        'block B:\n    """Said\n    so,\n\n      twice  \n    """\n    x\n'
    )
    tab = 'block B:\n  """Said\n  a\tb"""\n  x\n'
    assert format_text(tab) == 'block B:\n    """Said\n    a     b"""\n    x\n'
    tabs = 'block B:\n\t"""Said\n\tso"""\n\tx\n'
    assert format_text(tabs) == 'block B:\n    """Said\n    so"""\n    x\n'
    escaped = 'block B:\n\t"""Said\n\tso \\\n\tand so"""\n\tx\n'
    outcome = hold_good_format(escaped)
    assert outcome == 'block B:\n    """Said\n        so \\\n\\tand so"""\n    x\n'


def test_foreign_text() -> None:
    assert format_text("\ufeffblock B:\r\n\tx->y\r\n") == "block B:\n    x -> y\n"
    assert format_text("block B:\n    \fx\n\f\n") == "block B:\n    x\n"
    assert format_text("") == ""
    assert format_text("\n \n") == ""
    assert format_text("     \\\nnetwork N:\n    input 784\n") == "network N:\n    input 784\n"
    assert format_text("block B:\r\r\n  \r\n\tx\r\n") == "block B:\n    x\n"
    assert format_text("let a = 1if true else 2.5e3if b else 3\n").startswith("let a = 1 if true")
    assert format_text("# only this") == "# only this\n"
    wide = f'    f("{"漢" * 30}", "{"漢" * 20}")'
    assert len(wide) < 100
    assert format_text(f"block B:\n{wide}\n").count("\n") == 5, "wide characters take two columns"


def test_ascii() -> None:
    text = "block B:\n    W∘x + 1  # W∘x\n"
    assert format_text(text, ascii=True) == "block B:\n    W@x + 1  # W∘x\n"


def test_mistakes_are_raised_all_of_them() -> None:
    with pytest.raises(SpecError) as raised:
        format_text("block B:\n    conv(8 3)\n    x\n    y = = z\n", "b.arch")
    assert len(raised.value.diagnostics) == 2
    assert "b.arch:2:12" in str(raised.value)
