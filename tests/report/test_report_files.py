"""What people read: the page as PNG and PDF, and the page of the browser."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest
from builders import CANARIES, make_scan_result, make_study_result
from matplotlib.image import imread
from pypdf.generic import DictionaryObject
from report_cases import MAKERS, absolute, many_flags, relative

from operators.errors import OutputError
from operators.report.page import render
from operators.report.summary import interval
from operators.report.table import columns, rows
from operators.report.writing import write_report
from operators.series import QualityFlag, State, Statistics, StudyResult

FOREIGN = "$\\frac{1}{$ 東芝"
HOSTILE = "</script><script>alert('1')</script> & <b>bold</b>"


@dataclasses.dataclass(frozen=True)
class Written:
    result: StudyResult
    png: Path
    pdf: Path
    html: Path

    def pdf_text(self) -> str:
        return " ".join(page.extract_text() for page in pypdf.PdfReader(self.pdf).pages)


@pytest.fixture(scope="module", params=list(MAKERS))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    result = MAKERS[request.param]()
    return Written(result, *write_report(result, tmp_path_factory.mktemp(request.param)))


class References(HTMLParser):
    """Everything a page would fetch, and the words it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.words = ""
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.fetched += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data", "action")
        ]

    def handle_data(self, data: str) -> None:
        self.words += data


def parsed(html: str) -> References:
    parser = References()
    parser.feed(html)
    return parser


def messages(result: StudyResult) -> list[str]:
    return [flag.message for flags in (result.flags, *(scan.flags for scan in result.scans)) for flag in flags]


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_page_needs_nothing_else(written: Written) -> None:
    html = written.html.read_text(encoding="utf-8")
    assert all(value.startswith(("data:image/png;base64,", "#")) for value in parsed(html).fetched)
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    assert written.html.stat().st_size < 5e6


def test_everybody_reads_every_flag_and_that_it_is_research(written: Written) -> None:
    words = parsed(written.html.read_text(encoding="utf-8")).words
    for text in (flat(words), flat(written.pdf_text())):
        assert all(message in text for message in messages(written.result))
        assert "research use only" in text.lower()
        assert "simulated (digital) patients" in text
        assert written.result.study.study_instance_uid in text
        assert written.result.scans[0].segmentation.model_sha256[:12] in text


def test_no_identity_and_no_made_up_number(written: Written) -> None:
    html = written.html.read_text(encoding="utf-8")
    for text in (html, written.pdf_text(), written.pdf.read_bytes().decode("latin-1")):
        assert not [canary for canary in CANARIES if canary in text]
    visible = re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)
    for text in (visible, written.pdf_text()):
        assert not re.search(r"\b(nan|inf|None)\b", text, re.IGNORECASE if text is not visible else 0)


def test_relative_result_has_no_absolute_unit(written: Written) -> None:
    units = {scan.flow.unit for scan in written.result.scans}
    for text in (written.html.read_text(encoding="utf-8"), written.pdf_text()):
        assert ("mL/min/g" in text) == ("mL/min/g" in units)


def test_printed_values_are_the_records(written: Written) -> None:
    text = written.pdf_text()
    for scan in written.result.scans:
        digits = 2 if scan.flow.unit == "mL/min/g" else 3
        for value in scan.sectors.by_sector.values():
            if value is not None:
                assert f"{value.mean:.{digits}f} ± {value.sd:.{digits}f}" in text


def test_layers_and_uncertainty_are_printed_beside_them(written: Written) -> None:
    html = parsed(written.html.read_text(encoding="utf-8")).words
    for text in (re.sub(r"\s+", "", shown) for shown in (written.pdf_text(), html)):
        for scan in written.result.scans:
            digits = 2 if scan.flow.unit == "mL/min/g" else 3
            for number, value in scan.sectors.by_sector.items():
                layers = scan.sectors.endocardial[number], scan.sectors.epicardial[number]
                if value is not None and value.uncertainty is not None and all(layers):
                    endo, epi = (f"{layer.mean:.{digits}f}" for layer in layers if layer is not None)
                    assert f"±{value.uncertainty:.{digits}f}{endo}/{epi}" in text


def test_every_slice_tells_how_far_its_contours_are_trusted(written: Written) -> None:
    for text in (written.pdf_text(), written.html.read_text(encoding="utf-8")):
        for scan in written.result.scans:
            assert scan.segmentation.confidence is not None
            assert all(f"expected Dice {value:.2f}" in text for value in scan.segmentation.confidence)


def test_three_scans_find_room() -> None:
    scans = [make_scan_result(state, n_slices=1) for state in State]
    texts = [row.cells for row in rows(make_study_result(*scans))]
    assert {len(cells) for cells in texts} == {len(columns(make_study_result(*scans)))}
    assert all(" / " not in cell for cells in texts for cell in cells)


@pytest.mark.parametrize("uncertainty", [0.0, 0.1, 4.0])
def test_interval_holds_the_mean_and_no_negative_flow(uncertainty: float) -> None:
    value = Statistics(2.0, 0.3, 2.0, 40, uncertainty)
    low, high = (float(end) for end in interval(value, "mL/min/g").split(" to "))
    assert 0 <= low <= value.mean <= high
    assert high - value.mean == pytest.approx(1.96 * uncertainty, abs=0.006)
    assert interval(dataclasses.replace(value, uncertainty=None), "mL/min/g") == "–"


def test_pdf_is_vector_text_in_truetype(written: Written) -> None:
    reader = pypdf.PdfReader(written.pdf)
    assert len(reader.pages) == 1
    objects = [reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"])))]
    dictionaries = [value for value in objects if isinstance(value, DictionaryObject)]
    fonts = [value for value in dictionaries if value.get("/Type") == "/FontDescriptor"]
    assert fonts
    assert all("/FontFile2" in font for font in fonts)
    assert not [value for value in dictionaries if value.get("/Subtype") == "/Type3"]
    assert "/CreationDate" not in (reader.metadata or {})


def test_png_is_a_readable_page(written: Written) -> None:
    height, width = imread(written.png).shape[:2]
    assert width == 1654
    assert height >= 2338


def test_same_result_gives_same_bytes(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_report(relative(), tmp_path)]
    assert [path.read_bytes() for path in write_report(relative(), tmp_path)] == first


def test_empty_sector_is_hatched_and_bears_no_number() -> None:
    html = render(absolute())
    (stress, rest, _reserve) = re.findall(r'<div class="eye".*?</svg>', html, re.DOTALL)
    for eye, hatched in ((stress, 1), (rest, 0)):
        assert eye.count("url(#hatch)") == hatched
        assert len(re.findall(r"<text x=", eye)) == 16 - hatched


def test_hostile_words_stay_words() -> None:
    scan = make_scan_result(n_slices=1, flags=(QualityFlag("x", "info", HOSTILE),))
    scan = dataclasses.replace(scan, scan=dataclasses.replace(scan.scan, manufacturer=HOSTILE[:39]))
    page = parsed(render(make_study_result(scan)))
    assert page.scripts == 2
    assert page.words.count("alert('1')") == 2


def test_foreign_words_do_not_stop_the_page(tmp_path: Path) -> None:
    scan = make_scan_result(n_slices=1, flags=(QualityFlag("x", "info", FOREIGN),))
    scan = dataclasses.replace(scan, scan=dataclasses.replace(scan.scan, manufacturer=FOREIGN))
    _, pdf, html = write_report(make_study_result(scan), tmp_path)
    assert pypdf.PdfReader(pdf).pages[0].extract_text().count("$\\frac{1}{$ ??") == 2
    assert FOREIGN in html.read_text(encoding="utf-8")


def test_many_flags_all_fit(tmp_path: Path) -> None:
    result = many_flags()
    _, pdf, _ = write_report(result, tmp_path)
    page = pypdf.PdfReader(pdf).pages[0]
    text = flat(page.extract_text())
    assert float(page.mediabox.height) > 11.7 * 72
    assert all(message in text for message in messages(result))


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_report(relative(), tmp_path / "absent")
