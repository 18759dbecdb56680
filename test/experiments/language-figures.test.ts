import { describe, expect, test } from 'vitest'
import { runFigure7 } from '../../src/experiments/figure-7.js'
import { runFigure8 } from '../../src/experiments/figure-8.js'
import { renderFigure } from '../../src/experiments/figure-svg.js'
import type { LanguageModelRequest } from '../../src/experiments/language-model.js'
import { choosePreset, type PresetChanges } from '../../src/experiments/language-presets.js'
import { renderReport } from '../../src/experiments/report.js'
import { pretend } from './language-models.js'

const CRITICAL = 64 ** 0.25
const corpus = 'words & <more>'

const figure7 = (lossOf: (request: LanguageModelRequest) => number, changes: PresetChanges = {}) =>
  runFigure7({ preset: choosePreset('default', changes), corpus, runLanguageModel: pretend(lossOf) })
const figure8 = (lossOf: (request: LanguageModelRequest) => number, changes: PresetChanges = {}) =>
  runFigure8({ preset: choosePreset('default', changes), corpus, runLanguageModel: pretend(lossOf) })

/** Trained models are better by a gap, scaled tickets by a gain over plain ones; seeds differ alike. */
const losses =
  ({ gain, gap, luck = 0.01 }: { gain: (width: number) => number; gap: (width: number) => number; luck?: number }) =>
  ({ variant, width, qkScale, seed }: LanguageModelRequest) => {
    const trained = 3 - 0.1 * Math.log2(width) + luck * Number(seed)
    if (variant === 'trained') return trained
    return trained + gap(width) + (qkScale === 1 ? gain(width) : 0)
  }

describe('Figure 7', () => {
  test('its points: means and deviations over seeds, against non-zero parameters', async () => {
    const { series, runs, seconds } = await figure7(losses({ gain: () => 0.2, gap: (d) => 100 / d }))
    expect(series.map(({ name }) => name)).toEqual(['trained', 'SLT', 'SLT, QK scale 2.83'])
    const [trained, plain, scaled] = series.map(({ points }) => points[1])
    expect(trained.x).toBe(trained.weights)
    expect(scaled.x).toBe(Math.ceil(0.3 * scaled.weights))
    expect(trained.losses).toEqual([2.1, 2.11, 2.12])
    expect(trained.validLoss.mean).toBeCloseTo(2.11, 12)
    expect(trained.validLoss.deviation).toBeCloseTo(0.01, 12)
    expect(plain.validLoss.mean - scaled.validLoss.mean).toBeCloseTo(0.2, 12)
    expect([plain.qkScale, scaled.qkScale]).toEqual([1, CRITICAL])
    expect([runs.length, seconds]).toEqual([27, 270])
  })

  test('both claims hold where scaling helps at every width and the gap narrows', async () => {
    const { checks } = await figure7(losses({ gain: () => 0.2, gap: (d) => 102.4 / d }))
    expect(checks.map(({ holds }) => holds)).toEqual([true, true])
    expect(checks[0].measured).toMatch(
      /^width 256: 2\.610 ± 0\.010 against 2\.810 ± 0\.010, difference -0\.2000 ± 0\.0000 \(95 %: -0\.2000 to -0\.2000\); width 512/,
    )
    expect(checks[1].measured).toBe(
      '0.400 ± 0.000 at width 256, 0.200 ± 0.000 at width 512, 0.100 ± 0.000 at width 1024 nats; from width to width -0.2000 ± 0.0000 (95 %: -0.2000 to -0.2000), -0.1000 ± 0.0000 (95 %: -0.1000 to -0.1000)',
    )
  })

  test('one width where scaling does not help, or a gap that widens once, is enough for a claim not to hold', async () => {
    const one = await figure7(losses({ gain: (d) => (d === 512 ? -0.01 : 0.2), gap: (d) => 100 / d }))
    expect(one.checks.map(({ holds }) => holds)).toEqual([false, true])
    expect(one.checks[0].measured).toContain('difference +0.0100 ± 0.0000 (95 %: +0.0100 to +0.0100); width 1024')
    const equal = await figure7(losses({ gain: () => 0, gap: (d) => 100 / d }))
    expect(equal.checks[0].holds).toBeNull() // as good as each other
    const other = await figure7(losses({ gain: () => 0.2, gap: (d) => (d === 1024 ? 0.3 : 100 / d) }))
    expect(other.checks.map(({ holds }) => holds)).toEqual([true, false])
  })

  test('differences are taken seed by seed; where their interval holds zero the claim is undecided', async () => {
    const lossOf = losses({ gain: () => 0.02, gap: (d) => 100 / d, luck: 5 })
    const sure = await figure7(lossOf)
    expect(sure.checks[0].measured).toContain('difference -0.0200 ± 0.0000 (95 %: -0.0200 to -0.0200); ')
    expect(sure.checks[0].holds).toBe(true)
    const unsure = await figure7((run) => lossOf(run) + (run.seed === '1' && run.qkScale === 1 ? 0.3 : 0))
    // t of 2 degrees of freedom is 4.303: 0.12 +- 4.303 * 0.1732 / sqrt 3
    expect(unsure.checks[0].measured).toContain('difference -0.1200 ± 0.1732 (95 %: -0.5503 to +0.3103); ')
    expect(unsure.checks[0].holds).toBeNull()
  })

  test.each([1, 2])('%d seeds decide nothing, however large the difference', async (seeds) => {
    const { checks } = await figure7(losses({ gain: () => 2, gap: (d) => 100 / d }), { seeds })
    expect(checks.map(({ holds }) => holds)).toEqual([null, null])
    const why = seeds === 1 ? ' (one seed: an interval takes 3)' : ' (2 seeds: an interval takes 3)'
    for (const { measured } of checks) expect(measured.endsWith(why)).toBe(true)
    const eight = await figure8(({ qkScale }) => Math.log(qkScale / CRITICAL) ** 2, { seeds })
    expect(eight.checks[0].holds).toBeNull()
    expect(renderReport([eight])).toContain('<li class="undecided"><b>Undecided:</b>')
  })

  test('one seed has no deviation and says so; one width has no trend; several models have claims each', async () => {
    const lossOf = losses({ gain: () => 0.2, gap: (d) => 100 / d })
    const { checks } = await figure7(lossOf, { seeds: 1, widths: [1] })
    expect(checks.map(({ measured }) => measured)).toEqual([
      'width 512: 2.295 against 2.495, difference -0.2000 (one seed: an interval takes 3)',
    ])
    const preset = choosePreset('paper', { models: ['mini', 'medium'], seeds: 1 })
    const paper = await runFigure7({ preset, corpus, runLanguageModel: pretend(lossOf) })
    expect(paper.checks.map(({ claim }) => claim.split(':')[0])).toEqual(['mini', 'mini', 'medium', 'medium'])
    expect(paper.series.map(({ name }) => name)[3]).toBe('medium: trained')
  })
})

describe('Figure 8', () => {
  const lowestAt =
    (scale: number, { luck = 0.01 } = {}) =>
    ({ qkScale, seed }: LanguageModelRequest) =>
      2 + 0.1 * Math.log(qkScale / scale) ** 2 + luck * Number(seed)

  test.each([
    [1, false],
    [1.5, false],
    [2, true],
    [CRITICAL, true],
    [4, true],
    [5, false],
  ])('a minimum at %f is near n_K^(1/4): %j', async (scale, isNear) => {
    const { checks, series } = await figure8(lowestAt(scale))
    expect(checks).toHaveLength(1)
    expect(checks[0].holds).toBe(isNear)
    const shown = String(Number(scale.toFixed(2)))
    const edge = scale === 1 || scale === 5 ? ', an end of the sweep' : ''
    const deviation = (0.3 * 4e-4 * 512 * scale ** 2).toPrecision(2)
    expect(checks[0].measured).toMatch(
      `lowest at scale ${shown}${edge}: 2.010 ± 0.010 nats, attention logits starting with a standard deviation of ${deviation}`,
    )
    expect(series[0].points.map(({ x }) => x)).toEqual([1, 1.5, 2, CRITICAL, 4, 5])
  })

  test('an end of the sweep is no minimum, however near', async () => {
    for (const scales of [[1, 2], [4, 5], [2]]) {
      const { checks } = await figure8(lowestAt(CRITICAL), { scales })
      expect(checks[0].measured).toContain(', an end of the sweep')
      expect(checks[0].holds).toBeNull() // it may fall further beyond
    }
  })

  test('says how far off n_K^(1/4) and the unscaled weights are, with their deviations', async () => {
    const { checks } = await figure8(lowestAt(4, { luck: 0 }), { seeds: 2 })
    const [critical, plain] = [CRITICAL, 1].map((scale) => (0.1 * Math.log(scale / 4) ** 2).toFixed(4))
    expect(checks[0].measured).toContain(`; scale 2.83: +${critical} ± 0.0000, starting with 0.49; `)
    expect(checks[0].measured).toMatch(
      new RegExp(`; scale 1: \\+${plain} ± 0\\.0000, starting with 0\\.061 \\(2 seeds`),
    )
    const single = await figure8(lowestAt(CRITICAL), { seeds: 1, scales: [2, 'auto', 4] })
    expect(single.checks[0].measured).toMatch(
      /^lowest at scale 2\.83: 2\.000 nats, .* of 0\.49 \(one seed: an interval takes 3\)$/,
    )
  })
})

test('results survive JSON', async () => {
  for (const result of [await figure7(() => 2.5), await figure8(() => 2.5)]) {
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  }
})

describe('drawing', () => {
  const lossOf = (run: LanguageModelRequest) =>
    losses({ gain: () => 0.2, gap: (d) => 100 / d })(run) + 0.05 * Math.log(run.qkScale / 3) ** 2
  const changes = { seeds: 2, scales: [1, 2, 'auto', 4] } as const

  test('small figures are the committed SVGs', async () => {
    const seven = renderFigure(await figure7(lossOf, changes))
    const eight = renderFigure(await figure8(lossOf, changes))
    await expect(seven).toMatchFileSnapshot('../vectors/figures/small-figure-7.svg')
    await expect(eight).toMatchFileSnapshot('../vectors/figures/small-figure-8.svg')
  })

  test('ticks are as precise as the axis needs', async () => {
    const svg = renderFigure(await figure8(({ qkScale }) => 2.5 + 0.001 * qkScale))
    const ticks = [...svg.matchAll(/y="0\.32em">([\d.]+)</g)].map(([, tick]) => tick)
    expect(ticks).toContain('2.5015')
    expect(new Set(ticks).size).toBeGreaterThan(8)
  })

  test('any shape of result draws: one point, equal losses, several models', async () => {
    const preset = choosePreset('paper')
    const results = [
      await figure7(() => 2.5, { seeds: 1, widths: [1] }),
      await figure8(() => 2.5, { seeds: 1, scales: [1] }),
      await runFigure7({ preset, corpus, runLanguageModel: pretend(lossOf) }),
      await runFigure8({ preset, corpus, runLanguageModel: pretend(lossOf) }),
    ]
    for (const result of results) {
      const svg = renderFigure(result)
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
      expect(svg.replaceAll(/<\/text>\n<text[^>]*>/g, ' ')).toContain('words &amp; &lt;more&gt;')
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
  })

  test('the report has both figures, counts shared runs once, escapes text and refers to nothing outside', async () => {
    const html = renderReport([await figure7(lossOf), await figure8(lossOf)])
    expect(html).toContain('39 of them, default preset, on\nwords &amp; &lt;more&gt;; 7 min of computing') // 390 s
    expect(html).toContain('id="figure-7"')
    expect(html).toContain('id="figure-8"')
    expect(html).toContain('What the QK scale acts on')
    expect(html).not.toContain('Two regimes')
    expect(html).not.toMatch(/(?:src|href)=|NaN|undefined/)
  })
})
