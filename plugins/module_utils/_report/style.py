# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The page's style sheet: light, dark, narrow, and A4."""

from __future__ import annotations

STYLE = r"""
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #17202b; --soft: #566273; --line: #dde2e8; --faint: #eef1f4;
  --link: #1a56ad; --focus: #1a56ad;
  --bad: #a8201a; --bad-back: #fdeceb; --bad-line: #efb4b0;
  --warn: #7a4b00; --warn-back: #fdf3dc; --warn-line: #e8cb8c;
  --good: #1c6840; --good-back: #e6f4ec; --good-line: #a9d5bd;
  --note: #1a4d94; --note-back: #e8f0fb; --note-line: #b3cdef;
  --c-enabled: #1f62c4; --c-disabled: #5c6878; --c-inherit: #c3d0e0; --c-stripe: #94a8c1;
  --c-unknown: #f0d9a6; --c-dot: #a77510; --c-empty: #e6eaee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --card: #171e26; --ink: #e7ecf2; --soft: #9dabbb; --line: #2b3541; --faint: #1f2832;
    --link: #86b7ff; --focus: #86b7ff;
    --bad: #ff9d94; --bad-back: #3a1a1a; --bad-line: #713230;
    --warn: #f3c56b; --warn-back: #33270f; --warn-line: #6b5320;
    --good: #83d6a8; --good-back: #14301f; --good-line: #2c5f41;
    --note: #9cc4ff; --note-back: #16263d; --note-line: #2f4d78;
    --c-enabled: #5b9cff; --c-disabled: #56647a; --c-inherit: #33435a; --c-stripe: #52698a;
    --c-unknown: #4d3c15; --c-dot: #e0ae4d; --c-empty: #232c37;
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
}
.wrap { max-width: 1200px; margin: 0 auto; padding: 0 28px; }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { overflow-wrap: anywhere; font-size: 30px; line-height: 1.2; letter-spacing: -.015em; font-weight: 680; }
h2 { font-size: 18px; line-height: 1.3; letter-spacing: -.005em; font-weight: 650; }
h3 { font-size: 13px; font-weight: 600; color: var(--soft); }
code { font: .92em/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
a { color: var(--link); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.defs { position: absolute; }
.soft { color: var(--soft); }

.top { padding: 36px 0 24px; }
.top .who { margin-top: 6px; font-size: 17px; overflow-wrap: anywhere; }
.top .who code { color: var(--soft); font-size: 13px; margin-left: 8px; }
.top .when { margin-top: 10px; display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; color: var(--soft); }

.pill, .tag {
  display: inline-block; border: 1px solid var(--line); border-radius: 12px;
  font-size: 12px; font-weight: 600; line-height: 18px; padding: 1px 9px;
}
.tag { margin: 0 4px 4px 0; }
.is-bad { color: var(--bad); background: var(--bad-back); border-color: var(--bad-line); }
.is-warn { color: var(--warn); background: var(--warn-back); border-color: var(--warn-line); }
.is-good { color: var(--good); background: var(--good-back); border-color: var(--good-line); }
.is-note { color: var(--note); background: var(--note-back); border-color: var(--note-line); }

.banner {
  border-style: solid; border-width: 1px 1px 1px 5px; border-radius: 10px; padding: 13px 18px; margin-bottom: 16px;
}
.banner h2 { font-size: 15px; margin-bottom: 2px; }
.banner p, .banner li { color: var(--ink); overflow-wrap: anywhere; }
.banner li { padding: 3px 0; }
.banner li + li { border-top: 1px solid var(--warn-line); }

.verdict { font-size: 21px; line-height: 1.35; letter-spacing: -.01em; margin: 0 0 18px; max-width: 62ch; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 16px; }
.tile {
  position: relative; flex: 1 1 112px; max-width: 200px; padding: 12px 16px 13px; overflow-wrap: anywhere;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
}
.tile a::after { content: ""; position: absolute; inset: 0; border-radius: 12px; }
.tile a { color: inherit; text-decoration-color: var(--line); }
.tile a:hover { color: var(--link); text-decoration-color: currentcolor; }
.tile b {
  display: block; font-size: 27px; line-height: 1.2; font-weight: 660; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums;
}
.tile span { color: var(--soft); font-size: 13px; line-height: 1.3; display: block; }
.tile.none b { font-weight: 500; }
.tile.bad { border-color: var(--bad-line); }
.tile.bad b { color: var(--bad); }
.tile.warn { border-color: var(--warn-line); }
.tile.warn b { color: var(--warn); }
.tile.note b { color: var(--link); }

.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px 22px;
  margin-bottom: 16px;
}
.card > h2 { margin-bottom: 12px; }
.card > h2 .count { color: var(--soft); font-weight: 500; margin-left: 6px; }
.card > p { max-width: 76ch; }
.card > p + p { margin-top: 8px; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 16px; align-items: stretch; }
.pair > :only-child { grid-column: 1 / -1; }
.pair > .card { min-width: 0; }
.risk { display: flex; gap: 20px 48px; justify-content: space-between; align-items: center; }
.risk h2 { margin-bottom: 8px; }
.risk p { max-width: 76ch; }
.risk p + p { margin-top: 6px; }
.risk .big { font-size: 17px; font-weight: 600; }
.risk .left {
  flex: none; width: 190px; padding-left: 24px; border-left: 1px solid var(--line); color: var(--soft);
  font-size: 14px; line-height: 1.35;
}
.risk .left b {
  display: block; font-size: 46px; line-height: 1.1; font-weight: 660; letter-spacing: -.03em; color: var(--warn);
}

.share { display: grid; grid-template-columns: 150px minmax(0, 1fr); gap: 0 20px; align-items: center; }
.share + .share { margin-top: 16px; }
.share .legend { grid-column: 2; }
.share h3 { font-size: 14px; color: var(--ink); overflow-wrap: anywhere; }
.bar { display: block; border-radius: 6px; overflow: hidden; }
.bar rect + rect { stroke: var(--card); stroke-width: 2px; }
.swatch { border-radius: 4px; flex: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 26px; margin-top: 7px; font-size: 14px; }
.legend li { display: flex; align-items: center; gap: 7px; overflow-wrap: anywhere; }
.legend b { font-variant-numeric: tabular-nums; font-weight: 650; }
.legend .pct { color: var(--soft); font-variant-numeric: tabular-nums; }
.c-enabled { fill: var(--c-enabled); } .c-disabled { fill: var(--c-disabled); } .c-inherit { fill: var(--c-inherit); }
.c-stripe { fill: var(--c-stripe); } .c-unknown { fill: var(--c-unknown); } .c-dot { fill: var(--c-dot); }
.c-empty { fill: var(--c-empty); }

.facts > div {
  display: grid; grid-template-columns: minmax(110px, 200px) 1fr; gap: 4px 16px; padding: 7px 0;
  border-top: 1px solid var(--faint);
}
.facts > div:first-child { border-top: 0; padding-top: 0; }
.facts dt { color: var(--soft); overflow-wrap: anywhere; }
.facts dd { font-weight: 550; overflow-wrap: anywhere; }

.controls { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; margin-bottom: 14px; }
.controls label { display: grid; gap: 3px; font-size: 12px; font-weight: 600; color: var(--soft); }
.controls .grow { flex: 1 1 220px; }
.controls select { max-width: 320px; }
.controls input, .controls select, .controls button {
  font: inherit; font-size: 14px; font-weight: 400; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: 8px; height: 36px; padding: 0 10px; width: 100%;
}
.controls button { width: auto; font-weight: 600; cursor: pointer; }
.controls button:hover { background: var(--faint); }
.controls output { align-self: center; color: var(--soft); font-size: 14px; padding-top: 18px; white-space: nowrap; }

.scroll { overflow-x: auto; margin: 0 -24px; padding: 0 24px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.4; }
th, td { text-align: left; vertical-align: top; padding: 9px 14px 9px 0; overflow-wrap: anywhere; }
thead th {
  font-size: 12px; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); white-space: nowrap;
  padding-top: 4px; padding-bottom: 6px; vertical-align: bottom; overflow-wrap: normal;
}
thead th button {
  font: inherit; color: inherit; background: none; border: 0; padding: 2px 0; cursor: pointer; white-space: nowrap;
}
thead th button::after { content: "\2195"; display: inline-block; width: 1em; margin-left: 4px; opacity: .45; }
thead th[aria-sort] button { color: var(--ink); }
thead th[aria-sort="ascending"] button::after { content: "\2191"; opacity: 1; }
thead th[aria-sort="descending"] button::after { content: "\2193"; opacity: 1; }
thead th button:hover { color: var(--ink); }
tbody tr + tr > * { border-top: 1px solid var(--faint); }
tbody th { font-weight: 600; }
tbody tr:hover > * { background: var(--faint); }
td small, th small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.err { color: var(--bad); }
.was { color: var(--soft); font-weight: 400; }
td b { font-weight: 600; }
.none { color: var(--soft); }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; border: 2px solid; }
.dot.on { background: var(--c-enabled); border-color: var(--c-enabled); }
.dot.off { border-color: var(--soft); }
.dot.maybe { border-color: var(--c-dot); border-radius: 2px; transform: rotate(45deg); }
.num { font-variant-numeric: tabular-nums; }
.more { margin-top: 14px; padding-top: 12px; border-top: 1px solid var(--line); color: var(--soft); max-width: 76ch; }
.empty { color: var(--soft); }
#rows { table-layout: fixed; min-width: 900px; }
#rows .col-m { width: 26%; } #rows .col-s { width: 14%; } #rows .col-a { width: 16%; }
#rows .col-b, #rows .col-o { width: 9%; }
.groups {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px 40px;
  margin: 18px 0;
}
.groups > div { min-width: 0; }
#breaks h3, #since h3 { margin: 14px 0 6px; }
#breaks, #since, footer { overflow-wrap: anywhere; }
#breaks .big, #since .big { font-size: 17px; font-weight: 600; }
#breaks dd { font-weight: 400; }
.groups tbody th { min-width: 9.5em; }
#except { table-layout: fixed; min-width: 820px; }
#except .col-m { width: 28%; } #except .col-s { width: 9%; } #except .col-w { width: 17%; }
#except .col-e { width: 12%; } #except .col-d { width: 14%; }
.words { columns: 2; column-gap: 32px; font-size: 14px; }
.words > div { break-inside: avoid; padding: 0 0 9px; }
.words dt { font-weight: 650; }
.words dd { color: var(--soft); }
footer { padding: 6px 0 40px; color: var(--soft); font-size: 13px; }
footer p + p { margin-top: 4px; }

@media screen and (min-width: 761px) {
  /* More columns, and still a wide one for the reason. */
  #rows:has(.col-k) { min-width: 1040px; }
  #rows:has(.col-u) { min-width: 1090px; }
  #rows:has(.col-k) .col-m { width: 21%; } #rows:has(.col-k) .col-s { width: 10%; }
  #rows .col-k { width: 11%; } #rows .col-u { width: 10%; } #rows:has(.col-k) .col-a { width: 12%; }
  #rows:has(.col-k) .col-b, #rows:has(.col-k) .col-o { width: 7.5%; }
}

@media screen and (max-width: 760px) {
  .groups thead { display: none; }
  .groups tbody td[data-l] { padding-left: 170px; }
  .wrap { padding: 0 16px; }
  .top { padding: 24px 0 18px; }
  h1 { font-size: 25px; }
  .top .who code { display: block; margin-left: 0; }
  .pair { grid-template-columns: minmax(0, 1fr); }
  .tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; }
  .tile { padding: 10px 12px; }
  .tile b { font-size: 23px; }
  .card { padding: 16px 16px 18px; }
  .words { columns: 1; }
  .share { grid-template-columns: minmax(0, 1fr); gap: 5px; }
  .share .legend { grid-column: 1; margin-top: 2px; }
  .risk { display: block; }
  .risk .left { width: auto; padding: 12px 0 0; margin-top: 14px; border-left: 0; border-top: 1px solid var(--line); }
  .risk .left b { display: inline; font-size: 28px; }
  .controls .grow { flex-basis: 100%; }
  .controls label { flex: 1 1 130px; }
  .controls output { padding-top: 0; flex-basis: 100%; order: 9; }
  .scroll { margin: 0; padding: 0; overflow: visible; }
  #rows, #except { min-width: 0; }
  table, tbody, tr, tbody th, td { display: block; width: auto; }
  thead { display: block; border-bottom: 1px solid var(--line); }
  html:not(.js) thead { display: none; }
  thead tr { display: flex; flex-wrap: wrap; gap: 2px 16px; }
  #rows thead th[class], #except thead th[class] { display: block; border: 0; padding: 4px 0; width: auto; }
  tbody tr { padding: 11px 0 9px; }
  tbody tr + tr { border-top: 1px solid var(--line); }
  tbody tr + tr > * { border-top: 0; }
  tbody tr:hover > * { background: none; }
  tbody th, tbody td { padding: 1px 0; }
  tbody td[data-l] { position: relative; padding-left: 104px; min-height: 21px; }
  td[data-l]::before { content: attr(data-l); position: absolute; left: 0; color: var(--soft); font-size: 13px; }
  td:empty { display: none; }
}

@media print {
  @page { size: A4; margin: 13mm 12mm 14mm; }
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --faint: #ddd; --link: #000;
    --bad: #8f1511; --bad-back: #fff; --bad-line: #8f1511; --warn: #6b4200; --warn-back: #fff; --warn-line: #a87a2a;
    --good: #14532f; --good-back: #fff; --good-line: #6fa685; --note: #123c78; --note-back: #fff; --note-line: #7c9cc8;
    --c-enabled: #1f62c4; --c-disabled: #5c6878; --c-inherit: #dbe4ee; --c-stripe: #94a8c1; --c-unknown: #f5e6c4;
    --c-dot: #8a5f08; --c-empty: #eee;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 9.5pt; line-height: 1.4; }
  .wrap { max-width: none; padding: 0 1px; }
  .facts > div { grid-template-columns: 38% 1fr; }
  .top { padding: 0 0 10px; }
  h1 { font-size: 19pt; } h2 { font-size: 12.5pt; } .verdict { font-size: 12.5pt; margin-bottom: 10px; }
  .controls, .screen, thead th button::after { display: none; }
  thead th button { display: contents; } /* a box of its own isn't drawn again on the next sheets */
  .card { border-radius: 0; border-width: 1px 0 0; padding: 9px 0 4px; margin-bottom: 10px; }
  .risk .left b { font-size: 24pt; }
  .card > h2 { break-after: avoid; margin-bottom: 6px; }
  .tiles { gap: 6px; break-inside: avoid; }
  .tile { flex-basis: 60px; padding: 6px 9px; border-radius: 4px; }
  .tile b { font-size: 15pt; } .tile span { font-size: 8pt; }
  .banner, .pair > .card, .facts > div { break-inside: avoid; }
  .scroll { margin: 0; padding: 0; overflow: visible; }
  table { font-size: 8.5pt; } #rows, #except { min-width: 0; }
  td small, th small, .tag, h3, .legend { font-size: 8pt; }
  th, td { padding: 4px 8px 4px 0; }
  #rows .col-m { width: 31%; } #rows .col-s { width: 12%; } #rows .col-b, #rows .col-o { width: 9.5%; }
  #rows .col-a { width: 13%; } #except .col-m { width: 29%; } #except .col-w { width: 19%; }
  .dot { width: 7px; height: 7px; margin-right: 4px; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  tbody tr:hover > * { background: none; }
  .tag { padding: 0 5px; line-height: 13px; }
  a { text-decoration: none; }
  footer { padding: 4px 0 0; }
}
"""
