"""Amounts of memory: units, their powers, and what is no amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlang.sizes_of_memory import UNITS, bytes_text, parse_bytes


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("8GB", 8_000_000_000),
        ("8GiB", 8 * 2**30),
        ("512MiB", 512 * 2**20),
        ("1.5 kb", 1500),
        (" 80gb ", 80 * 10**9),
        (".5TiB", 2**39),
        ("1B", 1),
        ("0.1GB", 100_000_000),
        ("2PB", 2 * 10**15),
    ],
)
def test_an_amount_is_read(text: str, amount: int) -> None:
    assert parse_bytes(text) == amount


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8", "of what"),
        ("", "no amount"),
        ("GB", "no amount"),
        ("-1GB", "no amount"),
        ("nanGB", "no amount"),
        ("1e3GB", "no amount"),
        ("infGB", "no amount"),
        ("8GBit", "no unit 'GBit'"),
        ("8G", "no unit 'G'"),
        ("8XB", "the units are B, KB, MB"),
        ("0GB", "less than a byte"),
        ("0.1B", "less than a byte"),
        ("٨GB", "no amount"),
        ("9" * 1000 + "GB", "no amount"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_bytes(text)
    assert len(str(caught.value)) < 120


@given(st.integers(1, 10**12), st.sampled_from(sorted(UNITS)))
def test_whole_numbers_are_exact(number: int, unit: str) -> None:
    assert parse_bytes(f"{number}{unit}") == number * UNITS[unit]


@given(st.integers(1, 10**18))
def test_what_is_written_can_be_read(amount: int) -> None:
    assert parse_bytes(bytes_text(amount).replace("\u00a0", " ")) == pytest.approx(
        amount, rel=0.006
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (7_412_000_000, "7.41 GB"),
        (10**19, "10000 PB"),
    ],
)
def test_an_amount_is_written(amount: int, text: str) -> None:
    assert bytes_text(amount).replace("\u00a0", " ") == text
