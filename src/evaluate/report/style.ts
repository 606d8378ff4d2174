/** Colours, light and dark. Those of the method families are Okabe and Ito's, told apart with any colour vision. */
const PALETTE = `:root {
  --page: #fbfbfa; --surface: #fff; --ink: #1b1e23; --muted: #5d6570; --line: #e2e4e8; --soft: #f1f2f4;
  --accent: #0b5ea8; --good: #00734f; --bad: #b03d00; --shade: #0002; --plate: transparent;
  --search: #626b78; --expansion: #0072b2; --labels: #a64d84; --policy: #00805f; --diffusion: #d55e00;
  --c0: #0072b2; --c1: #d55e00; --c2: #00805f; --c3: #a64d84;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131519; --surface: #1a1d22; --ink: #e9ebee; --muted: #9ba4b0; --line: #2f343c; --soft: #23272e;
    --accent: #7cbcf2; --good: #4cd0a4; --bad: #ff9a5c; --shade: #0009; --plate: #e4e6e9;
    --search: #a3adba; --expansion: #5cb6ea; --labels: #e59ac4; --policy: #3cc79c; --diffusion: #ff8f4a;
    --c0: #5cb6ea; --c1: #ff8f4a; --c2: #3cc79c; --c3: #e59ac4;
  }
}
`;

const CHARTS = `.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; }
.chart .label { font-size: 12.5px; fill: var(--ink); }
.chart .label.small { font-size: 11px; fill: var(--muted); }
.scatter .label { paint-order: stroke; stroke: var(--surface); stroke-width: 3px; stroke-linejoin: round; }
.chart .value { fill: var(--ink); }
.grid path { stroke: var(--line); fill: none; }
.search { --c: var(--search); } .expansion { --c: var(--expansion); } .labels { --c: var(--labels); } .policy { --c: var(--policy); } .diffusion { --c: var(--diffusion); }
.mark > * { fill: var(--surface); stroke: var(--c); stroke-width: 1.8; }
.mark.compiled > * { fill: var(--c); }
.whisker path { stroke: var(--c); stroke-width: 1.2; opacity: .4; }
.interval { stroke: var(--c); stroke-width: 2; opacity: .55; }
.seed { stroke: var(--c); stroke-width: 1.2; }
.leader { stroke: var(--muted); stroke-width: .8; opacity: .7; }
.reference { stroke: var(--muted); stroke-dasharray: 3 4; }
.frontier, .step-line { fill: none; stroke: var(--muted); stroke-dasharray: 5 5; stroke-width: 1.2; }
.step-line { stroke: var(--diffusion); stroke-dasharray: none; opacity: .6; }
.curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
`;

/** All that a chart needs which stands alone. */
export const CHART_STYLE = PALETTE + CHARTS;

/** The page's style sheet. */
export const STYLE = `
${PALETTE}* { box-sizing: border-box; }
html { scroll-padding-top: 56px; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header.top, main { max-width: 1248px; margin: 0 auto; padding: 0 24px; }
header.top { padding-top: 40px; padding-bottom: 20px; }
h1, h2, h3, h4, p, figure, dl, ul, ol { margin: 0; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { font-size: 23px; line-height: 1.25; letter-spacing: -.01em; margin-bottom: 6px; }
h3 { font-size: 16px; line-height: 1.35; margin: 32px 0 2px; }
.kind { color: var(--muted); font-size: 13px; margin-bottom: 6px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(172px, 1fr)); gap: 18px 22px; margin: 24px 0; padding: 18px 0; border-block: 1px solid var(--line); }
.facts dt { color: var(--muted); font-size: 12.5px; }
.facts dd { margin: 1px 0 0; font-size: 19px; font-weight: 600; letter-spacing: -.01em; }
.facts small { display: block; color: var(--muted); font-size: 12.5px; line-height: 1.35; font-weight: 400; letter-spacing: 0; }
.verdict { max-width: 76ch; font-size: 16.5px; margin-top: 8px; }
nav { position: sticky; top: 0; z-index: 5; display: flex; gap: 4px; overflow-x: auto; background: var(--page); border-bottom: 1px solid var(--line); padding: 6px max(24px, calc((100% - 1200px) / 2)); scrollbar-width: none; }
nav a { color: var(--muted); text-decoration: none; font-size: 14px; padding: 5px 10px; border-radius: 6px; white-space: nowrap; }
nav a:first-child { margin-left: -10px; }
nav a:hover { background: var(--soft); color: var(--ink); }
section { padding: 44px 0 8px; }
section:last-child { padding-bottom: 72px; }
.lead { color: var(--muted); max-width: 80ch; margin-bottom: 14px; }
.nothing { color: var(--muted); padding: 8px 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
small { font-size: 12px; }

.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background:
  linear-gradient(to left, var(--surface) 30%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to left, var(--shade), transparent) right / 16px 100% no-repeat scroll, var(--surface); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 11px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--muted); font-size: 13px; font-weight: 500; vertical-align: bottom; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--surface); z-index: 1; }
tbody th { font-weight: 500; }
td small { display: block; color: var(--muted); line-height: 1.3; }
td.none { color: var(--muted); }
td.best { font-weight: 700; }
td.best small { font-weight: 400; }
.badge { display: block; width: fit-content; margin-left: 23px; font-size: 12px; line-height: 1.3; font-weight: 600; color: var(--accent); }
table.dense { font-size: 13.5px; }
.dense th, .dense td { padding-inline: 5.5px; }
.dense thead th { font-size: 12.5px; }
.dense small { font-size: 11px; }
.dense th:first-child { padding-left: 11px; }
.dense td:last-child, .dense th:last-child { padding-right: 11px; }
tbody tr:hover > * { background: var(--soft); }
thead button { border-radius: 4px; }
thead button:hover { color: var(--ink); }
th[aria-sort] button { color: var(--ink); font-weight: 650; }
th[aria-sort=ascending] button::after { content: " ↑"; }
th[aria-sort=descending] button::after { content: " ↓"; }
.method { display: inline-flex; align-items: center; gap: 7px; }
.icon { flex: none; overflow: visible; }
table.texts td, table.texts th { text-align: left; white-space: normal; min-width: 130px; }
details { margin-top: 16px; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details > :not(summary) { margin-top: 10px; }
.glossary { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; }
.glossary dt { display: flex; gap: 7px; align-items: center; align-self: start; font-weight: 500; }
.glossary dd { margin: 0; color: var(--muted); overflow-wrap: anywhere; }
.glossary + .lead { margin-top: 18px; }
pre { margin: 0; padding: 14px 16px; overflow-x: auto; background: var(--soft); border-radius: 10px; font: 13.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }

.picture { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin-top: 16px; }
.picture figcaption { color: var(--muted); font-size: 13.5px; margin-bottom: 8px; }
.wide .chart { max-width: 900px; margin: 0 auto; }
.narrow { display: none; }
${CHARTS}.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); stroke-dasharray: 7 2; } .c2 { stroke: var(--c2); stroke-dasharray: 2 2; } .c3 { stroke: var(--c3); stroke-dasharray: 8 2 2 2; }
.legend { list-style: none; padding: 0; margin: 10px 0; display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--muted); font-size: 13.5px; }
.legend li { display: flex; align-items: center; gap: 6px; }
.toggle { border: 0; margin: 0; padding: 0; min-width: 0; }
.toggle > input { position: absolute; opacity: 0; }
.toggle > label { display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: 4px 13px; margin: 0 6px 6px 0; font-size: 13.5px; color: var(--muted); cursor: pointer; background: var(--surface); }
.toggle > input:checked + label { color: var(--ink); border-color: var(--ink); font-weight: 550; }
.toggle > input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
.toggle > .view { display: none; margin-top: 6px; }
.toggle:has(> input:nth-of-type(1):checked) > .view:nth-of-type(1), .toggle:has(> input:nth-of-type(2):checked) > .view:nth-of-type(2), .toggle:has(> input:nth-of-type(3):checked) > .view:nth-of-type(3) { display: block; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 14px; }
.panel { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px 8px; }
.panel figcaption { display: flex; justify-content: space-between; font-size: 13.5px; font-weight: 550; margin-bottom: 2px; }
.panel figcaption span { font-weight: 400; color: var(--muted); font-variant-numeric: tabular-nums; }

.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 0 24px; }
.two h3 { margin: 8px 0; }
.gains th[scope=row] { white-space: normal; min-width: 150px; }
.link { color: var(--accent); font-weight: 400; overflow-wrap: anywhere; }
.link:hover { text-decoration: underline; }
.gain-bar { margin-right: 10px; vertical-align: -1px; }
.gain-bar rect { fill: var(--good); } .gain-bar.loss rect { fill: var(--bad); }

.chips { border: 0; margin: 0 0 16px; padding: 0; display: flex; flex-wrap: wrap; gap: 6px; }
.chips legend { color: var(--muted); font-size: 13px; margin-bottom: 6px; padding: 0; }
.chips label { cursor: pointer; position: relative; }
.chips input { position: absolute; opacity: 0; }
.chips span { display: inline-flex; align-items: center; gap: 6px; border: 1px solid var(--line); border-radius: 999px; padding: 4px 13px 4px 9px; font-size: 13.5px; color: var(--muted); background: var(--surface); }
.chips input:checked + span { color: var(--ink); border-color: var(--ink); font-weight: 550; }
.chips input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
.split { display: grid; grid-template-columns: 236px minmax(0, 1fr); gap: 24px; align-items: start; }
.picker { position: sticky; top: 60px; }
.picker input { width: 100%; font: inherit; font-size: 14.5px; color: inherit; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
#query-count { color: var(--muted); font-size: 12.5px; margin: 6px 2px; }
#query-list { list-style: none; padding: 4px; margin: 0; max-height: min(70vh, 640px); overflow-y: auto; position: relative; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
#query-list button { display: block; width: 100%; padding: 5px 9px; border-radius: 6px; font-size: 14px; line-height: 1.35; overflow-wrap: anywhere; }
#query-list button:hover { background: var(--soft); }
#query-list button:focus-visible { outline-offset: -2px; }
#query-list button[aria-current] { background: var(--accent); color: var(--page); }
#query-title { font-size: 20px; margin: 2px 0 4px; overflow-wrap: anywhere; }
#query-title:focus { outline: none; }
#query-reference { margin: 0 0 4px; font-size: 14px; }
#query-reference ul { columns: 2; padding-left: 18px; color: var(--muted); }
.sets { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(215px, 1fr); gap: 14px; overflow-x: auto; padding: 10px 0; align-items: start; }
.set { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 12px; min-width: 0; }
.set h4 { display: flex; align-items: center; gap: 7px; font-size: 15px; }
.figures { display: grid; grid-template-columns: max-content 1fr; gap: 1px 10px; margin: 8px 0 10px; font-size: 12.5px; color: var(--muted); align-items: center; }
.figures dd { margin: 0; display: flex; align-items: center; gap: 8px; justify-content: flex-end; font-variant-numeric: tabular-nums; color: var(--ink); }
.bar::before { content: ""; flex: 1; height: 5px; border-radius: 3px; background: linear-gradient(to right, var(--muted) calc(100% * var(--share)), var(--soft) 0); }
.items { list-style: none; padding: 0; }
.card { display: flex; gap: 10px; padding: 7px 0; border-top: 1px solid var(--line); font-size: 14px; line-height: 1.35; }
.card img, .no-picture { flex: none; width: 40px; height: 40px; border-radius: 8px; }
.card img { background: var(--plate); }
.no-picture { background: var(--soft); }
.words { min-width: 0; align-self: center; }
.words > * { display: block; overflow-wrap: anywhere; unicode-bidi: isolate; }
.words > .title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.via { color: var(--muted); font-size: 12.5px; }
.via::before { content: "← "; }
.hit { color: var(--good); font-size: 12.5px; font-weight: 550; }
.card.relevant { border-left: 3px solid var(--good); padding-left: 9px; }

@media (max-width: 760px) {
  header.top, main, nav { padding-inline: 16px; }
  header.top { padding-top: 24px; }
  h1 { font-size: 27px; }
  .facts { grid-template-columns: 1fr 1fr; gap: 14px 16px; }
  .verdict { font-size: 15.5px; }
  th, td { padding-inline: 10px; }
  .gains th, .gains td { padding-inline: 8px; }
  .gains th[scope=row] { min-width: 96px; }
  .picture { padding: 12px 10px; }
  .split { grid-template-columns: minmax(0, 1fr); gap: 14px; }
  .picker { position: static; }
  #query-list { max-height: 210px; }
  #query-reference ul { columns: 1; }
  .sets { grid-auto-columns: minmax(78%, 1fr); scroll-snap-type: x proximity; }
  .set { scroll-snap-align: start; }
  table.texts td, table.texts th { min-width: 0; }
  table.texts td { overflow-wrap: anywhere; }
  table.texts .icon { display: none; }
  .glossary { grid-template-columns: 1fr; gap: 0; }
  .glossary dd { margin-bottom: 8px; }
}
@media (max-width: 620px) {
  .wide, .gain-bar { display: none; }
  .narrow { display: block; }
}
@media print { nav, #queries { display: none; } }
`;
