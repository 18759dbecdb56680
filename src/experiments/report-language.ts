/** Figures 7 and 8 in the report: their sections, and what is to be known about both. */

import { escapeXml } from '../svg/compose.js'
import { renderFigure7, renderFigure8 } from './language-figure-svg.js'
import type { LanguageFigureResult, LanguagePoint, LanguageSeries } from './language-model.js'
import { sumSeconds } from './language-settings.js'
import { checkList, each, settingsList, table } from './report-parts.js'

const number = (value: number): string => value.toLocaleString('en-US')

/** Runs of all figures, each once. */
const uniqueRuns = (results: readonly LanguageFigureResult[]) => [
  // Of other presets or texts the names may be the same.
  ...new Map(results.flatMap(({ runs }) => runs).map((run) => [JSON.stringify(run), run])).values(),
]

/** What the language models are, and how many of them were run. */
export function languageLead(results: readonly LanguageFigureResult[]): string {
  const runs = uniqueRuns(results)
  const minutes = sumSeconds(runs) / 60
  const [preset, corpus] = (['preset', 'corpus'] as const).map((key) =>
    each(results, ({ settings }) => String(settings[key])),
  )
  return `<p class="lead">The language models of Otsuka et al., <i>The Strong Lottery Ticket Hypothesis for Multi-Head Attention
Mechanisms</i> (AAAI-26, arXiv 2511.04217): ${runs.length} of them, ${escapeXml(preset)} preset, on
${escapeXml(corpus)}; ${minutes < 1 ? `${(60 * minutes).toFixed(0)} s` : `${minutes.toFixed(0)} min`} of computing.</p>`
}

function pointRow({ name }: LanguageSeries, point: LanguagePoint): string[] {
  const { width, qkScale, nonZero, validLoss, losses, bitsPerByte, attentionDeviation } = point
  const several = losses.length > 1
  return [
    name,
    String(width),
    String(Number(qkScale.toFixed(3))),
    number(nonZero),
    validLoss.mean.toFixed(4),
    several ? validLoss.deviation.toFixed(4) : '–',
    losses.map((loss) => loss.toFixed(4)).join(', '),
    bitsPerByte.mean.toFixed(3),
    attentionDeviation.mean.toPrecision(3),
  ]
}

/** One figure: claims, drawing, numbers, settings. */
export function languageSection(result: LanguageFigureResult): string {
  const head = ['curve', 'width', 'QK scale', 'non-zero', 'loss, mean', 'std. dev.', 'by seed', 'bits a byte']
  const rows = result.series.flatMap((series) => series.points.map((point) => pointRow(series, point)))
  const caption =
    'Validation loss in nats a token; last column: standard deviation of the attention logits at the start'
  return `<section id="figure-${result.figure}">
<h2>Figure ${result.figure}. ${escapeXml(result.title)}</h2>
<p><b>The paper:</b> ${escapeXml(result.paper.claim)}</p>
${checkList(result.checks)}
<figure>${result.figure === 7 ? renderFigure7(result) : renderFigure8(result)}</figure>
<details><summary>All ${rows.length} points</summary>${table([...head, 'logits'], rows, caption)}</details>
${settingsList(result.settings, result.seconds)}
</section>`
}

/** What the scale acts on, and how these runs depart from the paper's. */
export const languageNotes = (results: readonly LanguageFigureResult[]): string => `<section>
<h2>What the QK scale acts on</h2>
<p>A query meets a key in the logit q·k/√n<sub>K</sub>. With x of unit variance (LayerNorm), weights of variance σ² and a fraction
κ of them kept, independent q and k give logits a standard deviation of κ σ² d s², where s is the factor of both W<sub>Q</sub> and
W<sub>K</sub> and d the width: for GPT-2's σ = 0.02 and κ = 0.3 it is 0.06 s² at d = 512 and 0.12 s² at d = 1024. Equal or related tokens
add to it. Far below 1, softmax weighs all positions nearly alike, and a mask has to make attention selective by itself;
far above 1 it looks at single positions from the start. The paper's factor n<sub>K</sub><sup>1/4</sup> makes up for the division by
√n<sub>K</sub> and does not depend on d, which the deviation does. Where a sweep has its minimum elsewhere, compare the deviations
under it: they, rather than the factor, say how attention starts.</p>
</section>
<section>
<h2>Notes on the language models</h2>
<ul>
${results.every(({ settings }) => settings.preset === 'paper') ? '' : SMALLER}
<li>All models are GPT-2s without biases, LayerNorm without gain and bias, the token embedding tied to the output. In a ticket
every matrix is masked, both embeddings included, so the non-zero parameters are the kept fraction of all.</li>
<li>The runs of a seed share random weights and batches whatever their scale (a scale multiplies the same weights), so
differences are taken seed by seed; their standard deviations are over seeds. A claim holds, or does not, where the 95 % intervals of those
differences (Student's t) say so; where one holds 0, or with fewer than three seeds, it is undecided.</li>
<li>The validation loss is of the last step's weights, on windows spread over the whole validation text.</li>
</ul>
</section>`

const SMALLER = `<li>The paper trains on WikiText-103 with a context of 1024, 11,350 steps of 512 windows. These runs are smaller by orders of
magnitude, so losses are not the paper's, and trained models are not trained to the end; the order of the curves is what can be
compared. <code>--paper</code> runs the paper's sizes.</li>`
