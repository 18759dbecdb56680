/** Figure 7: validation loss of trained models, tickets, and tickets with QK scaling, against non-zero parameters. */
import type { FigureCheck } from './figure.js'
import {
  differenceText,
  fewSeeds,
  type LanguageFigureOptions,
  type LanguageFigureResult,
  type LanguageModelRequest,
  type LanguagePoint,
  type LanguageSeries,
  type LanguageVariant,
  measurePoint,
  type PointPlan,
  pairedDifferences,
  planPoint,
  spread,
  spreadText,
} from './language-model.js'
import { criticalScale, type LanguagePreset } from './language-presets.js'
import { languageSettings, sumSeconds } from './language-settings.js'
import { everyOne, isBelow, meanInterval } from './verdict.js'

interface CurvePlan {
  readonly name: string
  readonly model: string
  readonly variant: LanguageVariant
  readonly points: readonly PointPlan[]
}

/** The curves: three for each model. */
function planCurves(preset: LanguagePreset): CurvePlan[] {
  return preset.models.flatMap((model) => {
    const critical = criticalScale(model)
    const curves = [
      { name: 'trained', variant: 'trained', qkScale: 1 },
      { name: 'SLT', variant: 'slt', qkScale: 1 },
      { name: `SLT, QK scale ${critical.toFixed(2)}`, variant: 'slt', qkScale: critical },
    ] as const
    const prefix = preset.models.length > 1 ? `${model.name}: ` : ''
    return curves.map(({ name, variant, qkScale }) => ({
      name: `${prefix}${name}`,
      model: model.name,
      variant,
      points: preset.widths.map((factor) => planPoint(preset, model, { variant, factor, qkScale })),
    }))
  })
}

/** Every run that the figure needs. */
export const figure7Runs = (preset: LanguagePreset): LanguageModelRequest[] =>
  planCurves(preset).flatMap(({ points }) => points.flatMap(({ runs }) => runs))

/** Runs Figure 7, one language model after another; what they are run by may know outcomes already. */
export async function runFigure7(options: LanguageFigureOptions): Promise<LanguageFigureResult> {
  const { preset, corpus, runLanguageModel } = options
  const series: LanguageSeries[] = []
  const runs = []
  for (const curve of planCurves(preset)) {
    const points: LanguagePoint[] = []
    for (const plan of curve.points) {
      const measured = await measurePoint(plan, runLanguageModel, ({ nonZero }) => nonZero)
      points.push(measured.point)
      runs.push(...measured.runs)
    }
    series.push({ ...curve, points })
  }
  const curves = preset.models.map((_, m) => series.slice(3 * m, 3 * m + 3))
  return {
    figure: 7,
    title: 'Loss of trained models and of tickets against non-zero parameters',
    xLabel: 'non-zero parameters',
    yLabel: 'validation loss (nats a token)',
    settings: languageSettings(preset, corpus),
    criticalScale: criticalScale(preset.models[0]),
    series,
    paper: {
      claim:
        'Tickets of query and key weights scaled by n_K^(1/4) have a lower loss than tickets without, and come close to trained models as width grows.',
    },
    checks: curves.flatMap(([trained, plain, scaled]) => {
      const model = preset.models.length > 1 ? `${trained.model}: ` : ''
      return [
        scalingHelps(model, plain.points, scaled.points),
        ...(preset.widths.length > 1 ? [approaches(model, trained.points, scaled.points)] : []),
      ]
    }),
    runs,
    seconds: sumSeconds(runs),
  }
}

function scalingHelps(model: string, plain: readonly LanguagePoint[], scaled: readonly LanguagePoint[]): FigureCheck {
  const differences = scaled.map((point, i) => pairedDifferences(point, plain[i]))
  const measured = scaled.map((point, i) => {
    const { losses } = point
    const texts = [point, plain[i]].map(({ validLoss }) => spreadText(validLoss, losses.length))
    return `width ${point.width}: ${texts.join(' against ')}, difference ${differenceText(differences[i])}`
  })
  return {
    claim: `${model}tickets with QK scaling have a lower loss than without at every width (means over seeds)`,
    measured: `${measured.join('; ')}${fewSeeds(scaled[0])}`,
    holds: everyOne(differences.map((difference) => isBelow(meanInterval(difference)))),
  }
}

function approaches(model: string, trained: readonly LanguagePoint[], scaled: readonly LanguagePoint[]): FigureCheck {
  const gaps = scaled.map((point, i) => pairedDifferences(point, trained[i]))
  const steps = gaps.slice(1).map((gap, i) => gap.map((each, seed) => each - gaps[i][seed]))
  const texts = gaps.map((gap, i) => `${spreadText(spread(gap), gap.length)} at width ${scaled[i].width}`)
  const changes = steps.map((step) => differenceText(step)).join(', ')
  return {
    claim: `${model}the gap between tickets with QK scaling and trained models narrows from each width to the next`,
    measured: `${texts.join(', ')} nats; from width to width ${changes}${fewSeeds(scaled[0])}`,
    holds: everyOne(steps.map((step) => isBelow(meanInterval(step)))),
  }
}
