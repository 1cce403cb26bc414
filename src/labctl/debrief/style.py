"""How a chart looks: quiet ink, one accent, light, dark and on paper."""

from __future__ import annotations

from labctl.debrief.svg import element

STYLE = """
.il-chart{--il-ink:#22252b;--il-soft:#6a707b;--il-line:#dfe2e7;--il-paper:#fff;--il-accent:#b4441f;
--il-lost:#b4441f24;display:block;width:100%;height:auto;
font:12px/1 ui-sans-serif,system-ui,"Segoe UI","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){.il-chart{--il-ink:#e6e4df;--il-soft:#9a9ea6;--il-line:#34383f;
--il-paper:#16181c;--il-accent:#f0875c;--il-lost:#f0875c30}}
@media print{.il-chart{--il-ink:#000;--il-soft:#444;--il-line:#ccc;--il-paper:#fff;--il-accent:#a03010;
--il-lost:#a0301026}}
.il-chart text{fill:var(--il-soft)}.il-chart .il-name,.il-chart .il-small{paint-order:stroke;
stroke:var(--il-paper);stroke-width:4px;stroke-linejoin:round}
.il-chart .il-name{fill:var(--il-ink);font-weight:600}
.il-chart .il-label{fill:var(--il-ink)}.il-chart .il-small{font-size:11px}
.il-chart .il-tick{font-size:11px;font-variant-numeric:tabular-nums}
.il-chart .il-end{text-anchor:end}.il-chart .il-mid,.il-chart .il-inside,.il-chart .il-ask{text-anchor:middle}
.il-chart .il-inside{fill:var(--il-paper);font-size:11px;font-weight:700}
.il-chart .il-ask{fill:var(--il-ink);font-size:10px;font-weight:700}
.il-chart polyline{fill:none}.il-chart .il-grid,.il-chart .il-lane{stroke:var(--il-line)}
.il-chart .il-axis{stroke:var(--il-soft)}
.il-chart .il-line{stroke:var(--il-ink);stroke-width:1.8;stroke-linejoin:round}
.il-chart .il-thin{stroke-width:1.2}.il-chart .il-burn{stroke:var(--il-ink);stroke-width:1.5}
.il-chart .il-lost{fill:var(--il-lost)}
.il-chart .il-objective{stroke:var(--il-accent);stroke-dasharray:5 4}
.il-chart .il-upright{stroke:var(--il-soft);stroke-width:1}
.il-chart .il-up-fault{stroke:var(--il-accent)}.il-chart .il-up-page{stroke-dasharray:6 3}
.il-chart .il-up-well{stroke:var(--il-ink)}.il-chart .il-up-change{stroke-dasharray:1 3;stroke-linecap:round}
.il-chart .il-fault{fill:var(--il-accent)}
.il-chart .il-well,.il-chart .il-mark,.il-chart .il-dot{fill:var(--il-ink)}
.il-chart .il-ring{fill:var(--il-paper);stroke:var(--il-ink);stroke-width:1.5}
.il-chart .il-look{stroke:var(--il-soft);stroke-width:2}
.il-chart .il-hurt{fill:var(--il-accent);fill-opacity:.05}
.il-chart .il-hatch{stroke:var(--il-line);stroke-width:1.5}
"""


def patterns(name: str) -> str:
    """Hatches for the hold and the challenge: told apart by direction, not by colour."""
    return element("defs", _hatch(f"{name}-hold", "M0 8L8 0"), _hatch(f"{name}-trial", "M0 0L8 8"))


def _hatch(identity: str, path: str) -> str:
    drawn = element("path", d=path, class_="il-hatch")
    return element("pattern", drawn, id=identity, width=8, height=8, patternUnits="userSpaceOnUse")
