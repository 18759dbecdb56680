/** The report: one self-contained HTML page with figures, tables and what they mean. */

import { escapeXml } from '../svg/compose.js'
import { type FigureFit, type FigurePoint, type FigureResult, type FigureSeries, figureName } from './figure.js'
import { renderFigure } from './figure-svg.js'
import { reportTitle } from './kept-figures.js'
import type { LanguageFigureResult } from './language-model.js'
import { languageLead, languageNotes, languageSection } from './report-language.js'
import { checkList, each, settingsList, table } from './report-parts.js'
import { REPORT_STYLE } from './report-style.js'
import { verdictText } from './verdict.js'

const short = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4 ? value.toExponential(1) : value.toPrecision(3)
}
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`

function pointRow(series: FigureSeries, point: FigurePoint): string[] {
  const { error, tokenError } = point
  const values = [
    error.mean,
    error.deviation,
    error.median,
    error.q05,
    error.q25,
    error.q75,
    error.q95,
    tokenError.mean,
  ]
  return [
    series.name,
    String(point.x),
    ...values.map(short),
    percent(point.reachable),
    percent(point.sourcesInReach),
    short(point.medianEntryError),
    short(point.predictedEntryError),
  ]
}

function pointTable(result: FigureResult): string {
  const head = ['curve', result.figure === 5 ? 'T' : 'n', 'mean', 'std. dev.', 'median', '5 %', '25 %', '75 %', '95 %']
  const rest = ['token, mean', 'targets in reach', 'sources in reach', 'entry error, median', 'predicted']
  const rows = result.series.flatMap((series) => series.points.map((point) => pointRow(series, point)))
  return `<details><summary>All ${rows.length} points</summary>${table([...head, ...rest], rows, 'Errors over sources')}</details>`
}

function fitRow(fit: FigureFit): string[] {
  const factors = fit.factors.map((factor, i) => `${short(factor)} ± ${short(fit.factorErrors[i])}`).join('; ')
  return [
    fit.name,
    `${short(fit.rate)} ± ${short(fit.rateError)}`,
    factors,
    `${fit.from} to ${fit.to}`,
    short(fit.rSquared),
  ]
}

function figureSection(result: FigureResult): string {
  const paper =
    result.paper.rate === undefined
      ? []
      : [['paper', String(result.paper.rate), String(result.paper.factor), '0 to 100', '–']]
  const fits = [...paper, ...result.fits.map(fitRow)]
  return `<section id="figure-${result.figure}">
<h2>${figureName(result.figure)}. ${escapeXml(result.title)}</h2>
<p><b>The paper:</b> ${escapeXml(result.paper.claim)}</p>
${checkList(result.checks)}
<figure>${renderFigure(result)}</figure>
${fits.length ? table(['fit', 'rate b', 'factor a', 'range of n', 'R²'], fits, 'Fits of a exp(−b n), with standard errors') : ''}
${pointTable(result)}
${settingsList(result.settings, result.seconds)}
</section>`
}

const REGIMES = `<section>
<h2>Two regimes</h2>
<p>Each weight is a subset-sum problem, and there are two ways to miss it. With too few items their sums do not span the
target (<i>reach</i>): the error is then as large as the shortfall, however good the solver. Within reach, the error is
the spacing of the 2<sup>n′</sup> sums (<i>resolution</i>), about 0.23 √n′ 2<sup>−n′</sup>. A mean over sources is decided by
the few that miss their reach, a median by the resolution; that is why means fall slowly and unevenly, then drop as the
last unlucky source disappears, while medians follow the predicted gap. A single exponential describes the means only
roughly. Resolution alone would need n′ = 1.44 log(1/error) items; reach is why calibrated constants are larger.</p>
<p>Beyond 28 items a problem the solver stops at 2<sup>−26</sup> of the largest item, a little finer than float32
arithmetic; the flat ends of the curves are that limit, not the construction's. Fits leave out errors below 10<sup>−6</sup>.</p>
</section>`

const INITIALISATION = `<section>
<h2>Which initialisation?</h2>
<p>The paper's text initialises sources as the theory asks: W<sub>Q</sub>, W<sub>K</sub> on ±n<sup>1/4</sup>, the others on ±1, so
that every item is a product of two U(−1, 1). Its appendix says Xavier uniform, ±√(6/(fan in + fan out)). The two differ in
reach: Xavier's range shrinks as 1/√n, so items shrink as 1/n while their number grows as n, and the sums of a value/output
group stay within about 3/8 for d = 2 at any width (query/key sums, divided by √n besides, within less and less). Larger
targets are never reached, whatever the solver. We show both.</p>
</section>`

const UNTRAINED = `<li>Targets are untrained here, every matrix scaled to spectral norm 1, the theorems' limit; the paper trains those of
Figures 4 and 5 (<code>--trained</code>). Factors a depend on the target's size, so compare rates rather than factors.</li>
<li>The error is the theorems': the largest Euclidean error over positions, averaged over sequences. The regression token is
zero, so its query sees all logits equal and its output does not depend on W<sub>QK</sub>: errors there ("token") understate
attention's and are listed separately. Figure 5 takes the largest over at most 16 positions.</li>`

const TRAINED = `<li>The target of Figures 4 and 5 is trained with the paper's settings, from matrices of spectral norm 1; that of Figure 6
is untrained, as in the paper. The regression token, initialised to zero, is trained too: were it to stay zero, its query would
weigh all positions alike and W<sub>Q</sub> and W<sub>K</sub> would learn nothing. Its loss stays close to that of always answering the
mean, with either kind of token: the output is one weighted average of points on a circle, without their order, and over
many steps such averages hardly depend on the velocity. So the target is a trained one, not a good predictor; and as its
outputs shrink with growing T, so do the errors of Figure 5.</li>
<li>Training does not keep to the theorem's norms. The construction sees the merged matrices alone, and Lemma 4 asks their
entries to lie in [−1, 1]; the settings of each figure name norms and largest entry. Factors a depend on the target's size, so
compare rates rather than factors; a larger entry also takes more items to reach, which slows the means.</li>
<li>The error is the theorems': the largest Euclidean error over positions, averaged over sequences; that at the regression
token ("token") is listed separately. Figure 5 takes the largest over at most 16 positions.</li>`

/** What is said of the targets: of those of Figures 4 and 5 one may be trained and the other not. */
function targetNotes(results: readonly FigureResult[]): string {
  const trained = results.filter((result) => result.trained)
  if (trained.length === 0) return UNTRAINED
  const untrained = results.find((result) => (result.figure === 4 || result.figure === 5) && !result.trained)
  if (untrained === undefined) return TRAINED
  const which = `<li>The target of Figure ${trained[0].figure} is trained, that of Figure ${untrained.figure} is not. The first three notes
are for untrained targets, the next for trained ones.</li>`
  return [which, UNTRAINED, TRAINED].join('\n')
}

const notes = (results: readonly FigureResult[]): string => `<section>
<h2>Notes</h2>
<ul>
${targetNotes(results)}
<li>The solver is exact up to 28 items a problem; the paper's mixed-integer solver stops at its own tolerance. Rates
of the two need not agree where that tolerance decides.</li>
<li>A claim holds, or does not, where a 95 % interval says so: of a mean, Student's t over sources; of a fit, a jackknife that leaves
a tenth of the sources out at a time (in Figure 6 those of one target). Where the interval holds the bound, or there are
fewer than three sources, the claim is undecided. A claim of several parts is judged by an interval a part.</li>
<li>Fits minimise squared errors ("least squares", as SciPy's curve_fit) or squared errors of logarithms ("logarithmic").
Standard errors assume independent residuals and one sample of sources; they do not say how a mean changes with the seed.</li>
<li>Figure 6's models of fewer blocks are the first blocks of the four-block ones, with the same sources: curves share
their luck. Ten targets take turns, since one untrained target may amplify little in a block: with a single target (30
sources, eight seeds) the factor of the means failed to grow with B in three.</li>
<li>Means hang on rare sources. Figure 6 with 100 sources gave the means a shared rate of 0.099, 0.063, 0.064 and 0.094 at
seeds 0 to 3, and at the last two rates fitted B by B differed by more than 15 %; the medians gave 0.152 to 0.157. That some
of the means' rates lie close to the 0.06 of the paper's Figure 4 is no confirmation.</li>
</ul>
</section>`

const ROTARY = `<section>
<h2>Why rotary heads differ</h2>
<p>A rotary head turns queries and keys by their positions, so W<sub>Q</sub> W<sub>K</sub>′ does not merge into one matrix: its score is
Σ<sub>p</sub> cos(D) x′A<sub>p</sub>y + sin(D) x′B<sub>p</sub>y, two matrices for each of d<sub>K</sub>/2 frequencies. One random rotary layer
contains all d<sub>K</sub> of them at d<sub>K</sub> times the width (<i>rotary</i>); two random layers for each of W<sub>Q</sub> and
W<sub>K</sub> need one more layer, but neither the width nor as many subset sums (<i>factored</i>). The paper treats neither.</p>
</section>`

/** What is said of the figures that need no training together. */
function syntheticPart(results: readonly FigureResult[]): string {
  if (results.length === 0) return ''
  const rotary = results.some(({ figure }) => figure === 'rotary') ? [ROTARY] : []
  return [REGIMES, ...results.map(figureSection), ...rotary, INITIALISATION, notes(results)].join('\n')
}

function syntheticLead(results: readonly FigureResult[]): string {
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0)
  return `<p class="lead">The synthetic experiments of Otsuka et al., <i>The Strong Lottery Ticket Hypothesis for Multi-Head Attention
Mechanisms</i> (AAAI-26, arXiv 2511.04217), run again with an exact subset-sum solver: ${each(results, ({ settings }) => String(settings.sources))} random
sources a point, ${seconds.toFixed(0)} s in all.</p>`
}

/** What is said of Figures 7 and 8 together. */
function languagePart(results: readonly LanguageFigureResult[]): string {
  if (results.length === 0) return ''
  return [...results.map(languageSection), languageNotes(results)].join('\n')
}

/**
 * The report as one HTML document without outside references, light or dark as the reader prefers.
 *
 * @param results any figures, shown in the order given, 7 and 8 last; at least one
 */
export function renderReport(results: readonly (FigureResult | LanguageFigureResult)[]): string {
  if (results.length === 0) throw new RangeError('"results" expected at least one figure, got none')
  const synthetic = results.filter((result): result is FigureResult => 'fits' in result)
  const language = results.filter((result): result is LanguageFigureResult => 'runs' in result)
  const summary = results.flatMap((result) =>
    result.checks.map(({ claim, measured, holds }) => [figureName(result.figure), claim, measured, verdictText(holds)]),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${reportTitle(results.map(({ figure }) => figure))}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<h1>Strong lottery tickets in attention</h1>
${synthetic.length ? syntheticLead(synthetic) : ''}
${language.length ? languageLead(language) : ''}
${table(['', 'claim', 'measured', ''], summary, 'At a glance')}
${syntheticPart(synthetic)}
${languagePart(language)}
</main>
</body>
</html>
`
}
