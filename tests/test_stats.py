"""`infill-ls stats`: what it prints, the page it writes, and what it deletes."""

from __future__ import annotations

import json
import re
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infill_ls.cli import main
from infill_ls.cli.plot import Chart, columns, horizontal
from infill_ls.cli.stats_page import page
from infill_ls.measurement import file
from infill_ls.measurement.row import Row
from infill_ls.measurement.summary import by, by_day, percentile, summary

DAY_S = 24 * 3600
ROW = Row("", 0.0, "python", "llamacpp", "m", "network", 90.0, 200.0, 900, 10, 40)
WHOLE = replace(ROW, shown=True, accepted="whole", accepted_characters=40)
PART = replace(ROW, shown=True, accepted="part", accepted_characters=10)
CACHED = replace(ROW, source="cache", first_token_ms=None, total_ms=2.0)

SOME = (
    replace(WHOLE, kept_30s=1.0, kept_5min=0.5),
    replace(PART, kept_30s=0.5),
    replace(ROW, shown=True, total_ms=1_500.0),
    replace(ROW, language="rust"),
    replace(CACHED, shown=True, language=""),
    replace(CACHED, source='the <new> & "source"', language="<script>alert(1)</script>"),
)


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of the statistics, which is not there."""
    named = tmp_path / "stats.sqlite3"
    monkeypatch.setenv("INFILL_LS_STATS", str(named))
    monkeypatch.setenv("COLUMNS", "80")
    return named


def write(path: Path, rows: tuple[Row, ...], ago_days: float = 0) -> None:
    """Write rows of some days ago."""
    then = time.time() - ago_days * DAY_S
    named = [replace(row, id=f"{ago_days}-{n}", time=then) for n, row in enumerate(rows)]
    with closing(file.opened(path)) as connection:
        file.write(connection, path, named)


def test_the_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """All options are told."""
    with pytest.raises(SystemExit):
        main(["stats", "--help"])

    printed = capsys.readouterr().out
    assert all(option in printed for option in ("--days N", "--json", "--html FILE", "--clear"))


# Figures


def test_a_summary_counts_and_divides() -> None:
    """Kept shares weigh by characters, and only where they are known."""
    figures = summary(SOME)

    assert figures.answered == 6
    assert figures.shown == 4
    assert (figures.accepted_whole, figures.accepted_in_part) == (1, 1)
    assert figures.acceptance == 0.5
    assert figures.accepted_characters == 50
    assert figures.kept_30s == pytest.approx((40 * 1.0 + 10 * 0.5) / 50)
    assert figures.kept_5min == 0.5
    assert (figures.total_p50_ms, figures.total_p95_ms) == (200.0, 1_500.0)
    assert figures.first_token_p50_ms == 90.0
    assert figures.completion_tokens == 60


def test_shares_of_nothing_are_unknown() -> None:
    """No figure is made up where there is nothing to divide by."""
    figures = summary([])

    assert figures.answered == 0
    assert figures.acceptance is None
    assert figures.kept_30s is None
    assert figures.total_p50_ms is None


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 50, 7.0),
        ([7.0], 95, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 50, 2.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
    ],
)
def test_a_percentile_is_one_of_the_values(
    values: list[float], percent: int, expected: float | None
) -> None:
    """The least that so many percent of the values do not exceed."""
    assert percentile(values, percent) == expected


def test_groups_are_in_order() -> None:
    """The largest group is first, the oldest day is."""
    days = [replace(ROW, time=time.mktime((2026, 3, day, 12, 0, 0, 0, 0, -1))) for day in (9, 2, 9)]

    assert [*by(lambda row: row.source, SOME)] == ["network", "cache", 'the <new> & "source"']
    assert {day: figures.answered for day, figures in by_day(days).items()} == {
        date(2026, 3, 2): 1,
        date(2026, 3, 9): 2,
    }


# The command


def test_tables_by_source_and_language_fit_a_terminal(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each source and language has its figures, all of them together too, in 80 columns."""
    write(path, SOME)

    assert main(["stats"]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["network", "4", "3", "1", "1", "67", "%", "90", "%", "50", "%"] in lines
    assert ["cache", "1", "1", "0", "0", "0", "%", "–", "–"] in lines
    assert ["all", "6", "4", "1", "1", "50", "%", "90", "%", "50", "%"] in lines
    assert ["network", "200", "ms", "1.5", "s", "90", "ms", "90", "ms", "40"] in lines
    assert ["rust", "1", "0", "0", "0", "–", "–", "–"] in lines
    assert ["(none)", "1", "1", "0", "0", "0", "%", "–", "–"] in lines


def test_no_table_is_wider_than_a_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures of a busy year are not cut at 80 columns."""
    write(path, tuple(replace(WHOLE, completion_tokens=1_234_567) for _ in range(1_500)))

    main(["stats"])

    printed = capsys.readouterr().out
    tables = printed[: printed.index("shown:")]
    assert max(map(len, tables.splitlines())) <= 80
    assert "1,500" in tables
    assert "1,851,850,500" in tables
    assert "…" not in tables


def test_only_the_last_days_count(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """30 days if nothing is said, and as many as are asked for."""
    for ago in (0, 29, 31, 200):
        write(path, (ROW,), ago)

    counts = []
    for options in ([], ["--days", "1"], ["--days", "32"], ["--days", "366"]):
        main(["stats", "--json", *options])
        counts.append(json.loads(capsys.readouterr().out)["all"]["answered"])

    assert counts == [2, 1, 3, 4]


@pytest.mark.parametrize("days", ["0", "367", "many", "1.5"])
def test_other_numbers_of_days_are_bad_options(
    path: Path, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    """The message says which are possible."""
    with pytest.raises(SystemExit) as ended:
        main(["stats", "--days", days])

    assert ended.value.code == 2
    assert "1 to 366" in capsys.readouterr().err


def test_json_has_all_figures(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shares are from 0 to 1, what is unknown is null."""
    write(path, SOME)

    assert main(["stats", "--json"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed["days"] == 30
    assert printed["all"]["acceptance"] == 0.5
    assert printed["by_source"]["cache"]["kept_30s"] is None
    assert printed["by_source"]["network"]["total_p95_ms"] == 1_500.0
    assert printed["by_language"][""]["shown"] == 1
    assert sum(day["answered"] for day in printed["by_day"].values()) == 6


@pytest.mark.parametrize("options", [[], ["--html", "page.html"]])
def test_nothing_counted_is_a_friendly_sentence(
    path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """It says so, makes no file, and is no failure."""
    assert main(["stats", *options]) == 0

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "No suggestion was counted in the last 30 days" in printed.err
    assert "measurement.enabled" in printed.err
    assert not path.exists()


def test_all_is_deleted_when_asked(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is older than the table shows goes too; a second time there is nothing."""
    write(path, SOME)
    write(path, SOME, 300)

    assert main(["stats", "--clear"]) == 0
    assert main(["stats", "--clear"]) == 0

    assert file.read(path) == []
    told = capsys.readouterr().err.splitlines()
    assert [re.findall(r"\d+", line) for line in told] == [["12"], ["0"]]


def test_a_broken_file_is_one_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to do."""
    path.write_bytes(b"no database " * 500)

    assert main(["stats"]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"infill-ls: {path} is damaged: delete it, and counting begins anew"


# The page


class Read(HTMLParser):
    """Notes the elements of a page, and its text outside of style sheets."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_written(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file, of which the command tells the address."""
    write(path, SOME)
    written = path.with_name("my page.html")

    assert main(["stats", "--html", str(written)]) == 0

    assert written.as_uri() in capsys.readouterr().err
    assert written.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("name", [".", "missing/page.html", "stats.sqlite3/page.html"])
def test_a_page_that_cannot_be_written_is_one_line(
    path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """It names the file and says why."""
    write(path, SOME)
    bad = path.parent / name

    assert main(["stats", "--html", str(bad)]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"infill-ls: {bad} cannot be written: ")
    assert line.endswith("name another file after --html")


@pytest.fixture
def source(path: Path) -> str:
    """The page of some rows."""
    write(path, SOME)
    return page(file.read(path), date(2026, 1, 1), date.today())


def test_the_page_needs_nothing_from_elsewhere(source: str) -> None:
    """No script, link, image, font or address is in it, and none would be loaded."""
    read = Read(source)

    tags = {tag for tag, _ in read.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "image", "use"}
    assert not any({"src", "href", "onload"} & {*attributes} for _, attributes in read.elements)
    assert "http" not in source.replace("http-equiv", "")
    assert "@import" not in source
    assert "default-src 'none'" in source


def test_no_name_is_read_as_markup(source: str) -> None:
    """A language or a source may be called as it likes."""
    read = Read(source)

    assert "<script>alert(1)</script>" in read.text
    assert 'the <new> & "source"' in read.text


def test_each_plot_says_in_words_what_it_shows(source: str) -> None:
    """A screen reader has title, names and values, and the tables have headings."""
    read = Read(source)

    plots = [attributes for tag, attributes in read.elements if attributes.get("class") == "plot"]
    labels = [attributes["aria-label"] or "" for attributes in plots]
    assert len(plots) == 4
    assert all(attributes["role"] == "img" for attributes in plots)
    assert "network: accepted 67 %; cache: accepted 0 %" in labels[1]
    assert "python: after 30 seconds 90 %, after 5 minutes 50 %" in labels[2]
    assert "network: p50 200 ms, p95 1.5 s" in labels[3]
    assert {attributes["scope"] for tag, attributes in read.elements if tag == "th"} == {
        "col",
        "row",
    }


def test_the_page_is_dark_where_the_system_is(source: str) -> None:
    """The style sheet has both, and the browser is told so."""
    assert "color-scheme: light dark" in source
    assert "prefers-color-scheme: dark" in source


def test_nothing_accepted_makes_a_page_too(path: Path) -> None:
    """What was not accepted can not be kept, so there is one plot less."""
    write(path, (ROW,))

    read = Read(page(file.read(path), date.today(), date.today()))

    assert sum(attributes.get("class") == "plot" for _, attributes in read.elements) == 3


def test_a_longer_time_is_drawn_in_weeks(path: Path) -> None:
    """So that a bar is still seen."""
    for ago in (0, 80, 299):
        write(path, (WHOLE,), ago)
    today = date.today()

    read = Read(page(file.read(path), date.fromordinal(today.toordinal() - 300), today))

    label = next(a["aria-label"] or "" for _, a in read.elements if a.get("class") == "plot")
    assert label.startswith("Suggestions a week")
    assert label.count("shown 1, accepted 1") == 3


# Plots


def whole(value: float) -> str:
    return f"{value:g}"


def bars(svg: ElementTree.Element, series: int) -> list[dict[str, float]]:
    """Return the bars of a series, of its legend's box too."""
    found = [box for box in svg.iter("rect") if box.get("class") == f"series-{series}"]
    return [
        {key: float(box.get(key, "")) for key in ("x", "y", "width", "height")} for box in found
    ]


@pytest.mark.parametrize("draw", [columns, horizontal])
def test_bars_are_as_long_as_their_values(draw: object) -> None:
    """Half the value is half the bar, and all of them are inside of the picture."""
    chart = Chart("t", ["a", "b", "c"], [("one", [4, 2, 0]), ("two", [1, None, 3])], whole)

    svg = columns(chart) if draw is columns else horizontal(chart)

    length = "height" if draw is columns else "width"
    _legend, four, two, none = (bar[length] for bar in bars(svg, 0))
    assert two == pytest.approx(four / 2, abs=0.02)
    assert none == 0
    width, height = map(float, (svg.get("viewBox") or "").split()[2:])
    for bar in bars(svg, 0) + bars(svg, 1):
        assert 0 <= bar["x"] <= bar["x"] + bar["width"] <= width
        assert 0 <= bar["y"] <= bar["y"] + bar["height"] <= height


@pytest.mark.parametrize(
    ("most", "half", "top"),
    [
        (0, "1", "2"),
        (1, "1", "2"),
        (3, "2", "4"),
        (10, "5", "10"),
        (13, "10", "20"),
        (450, "300", "600"),
    ],
)
def test_an_axis_ends_at_a_round_number(most: float, half: str, top: str) -> None:
    """Its half is a whole number too, as nobody accepts a half suggestion."""
    svg = columns(Chart("t", ["a"], [("one", [most])], whole))

    texts = [text.text for text in svg.iter("text")]
    assert texts[:3] == ["0", half, top]
