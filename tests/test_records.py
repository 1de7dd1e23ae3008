"""What a benchmark keeps of its tables: its own section of a page that has one, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks import record
from benchmarks.record import ACCURACY, Page, Record
from benchmarks.surroundings import REPOSITORY


def sections() -> list[tuple[str, str, Page]]:
    """Section, module and page of every record that a benchmark makes."""
    found = []
    for path in sorted((REPOSITORY / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Record":
                section, module, _, *rest = node.args
                assert isinstance(section, ast.Constant)
                assert isinstance(module, ast.Constant)
                assert module.value == f"benchmarks.{path.stem}"
                page = getattr(record, rest[0].id) if rest and isinstance(rest[0], ast.Name) else ACCURACY
                found.append((str(section.value), str(module.value), page))
    return found


def test_every_section_has_its_marks() -> None:
    found = sections()
    assert len(found) > 10
    for section, module, page in found:
        text = page.path.read_text(encoding="utf-8")
        assert text.count(f"<!-- {section} -->\n") == text.count(f"<!-- end {section} -->") == 1, module


def test_a_section_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md", tmp_path / "pictures")
    page.path.write_text("before\n<!-- a -->\nold\n<!-- end a -->\nbetween\n<!-- b -->\n<!-- end b -->\nafter\n")
    for write in (False, True):
        kept = Record("a", "benchmarks.a", write, page)
        kept.table(["name", "value"], [["x", "1"]])
        kept.close()
        assert ("old" in page.path.read_text()) is not write
    start, _, rest = page.path.read_text().partition("<!-- a -->")
    inside, _, end = rest.partition("<!-- end a -->")
    assert (start, end) == ("before\n", "\nbetween\n<!-- b -->\n<!-- end b -->\nafter\n")
    assert "| x | 1 |" in inside
    assert "python -m benchmarks.a" in inside


def test_a_page_without_the_section_is_left_alone(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md", tmp_path)
    page.path.write_text("nothing\n")
    with pytest.raises(ValueError, match="no marks"):
        Record("a", "benchmarks.a", True, page).close()
    assert page.path.read_text() == "nothing\n"
