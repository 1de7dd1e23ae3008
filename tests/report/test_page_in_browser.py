"""The browser's page, in a browser: everything that a reader can do with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import chromium
from playwright.sync_api import Browser, Locator, Page, expect
from report_cases import MAKERS, absolute, many_flags

from operators.aha_sectors.model import SEGMENT_NAMES
from operators.report import summary
from operators.report.page import write_page
from operators.series import StudyResult

pytestmark = pytest.mark.xdist_group("browser")

SECTOR = 8
"""Mid anteroseptal: in the slice that is shown first."""
CELL = f".eye:not([hidden]) .cell[data-segment='{SECTOR}']"
AREA = f"#right .area[data-segment='{SECTOR}'] .contour"
ROW = f"tr[data-segment='{SECTOR}']"
PARTS = ("#left", "#right", ".eye:not([hidden])", "tbody", ".charts")
"""Images, map, bull's-eye, table, curves."""
PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: write_page(make(), tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


class Watched:
    """A page and everything that went wrong in it."""

    def __init__(self, browser: Browser, file: Path, theme: str = "light") -> None:
        dark = theme == "dark"
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="dark" if dark else "light")
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._request)
        self.page.goto(file.as_uri())
        expect(self.page.locator(".bar")).to_be_visible()

    def _request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith(("file:", "data:")):
            self.wrong.append(url)


@pytest.fixture
def page(browser: Browser, files: dict[str, Path]) -> Iterator[Page]:
    watched = Watched(browser, files["absolute"])
    yield watched.page
    watched.page.close()
    assert watched.wrong == []


def film(page: Page) -> list[int]:
    shown: list[int] = page.locator("#left canvas").evaluate(PIXELS)
    assert any(shown)
    return shown


def frame(page: Page) -> int:
    return int(re.findall(r"\d+", page.locator("#now").inner_text())[0])


def lit(page: Page) -> dict[str, set[str]]:
    """Segments lit in each part of the page."""
    read = "nodes => nodes.map(node => node.dataset.segment)"
    return {part: set(page.locator(f"{part} .lit").evaluate_all(read)) for part in PARTS}


def everywhere(number: int) -> dict[str, set[str]]:
    return {part: {str(number)} for part in PARTS}


def box(part: Locator) -> tuple[float, float, float, float]:
    found = part.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_opens_from_disk_and_is_accessible(
    browser: Browser, files: dict[str, Path], name: str, theme: str
) -> None:
    watched = Watched(browser, files[name], theme)
    watched.page.keyboard.press("n")
    found = Axe().run(watched.page)
    watched.page.close()
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
    assert watched.wrong == []


def test_arrows_and_wheel_scroll_through_time(page: Page) -> None:
    first, begun = film(page), frame(page)
    page.keyboard.press("ArrowRight")
    assert frame(page) == begun + 1
    assert film(page) != first
    page.keyboard.press("ArrowLeft")
    assert film(page) == first
    page.locator("#left .screen").hover()
    page.mouse.wheel(0, 100)
    expect(page.locator("#now")).to_have_text(re.compile(f"^{begun + 1} of 24, "))
    page.locator("#time").fill("0")
    page.locator("#time").blur()
    page.keyboard.press("ArrowLeft")
    assert frame(page) == 1


def test_arrows_and_wheel_scroll_through_slices(page: Page) -> None:
    title = page.locator("#left h3")
    expect(title).to_have_text("stress, mid: motion-corrected images")
    first = film(page)
    page.keyboard.press("ArrowDown")
    expect(title).to_have_text("stress, apical: motion-corrected images")
    assert film(page) != first
    segments = page.locator("#left .area").evaluate_all("nodes => nodes.map(node => +node.dataset.segment)")
    assert segments == [13, 14, 15, 16]
    page.keyboard.press("ArrowDown")
    expect(title).to_have_text("stress, apical: motion-corrected images")
    page.locator("#left .screen").hover()
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Shift")
    expect(title).to_have_text("stress, mid: motion-corrected images")
    page.get_by_role("button", name="1 basal", exact=True).click()
    expect(title).to_have_text("stress, basal: motion-corrected images")


def test_space_plays_and_stops(page: Page) -> None:
    begun = frame(page)
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Pause")
    # Not a certain frame: on a slow machine it may have gone by between two looks.
    expect(page.locator("#now")).not_to_have_text(re.compile(f"^{begun} of 24, "))
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Play")
    stopped = frame(page)
    page.wait_for_timeout(300)
    assert frame(page) == stopped


def test_cursor_in_the_chart_goes_with_time(page: Page) -> None:
    cursor = page.locator(".chart[data-scan='0'] .cursor")
    places = []
    for _ in range(3):
        places.append(float(cursor.get_attribute("x1") or "nan"))
        page.keyboard.press("ArrowRight")
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], rel=1e-2)
    assert places[1] > places[0]
    drawn = "nodes => nodes.map(node => getComputedStyle(node).display !== 'none')"
    assert page.locator(".cursor").evaluate_all(drawn) == [True, False]
    page.keyboard.press("2")
    assert page.locator(".cursor").evaluate_all(drawn) == [False, True]


def test_contours_on_and_off(page: Page) -> None:
    stroke = "node => getComputedStyle(node).stroke"
    contour = page.locator("#left .area .contour").first
    drawn = contour.evaluate(stroke)
    assert drawn != "none"
    page.keyboard.press("c")
    assert contour.evaluate(stroke) == "none"
    expect(page.locator("#contours")).to_have_attribute("aria-pressed", "false")
    page.locator("#contours").click()
    assert contour.evaluate(stroke) == drawn


def test_level_and_width(page: Page) -> None:
    first = film(page)
    x, y, width, height = box(page.locator("#left .screen"))
    page.mouse.move(x + width / 2, y + height / 2)
    page.mouse.down()
    page.mouse.move(x + width / 2, y + height / 2 + 40, steps=3)
    page.mouse.up()
    darker = film(page)
    assert sum(darker) < sum(first)
    expect(page.locator("tr.lit")).to_have_count(0)
    page.keyboard.press("0")
    assert film(page) == first
    page.locator("#width").fill("1")
    grays = set(film(page))
    assert len(grays) <= 4
    page.locator("#reset").click()
    assert film(page) == first
    page.keyboard.press("]")
    assert sum(film(page)) < sum(first)


@pytest.mark.parametrize("part", [CELL, AREA, ROW])
def test_a_sector_pointed_at_is_lit_everywhere(page: Page, part: str) -> None:
    page.locator(part).hover()
    assert lit(page) == everywhere(SECTOR)
    page.locator("h1").hover()
    assert not any(lit(page).values())
    page.locator(part).click()
    page.locator("h1").hover()
    assert lit(page) == everywhere(SECTOR)
    page.keyboard.press("Escape")
    assert not any(lit(page).values())


@pytest.mark.parametrize("act", [Locator.hover, Locator.focus])
def test_a_sector_tells_its_flow_and_uncertainty(page: Page, act: Callable[[Locator], None]) -> None:
    act(page.locator(CELL))
    detail, readout = page.locator("#detail").inner_text(), page.locator("#readout").inner_text()
    for scan in absolute().scans:
        value = scan.sectors.by_sector[SECTOR]
        assert value is not None
        assert value.uncertainty is not None
        assert summary.interval(value, "mL/min/g") in detail
        for text in (f"{value.mean:.2f}", f"± {value.uncertainty:.2f}"):
            assert text in detail
            assert text in readout
    for text in (SEGMENT_NAMES[SECTOR], "endocardial", "MBF [mL/min/g]", "reserve"):
        assert text in detail


def test_a_sector_shows_samples_and_fit(page: Page) -> None:
    curve = page.locator(f".chart[data-scan='1'] .curve[data-segment='{SECTOR}']")
    shown = "node => getComputedStyle(node).visibility"
    parts = [curve.locator(part) for part in (".samples", ".fit")]
    assert [part.evaluate(shown) for part in parts] == ["hidden", "hidden"]
    page.locator(CELL).hover()
    assert [part.evaluate(shown) for part in parts] == ["visible", "visible"]
    measured, fitted = (part.evaluate("node => node.getBBox().height") for part in parts)
    assert fitted == pytest.approx(measured, rel=0.1)


def test_keys_go_from_sector_to_sector_and_its_slice(page: Page) -> None:
    page.keyboard.press("n")
    assert lit(page) == everywhere(1)
    expect(page.locator("#left h3")).to_have_text("stress, basal: motion-corrected images")
    page.keyboard.press("p")
    assert lit(page) == everywhere(16)
    page.locator(CELL).press("Enter")
    expect(page.locator(CELL)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#left h3")).to_have_text("stress, mid: motion-corrected images")


def test_stress_rest_reserve(page: Page) -> None:
    eye = page.locator(".eye:not([hidden]) svg")
    result = absolute()
    values = [scan.sectors.by_sector[1] for scan in result.scans]
    means = [f"{value.mean:.2f}" for value in values if value is not None]
    for key, name, text in zip(
        "123", ("stress", "rest", "reserve"), (*means, f"{result.reserve_by_sector[1]:.2f}"), strict=True
    ):
        page.keyboard.press(key)
        expect(eye).to_have_attribute("aria-label", f"Bull's-eye, {name}")
        expect(eye.locator("[data-segment='1'] text")).to_have_text(text)
        expect(page.locator("#views [aria-pressed='true']")).to_have_text(name)
    expect(page.locator("#left h3")).to_have_text("stress, mid: MBF [mL/min/g]")
    expect(page.locator("#right h3")).to_have_text("rest, mid: MBF [mL/min/g]")
    assert not page.locator("#play").is_visible()
    page.get_by_role("button", name="rest", exact=True).click()
    expect(page.locator("#left h3")).to_have_text("rest, mid: motion-corrected images")
    assert page.locator("#play").is_visible()


def test_territories_have_their_reserve(page: Page) -> None:
    shown = " ".join(page.locator(".card").last.inner_text().split())
    for name, value in absolute().reserve_by_territory.items():
        assert f"{name} {value:.2f}" in shown
        assert page.get_by_role("row", name=f"{name} territory").locator("td").last.inner_text() == f"{value:.2f}"


def test_nothing_is_cut_off_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_dark_and_light(page: Page) -> None:
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.keyboard.press("d")
    assert page.evaluate(ground) != light
    page.locator("#theme").click()
    assert page.evaluate(ground) == light


def test_relative_page_has_no_fit_and_no_reserve(browser: Browser, files: dict[str, Path]) -> None:
    page = Watched(browser, files["relative"]).page
    assert page.locator(".fit").count() == 0
    assert page.locator("#views button").all_inner_texts() == ["State unknown"]
    page.keyboard.press("2")
    page.keyboard.press("n")
    assert lit(page) == everywhere(1)
    assert "mL/min/g" not in page.content()
    page.close()


@pytest.mark.parametrize("make", [*MAKERS.values(), many_flags])
def test_prints_to_one_page_in_black_on_white(
    browser: Browser, tmp_path: Path, make: Callable[[], StudyResult]
) -> None:
    result = make()
    page = Watched(browser, write_page(result, tmp_path), "dark").page
    page.keyboard.press("n")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True, print_background=True)
    expect(page.locator(".stage").first).to_be_visible()
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".stage").first.is_visible()
    page.close()
    (paper,) = pypdf.PdfReader(tmp_path / "page.pdf").pages
    assert (float(paper.mediabox.width), float(paper.mediabox.height)) == pytest.approx((595, 842), abs=2)
    text = re.sub(r"\s+", " ", paper.extract_text())
    for flag in (*result.flags, *(flag for scan in result.scans for flag in scan.flags)):
        assert flag.message.strip() in text
    assert "research use only" in text.lower()
