"""The page in a real browser: it follows saves, and never mixes what belongs to two of them."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from archlang.graph import Graph
from archlang.watching import Watcher, serve
from archlang.watching.edition import Edition
from archlang.watching.editor import Editor
from tests.watching.conftest import GOOD, shown

BROKEN = (
    "network Net:\n    input 1x28x28\n    conv({n}, 3x3) -> nonsense{n}\n    flatten -> fc(10)\n"
)
UNREADABLE = (
    "network Net:\n    input 1x28x28\n    conv({n}, 3x3 -> nonsense{n}\n    flatten -> fc(10\n"
)
ZOO = Path(__file__).parents[2] / "specs"
# Every state that the page goes through: what is drawn, said, and written, at the same moment.
RECORD = """
window.seen = [];
new MutationObserver(() => window.seen.push({
  drawn: document.querySelector('#figure svg')?.textContent ?? '',
  said: document.querySelector('#problems').textContent,
  text: document.querySelector('#source').textContent,
  stale: document.querySelector('#drawing').classList.contains('stale'),
})).observe(document.documentElement, {attributes: true, attributeFilter: ['data-version']});
"""


def drawn(page: Any) -> str:
    return page.locator("#figure svg").text_content()


def replace(path: Path, text: str) -> None:
    """As an editor does that saves by renaming."""
    aside = path.with_name("aside.tmp")
    aside.write_text(text, "utf-8")
    aside.replace(path)


def settled(page: Any, text: str) -> None:
    """Wait until the page shows a text."""
    page.locator("#source", has_text=text).wait_for()


def test_a_save_is_shown_within_half_a_second(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    times: list[float] = []
    for n in (16, 24, 32, 40, 48):
        spec.write_text(GOOD.format(n=n), "utf-8")
        start = perf_counter()
        page.locator("#figure svg", has_text=f"3×3 conv, {n}").wait_for()
        times.append(perf_counter() - start)
    assert sorted(times)[2] < 0.5, times


def follow(page: Any, spec: Path, saves: range) -> list[float]:
    """Save again and again, hold what the page shows against it; seconds from save to page."""
    page.evaluate(RECORD)
    good, times = 8, list[float]()
    for save in saves:
        n = 100 + save
        kind = (GOOD, BROKEN, GOOD, UNREADABLE, BROKEN)[save % 5]
        good = n if kind is GOOD else good
        write = replace if save % 2 else lambda p, t: p.write_text(t, "utf-8")
        start = perf_counter()
        write(spec, kind.format(n=n))
        settled(page, f"conv({n}, 3x3")
        times.append(perf_counter() - start)
        assert f"3×3 conv, {good}" in drawn(page)
        said = page.locator("#problems").text_content()
        assert (said == "") if kind is GOOD else (f"nonsense{n}" in said), said
        assert bool(page.locator("#drawing.stale").count()) is (kind is not GOOD)
    for state in page.evaluate("window.seen"):
        consistent(state)
    return times


def consistent(state: dict[str, Any]) -> None:
    """What one moment showed belongs to one version."""
    written = re.search(r"conv\((\d+)", state["text"])
    if written is None:
        return  # between truncating and writing
    n = written[1]
    broken = "nonsense" in state["text"]
    assert state["stale"] is broken, state
    if broken:
        assert f"nonsense{n}" in state["said"], state
        assert f"conv, {n}" not in state["drawn"], state
    else:
        assert state["said"] == "" and f"3×3 conv, {n}" in state["drawn"], state


def test_twenty_saves(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    follow(page, spec, range(20))


@pytest.mark.slow
def test_two_hundred_saves(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    times = follow(page, spec, range(50))
    before = kept(page)
    times += follow(page, spec, range(50, 200))
    after = kept(page)
    print(f"\nsave to page: median {median(times):.3f} s, worst {max(times):.3f} s")
    print(f"kept after 50 and 200 saves: {before} and {after}")
    assert median(times) < 0.5, times
    for kind, count in after.items():
        assert count <= before[kind] * 1.2 + 3, (before, after)


def kept(page: Any) -> dict[str, int]:
    """What lives on after saves: versions and graphs here, nodes and listeners in the page."""
    browser = page.context.new_cdp_session(page)
    browser.send("HeapProfiler.collectGarbage")
    found = dict[str, int](browser.send("Memory.getDOMCounters"))
    browser.detach()
    gc.collect()
    living = [type(thing) for thing in gc.get_objects()]
    return found | {kind.__name__: living.count(kind) for kind in (Edition, Graph)}


def test_saves_faster_than_anyone_can_follow(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    page.evaluate(RECORD)
    for n in range(100, 160):
        (BROKEN if n % 3 else GOOD).format(n=n)
        spec.write_text((BROKEN if n % 3 else GOOD).format(n=n), "utf-8")
    spec.write_text(GOOD.format(n=999), "utf-8")
    page.locator("#figure svg", has_text="conv, 999").wait_for()
    for state in page.evaluate("window.seen"):
        consistent(state)


def test_a_file_that_vanishes_and_comes_back(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    spec.unlink()
    page.locator("#banner", has_text="The file is gone").wait_for()
    assert "3×3 conv, 8" in drawn(page)
    assert "no such file" in page.locator("#problems").text_content()
    assert page.title().startswith("✗")
    spec.write_text(GOOD.format(n=12), "utf-8")
    page.locator("#figure svg", has_text="conv, 12").wait_for()
    page.locator("#banner").wait_for(state="hidden")


def test_same_size_same_second(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    before = spec.stat()
    spec.write_text(GOOD.format(n=9), "utf-8")
    os.utime(spec, ns=(before.st_atime_ns, before.st_mtime_ns))
    page.locator("#figure svg", has_text="conv, 9").wait_for()


def test_a_used_file_is_followed(page: Any, tmp_path: Path) -> None:
    part = tmp_path / "part.arch"
    part.write_text("block Part():\n    conv(8, 3x3) -> relu\n", "utf-8")
    spec = tmp_path / "net.arch"
    spec.write_text('use Part from "part.arch"\nnetwork Net:\n    input 1x8x8\n    Part\n', "utf-8")
    with serve(spec) as watcher:
        shown(page, watcher)
        part.write_text("block Part():\n    conv(12, 3x3) -> relu\n", "utf-8")
        page.locator("#figure svg", has_text="conv, 12").wait_for()
        part.unlink()
        page.locator("#problems", has_text="part.arch").wait_for()
        part.write_text("block Part():\n    conv(16, 3x3) -> relu\n", "utf-8")
        page.locator("#figure svg", has_text="conv, 16").wait_for()


def test_hover_and_click(page: Any, watcher: Watcher) -> None:
    shown(page, watcher)
    box = page.locator("g.archlang-box", has_text="3×3 conv, 8")
    box.hover()
    tip = page.locator("#tip").inner_text()
    for fact in ("conv1", "conv(8, 3x3) -> relu", "1x28x28 → 6272", "80", "56,448", "3 pixels"):
        assert fact in tip
    box.click()
    assert page.locator("#source li.marked").get_attribute("data-line") == "3"
    page.locator("#source li", has_text="conv(8").locator(".end", has_text="8x28x28").wait_for()


def test_click_starts_the_editor(page: Any, spec: Path, tmp_path: Path) -> None:
    script = tmp_path / "editor"
    out = tmp_path / "asked"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > "{out}.tmp" && mv "{out}.tmp" "{out}"\n')
    script.chmod(0o755)
    with serve(spec, editor=Editor((str(script), "-g", "{file}:{line}"))) as watcher:
        shown(page, watcher)
        with page.expect_response(re.compile("open")) as answer:
            page.locator("g.archlang-box", has_text="fc, 10").click()
        assert answer.value.json() == {"opened": True}
        for _ in range(50):
            page.wait_for_timeout(20)
            if out.exists():
                break
        assert out.read_text() == f"-g|{spec}:4|"


def test_fold_and_unfold_lasts_over_saves(page: Any, tmp_path: Path) -> None:
    spec = tmp_path / "resnet.arch"
    text = (ZOO / "resnet.arch").read_text("utf-8")
    spec.write_text(text, "utf-8")
    with serve(spec, "ResNet50") as watcher:
        shown(page, watcher)
        page.locator('g.archlang-box[data-unit="layer1.1"]').click()
        frame = page.locator('g.archlang-frame[data-unit="layer1.1"]')
        frame.wait_for()
        assert page.locator('g.archlang-box[data-unit="layer1.2"]').count()
        spec.write_text(text + "# saved again\n", "utf-8")
        settled(page, "saved again")
        page.wait_for_selector('html[data-version="2"]', state="attached")
        assert frame.count()
        frame.locator(".sign").click()
        frame.wait_for(state="detached")
        page.locator('g.archlang-box[data-unit="layer1.1"]').focus()
        page.keyboard.press("Enter")
        frame.wait_for()
        page.locator("#reset").click()
        frame.wait_for(state="detached")


def test_zoom_drag_and_fit(page: Any, watcher: Watcher) -> None:
    shown(page, watcher)
    svg = page.locator("#figure svg")
    whole = svg.get_attribute("viewBox")
    page.mouse.move(400, 500)
    page.mouse.wheel(0, -300)
    near = [float(n) for n in svg.get_attribute("viewBox").split()]
    assert near[2] < float(whole.split()[2])
    page.mouse.down()
    page.mouse.move(460, 540, steps=4)
    page.mouse.up()
    moved = [float(n) for n in svg.get_attribute("viewBox").split()]
    assert moved[0] < near[0] and moved[1] < near[1] and moved[2] == near[2]
    page.locator("[data-zoom=fit]").click()
    assert svg.get_attribute("viewBox") == whole


def test_chooser_views_and_themes(page: Any) -> None:
    with serve(ZOO / "resnet.arch") as watcher:
        shown(page, watcher)
        page.locator("#network").select_option("ResNet34")
        page.locator("#figure svg", has_text="ResNet34").wait_for()
        before = page.locator("g.archlang-box").count()
        page.locator("[data-view=overview]").click()
        page.locator("[data-view=overview][aria-pressed=true]").wait_for()
        page.wait_for_timeout(400)
        assert page.locator("g.archlang-box").count() < before
        page.locator("#theme").click()
        page.locator('#figure svg > rect[fill="#16191D"]').wait_for()
        page.locator("#tab-summary").click()
        page.locator("#rows").select_option("layer")
        page.locator('#summary tr[data-path="layer4.2.conv2"]').wait_for()


def test_nothing_of_a_spec_becomes_markup(page: Any, tmp_path: Path) -> None:
    spec = tmp_path / "<img src=x onerror=window.harm=1>.arch"
    doc = '"""<script>window.harm=1</script><img src=x onerror=window.harm=1>"""'
    spec.write_text(f"network Net:\n    {doc}\n    input 1x8x8\n    relu -> <b>\n", "utf-8")
    with serve(spec) as watcher:
        shown(page, watcher)
        spec.write_text(f"network Net:\n    {doc}\n    input 1x8x8\n    relu\n", "utf-8")
        page.locator("#figure svg").wait_for()
        page.locator("g.archlang-box").first.hover()
        assert page.evaluate("window.harm") is None
        assert page.locator("img").count() == 0


ODD = (
    b"network A:\r\n\tinput 1x8x8\r\n\trelu\r\n",
    b"\xef\xbb\xbfnetwork A:\n    input 1x8x8\n    relu  # \xf0\x9f\x92\xa1\n",
    b"\xff\xfe\x00",
    b"",
)


@pytest.mark.parametrize("data", ODD, ids=("CRLF and tabs", "BOM and emoji", "no UTF-8", "empty"))
def test_odd_bytes(page: Any, tmp_path: Path, data: bytes) -> None:
    spec = tmp_path / "odd.arch"
    spec.write_bytes(data)
    with serve(spec) as watcher:
        shown(page, watcher)
        fine = b"network" in data
        assert bool(page.locator("#figure svg").count()) is fine
        assert bool(page.locator("#problems pre").count()) is not fine


def test_the_page_says_that_the_watch_has_ended(page: Any, watcher: Watcher) -> None:
    shown(page, watcher)
    watcher.close()
    page.locator("#status", has_text="ended").wait_for()


def test_what_is_wrong_is_underlined(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    spec.write_text('network Net:\n    input 1x8x8\n    "👋" relu\n    reluu  # 漢字\n', "utf-8")
    page.locator("#source li.error .wrong", has_text="reluu").wait_for()
    marked = page.locator("#source li[data-line='4'] .wrong").all_text_contents()
    assert marked == ["reluu"]


OPEN = "network Net(width):\n    input 1x28x28\n    conv(width, 3x3)\n"
OTHER = "\nnetwork Other:\n    input 1x8x8\n    conv({n}, 3x3)\n"


@pytest.mark.parametrize("text", ["", "net", "block B(C):\n    conv(C, 3x3)\n"])
def test_the_last_figure_stays_while_there_is_no_network(
    page: Any, watcher: Watcher, spec: Path, text: str
) -> None:
    shown(page, watcher)
    spec.write_text(text, "utf-8")
    page.locator("#banner", has_text="the last good figure").wait_for()
    assert "3×3 conv, 8" in drawn(page)


def test_a_network_that_needs_a_parameter(page: Any, spec: Path) -> None:
    spec.write_text(OPEN, "utf-8")
    with serve(spec) as watcher:
        shown(page, watcher)
        page.locator("#banner", has_text="net.arch:Net --set width=…").wait_for()
    spec.write_text(OPEN + OTHER.format(n=4), "utf-8")
    with serve(spec, "Net") as watcher:
        shown(page, watcher)
        page.locator("#banner", has_text="Net needs width").wait_for()
        assert page.locator("#network option:disabled").text_content() == "Net needs width"
    with serve(spec, parameters={"width": 6}) as watcher:  # of the network that knows it
        shown(page, watcher)
        assert "3×3 conv, 6" in drawn(page)


def test_a_network_that_is_renamed_is_followed(page: Any, spec: Path) -> None:
    spec.write_text(GOOD.format(n=8) + OTHER.format(n=4), "utf-8")
    with serve(spec) as watcher:
        shown(page, watcher)
        page.locator("#network").select_option("Other")
        page.locator("#figure svg", has_text="conv, 4").wait_for()
        for name, width in (("Another", 5), ("Other", 6)):
            text = GOOD.format(n=8) + OTHER.format(n=width).replace("Other", name)
            spec.write_text(text, "utf-8")
            page.locator("#figure svg", has_text=f"conv, {width}").wait_for()
            assert page.locator("#network").input_value() == name


def test_a_failed_assertion_keeps_no_figure_back(page: Any, watcher: Watcher, spec: Path) -> None:
    shown(page, watcher)
    spec.write_text(GOOD.format(n=32) + "    assert params == 7\n", "utf-8")
    page.locator("#problems", has_text="params == 7").wait_for()
    assert "3×3 conv, 32" in drawn(page)
    assert not page.locator("#drawing.stale").count()
