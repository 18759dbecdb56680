/** Style of the report. Figures keep a white ground in either scheme. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ground: #fdfdfc; --text: #1d1d1f; --soft: #5f6168; --line: #dcdcdf; --card: #ffffff; --good: #00704f; --bad: #b34700 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #17181b; --text: #ececee; --soft: #a3a6ad; --line: #34363c; --card: #1f2125; --good: #4fc79d; --bad: #ffa066 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
main { max-width: 860px; margin: 0 auto; padding: 40px 20px 80px }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 12px }
h2 { font-size: 1.25rem; margin: 44px 0 10px }
.lead, dd, .checks span { color: var(--soft) }
figure { margin: 18px 0; padding: 12px; background: white; border: 1px solid var(--line); border-radius: 8px }
figure svg { display: block; max-width: 100%; height: auto }
.scroll { overflow-x: auto; margin: 16px 0 }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; background: var(--card) }
caption { text-align: left; color: var(--soft); padding-bottom: 6px }
th, td { text-align: left; padding: 5px 10px; border-bottom: 1px solid var(--line); vertical-align: top }
details td, td:first-child { white-space: nowrap }
th { font-weight: 600 }
details { margin: 10px 0 }
summary { cursor: pointer; color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 14px }
dd { margin: 0 }
.checks { list-style: none; padding: 0 }
.checks li { padding-left: 14px; border-left: 3px solid var(--line); margin: 6px 0 }
.checks .holds { border-color: var(--good) }
.checks .holds b { color: var(--good) }
.checks .fails { border-color: var(--bad) }
.checks .fails b { color: var(--bad) }
`
