"""The page of `infill-ls stats --html`: plots and tables in one file that opens offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from infill_ls.cli import plot
from infill_ls.cli.markup import document, element
from infill_ls.cli.plot import Chart
from infill_ls.cli.stats_table import (
    COSTS,
    NOTES,
    OUTCOMES,
    costs,
    count,
    milliseconds,
    outcomes,
    share,
    table_rows,
)
from infill_ls.measurement.row import Row
from infill_ls.measurement.summary import Summary, by, by_day, summary

_MOST_DAYS = 62
"""Of a longer time, the weeks are drawn and not the days."""

_MOST_LANGUAGES = 12

_STYLE = (
    """
:root { color-scheme: light dark; --ground: #fff; --card: #f6f8fa; --text: #1b1f24;
  --muted: #57606a; --rule: #d0d7de; --first: #0b5cad; --second: #a8480a; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1419; --card: #1a2129;
  --text: #e6edf3; --muted: #9da7b3; --rule: #3a434d; --first: #6cb2ff; --second: #ffad66; } }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 0 0 .8rem; }
p { margin: .3rem 0 1.2rem; color: var(--muted); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem;
  margin: 0 0 1rem; }
dl div, section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
dl div { padding: .7rem 1rem; display: flex; flex-direction: column-reverse;
  justify-content: flex-end; }
dt { color: var(--muted); font-size: .85rem; }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
section { padding: 1rem; margin: 0 0 1rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .8rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .3rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; }
th:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
ul { color: var(--muted); font-size: .85rem; padding-left: 1.2rem; }
tbody tr { border-top: 1px solid var(--rule); }
"""
    + plot.STYLE
)


def page(rows: Sequence[Row], begin: date, end: date) -> str:
    """Return the page of some rows, which are at least one, for the days [begin, end]."""
    sources = by(lambda row: row.source, rows)
    languages = by(lambda row: row.language, rows)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Nothing is loaded from anywhere, whatever stands in the page.
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        element("title", "infill-ls: what became of suggestions"),
        element("style", _STYLE),
    )
    main = element(
        "main",
        element("h1", "What became of suggestions"),
        element("p", f"{begin} to {end}, counted by infill-ls on this machine; nothing is sent."),
        _figures(summary(rows)),
        *_plots(by_day(rows), sources, languages, begin, end),
        _table("By source", "source", sources, summary(rows)),
        _table("By language", "language", languages, summary(rows)),
        element("ul", *(element("li", note) for note in NOTES)),
    )
    body = element("body", plot.patterns(), main)
    return document(element("html", head, body, lang="en"))


def _figures(total: Summary) -> Element:
    figures = (
        ("answered", count(total.answered)),
        ("shown", count(total.shown)),
        ("accepted, of those shown", share(total.acceptance)),
        ("kept after 5 minutes", share(total.kept_5min)),
        ("median time to the answer", milliseconds(total.total_p50_ms)),
    )
    return element("dl", *(element("div", element("dt", k), element("dd", v)) for k, v in figures))


def _plots(
    days: Mapping[date, Summary],
    sources: Mapping[str, Summary],
    languages: Mapping[str, Summary],
    begin: date,
    end: date,
) -> Iterable[Element]:
    yield _section(plot.columns(_over_time(days, begin, end)))
    yield _section(
        plot.horizontal(
            Chart(
                "Accepted, of the suggestions shown, by source",
                [*sources],
                [("accepted", [figures.acceptance for figures in sources.values()])],
                share,
                most=1,
            )
        )
    )
    accepted = {name: figures for name, figures in languages.items() if figures.acceptance}
    names = [*accepted][:_MOST_LANGUAGES]
    if names:
        soon = [accepted[name].kept_30s for name in names]
        late = [accepted[name].kept_5min for name in names]
        kept = Chart(
            "Accepted characters that were kept, by language",
            [name or "(none)" for name in names],
            [("after 30 seconds", soon), ("after 5 minutes", late)],
            share,
            most=1,
        )
        yield _section(plot.horizontal(kept))
    p50 = [figures.total_p50_ms for figures in sources.values()]
    p95 = [figures.total_p95_ms for figures in sources.values()]
    latency = Chart(
        "Time to the answer, by source", [*sources], [("p50", p50), ("p95", p95)], milliseconds
    )
    yield _section(plot.horizontal(latency))


def _over_time(days: Mapping[date, Summary], begin: date, end: date) -> Chart:
    length = (end - begin).days + 1
    step = 1 if length <= _MOST_DAYS else 7
    starts = [begin + timedelta(days=ahead) for ahead in range(0, length, step)]
    shown, accepted = [0.0] * len(starts), [0.0] * len(starts)
    for day, figures in days.items():
        at = (day - begin).days // step
        shown[at] += figures.shown
        accepted[at] += figures.accepted_whole + figures.accepted_in_part
    return Chart(
        f"Suggestions a {'day' if step == 1 else 'week'}",
        [f"{start:%b} {start.day}" for start in starts],
        [("shown", shown), ("accepted", accepted)],
        count,
    )


def _section(drawn: Element) -> Element:
    title = drawn.findtext("title") or ""
    return element("section", element("h2", title), drawn)


def _table(title: str, first: str, groups: Mapping[str, Summary], total: Summary) -> Element:
    head = element("tr", *(element("th", name, scope="col") for name in (first, *OUTCOMES, *COSTS)))
    lines = (
        element(
            "tr",
            element("th", name, scope="row"),
            *(element("td", figure) for figure in figures),
        )
        for name, *figures in table_rows(groups, total, lambda it: outcomes(it) + costs(it))
    )
    drawn = element("table", element("thead", head), element("tbody", *lines), aria_label=title)
    return element("section", element("h2", title), drawn)
