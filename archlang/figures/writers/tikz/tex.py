"""Text for TeX: what a spec says is shown letter by letter and never run as a command."""

from __future__ import annotations

import re
import unicodedata

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    '"': r"\symbol{34}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "]": "{]}",
    "\u00a0": "~",
}
"""`[`, `]` are braced since they would begin an option after a line's end."""

_SIGNS = {
    "−": "-", "→": r"\to", "←": r"\gets", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow",
    "↑": r"\uparrow", "↓": r"\downarrow", "∘": r"\circ", "⊕": r"\oplus", "⊗": r"\otimes",
    "⊖": r"\ominus", "⊙": r"\odot", "≥": r"\ge", "≤": r"\le", "≠": r"\ne", "≈": r"\approx",
    "≡": r"\equiv", "∼": r"\sim", "∞": r"\infty", "√": r"\surd", "∑": r"\sum", "∏": r"\prod",
    "∫": r"\int", "∂": r"\partial", "∇": r"\nabla", "∈": r"\in", "∉": r"\notin", "∀": r"\forall",
    "∃": r"\exists", "∅": r"\emptyset", "∪": r"\cup", "∩": r"\cap", "⊂": r"\subset",
    "∗": r"\ast", "⋅": r"\cdot", "∙": r"\bullet", "•": r"\bullet", "′": r"'", "⊤": r"\top",
    "⟨": r"\langle", "⟩": r"\rangle", "∥": r"\|", "⋯": r"\cdots",
}  # fmt: skip

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "varsigma": "ς", "tau": "τ",
    "upsilon": "υ", "varphi": "φ", "phi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

MATH = _SIGNS | {letter: f"\\{name}" for name, letter in _GREEK.items()}

KNOWN = frozenset("×·÷±²³¹µ°¡¿£¥§©®ª«¬¶º»¼½¾–—…“”‘’€™ŒœŠšŽžŸ") | {
    chr(c) for c in range(0xC0, 0x180) if chr(c) not in "ĦħĸĿŀŉŊŋŦŧſ"
}
"""What LaTeX itself, with the font encoding T1, knows beyond ASCII."""


def tex(text: str) -> str:
    """One line of text as TeX that shows it, whatever is in it.

    A character TeX has no sign for stands as it is; `strangers` finds those.
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    shown = "".join(_shown(c) for c in plain)
    # two hyphens, and two commas in T1, would be drawn as one sign
    return re.sub(r"([-,])(?=\1)", r"\1\\kern0pt", shown)


def strangers(texts: list[str]) -> list[str]:
    """The characters in lines for TeX that pdfTeX cannot show."""
    found = {c for text in texts for c in text if ord(c) > 126 and c not in KNOWN}
    return sorted(found)


def comment(text: str) -> str:
    """Text for the rest of a line after `%`, plain ASCII: nothing in it can end the line."""
    plain = unicodedata.normalize("NFKD", text.replace("×", "x"))
    letters = (c for c in re.sub(r"\s+", " ", plain) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in letters)


def _shown(c: str) -> str:
    if c in _COMMANDS:
        return _COMMANDS[c]
    if c in MATH:
        return f"${MATH[c]}$"
    if " " <= c <= "~" or c in KNOWN:
        return c
    if unicodedata.category(c) in ("Cc", "Cs"):
        return ""
    # what has no shape of its own (direction marks, joiners, accents) is named, not hidden
    return c if unicodedata.category(c)[0] in "LNPS" else rf"{{[}}U+{ord(c):04X}{{]}}"
