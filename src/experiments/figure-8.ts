/** Figure 8: validation loss of tickets against the scale of the query and key weights. */
import type { FigureCheck } from './figure.js'
import {
  differenceText,
  fewSeeds,
  type LanguageFigureOptions,
  type LanguageFigureResult,
  type LanguageModelRequest,
  type LanguagePoint,
  type LanguageSeries,
  measurePoint,
  type PointPlan,
  pairedDifferences,
  planPoint,
  spreadText,
} from './language-model.js'
import { criticalScale, type LanguagePreset } from './language-presets.js'
import { languageSettings, sumSeconds } from './language-settings.js'
import { isBelow, meanInterval, type Verdict } from './verdict.js'

/** A minimum counts as near n_K^(1/4) within this factor. */
export const NEAR = 1.5

/** A curve for each model at its own width, a point for each scale. */
function planCurves(preset: LanguagePreset): PointPlan[][] {
  return preset.models.map((model) =>
    preset.scales.map((qkScale) => planPoint(preset, model, { variant: 'slt', factor: 1, qkScale })),
  )
}

/** Every run that the figure needs; those at scales 1 and n_K^(1/4) are Figure 7's too. */
export const figure8Runs = (preset: LanguagePreset): LanguageModelRequest[] =>
  planCurves(preset).flatMap((points) => points.flatMap(({ runs }) => runs))

/** Runs Figure 8, one language model after another; what they are run by may know outcomes already. */
export async function runFigure8(options: LanguageFigureOptions): Promise<LanguageFigureResult> {
  const { preset, corpus, runLanguageModel } = options
  const series: LanguageSeries[] = []
  const runs = []
  for (const curve of planCurves(preset)) {
    const points: LanguagePoint[] = []
    for (const plan of curve) {
      const measured = await measurePoint(plan, runLanguageModel, ({ qkScale }) => qkScale)
      points.push(measured.point)
      runs.push(...measured.runs)
    }
    const [{ model }] = curve
    series.push({ name: preset.models.length > 1 ? `SLT, ${model}` : 'SLT', model, variant: 'slt', points })
  }
  const critical = criticalScale(preset.models[0])
  return {
    figure: 8,
    title: 'Loss of tickets against the scale of query and key weights',
    xLabel: 'QK scale: factor of W_Q and W_K',
    yLabel: 'validation loss (nats a token)',
    settings: languageSettings(preset, corpus),
    criticalScale: critical,
    series,
    paper: { claim: 'The loss is lowest near a scale of n_K^(1/4), for models of every size.' },
    checks: series.map(({ model, points }) =>
      lowestNear(preset.models.length > 1 ? `${model}: ` : '', points, critical),
    ),
    runs,
    seconds: sumSeconds(runs),
  }
}

/** The point of the lowest mean loss; of equals the first. */
export const lowestPoint = (points: readonly LanguagePoint[]): LanguagePoint =>
  points.reduce((best, point) => (point.validLoss.mean < best.validLoss.mean ? point : best))

/**
 * Whether the lowest loss is near n_K^(1/4). It is where the best of the scales near it is lower than every scale that is not
 * near, by an interval over seeds each; it is not where some scale that is not near is lower than every one that is. At an
 * end of the sweep the loss may fall further beyond it: then no minimum has been found, and nothing is decided.
 */
function nearIsLowest(points: readonly LanguagePoint[], critical: number): Verdict {
  const isNear = ({ x }: LanguagePoint) => x / critical <= NEAR && x / critical >= 1 / NEAR
  const [near, far] = [points.filter(isNear), points.filter((point) => !isNear(point))]
  if (near.length === 0) return null
  const isLower = (a: LanguagePoint, b: LanguagePoint) => isBelow(meanInterval(pairedDifferences(a, b)))
  if (far.some((point) => near.every((other) => isLower(point, other) === true))) return false
  const best = lowestPoint(near)
  const isEdge = best === points[0] || best === points[points.length - 1]
  return !isEdge && far.every((point) => isLower(best, point) === true) ? true : null
}

function lowestNear(model: string, points: readonly LanguagePoint[], critical: number): FigureCheck {
  const best = lowestPoint(points)
  const seeds = best.losses.length
  const isEdge = best === points[0] || best === points[points.length - 1]
  const parts = [
    `lowest at scale ${scaleText(best.x)}${isEdge ? ', an end of the sweep' : ''}: ${spreadText(best.validLoss, seeds)} nats, attention logits starting with a standard deviation of ${best.attentionDeviation.mean.toPrecision(2)}`,
  ]
  // Another scale may be as good within the luck of the seeds: say how far off those are that the paper names.
  for (const scale of [critical, 1]) {
    const other = points.find(({ x }) => Math.abs(x / scale - 1) < 1e-9)
    if (other === undefined || other === best) continue
    const difference = differenceText(pairedDifferences(other, best))
    parts.push(
      `scale ${scaleText(scale)}: ${difference}, starting with ${other.attentionDeviation.mean.toPrecision(2)}`,
    )
  }
  return {
    claim: `${model}the loss is lowest near n_K^(1/4) = ${scaleText(critical)} (within a factor of ${NEAR})`,
    measured: `${parts.join('; ')}${fewSeeds(best)}`,
    holds: nearIsLowest(points, critical),
  }
}

const scaleText = (scale: number): string => String(Number(scale.toFixed(2)))
