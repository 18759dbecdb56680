import { describe, expect, it } from 'vitest'
import { calibrateC } from '../../src/experiments/calibration.js'
import type { FigureId, FigureResult } from '../../src/experiments/figure.js'
import { renderFigure } from '../../src/experiments/figure-svg.js'
import { lossOf, parseFigure, reportedFigures } from '../../src/experiments/kept-figures.js'
import { renderReport } from '../../src/experiments/report.js'
import { runFigure } from '../../src/experiments/run-figure.js'
import { createTypeScriptSolver, type SubsetSumSolver } from '../../src/subset-sum/index.js'

const exact = createTypeScriptSolver()
/** Uses only the first 12 items of a problem: quick, and as deterministic as the real thing. */
const solver: SubsetSumSolver = {
  solve({ itemCount, items, targets }) {
    const used = Math.min(itemCount, 12)
    const cut = new Float64Array(targets.length * used)
    for (let c = 0; c < targets.length; c++) cut.set(items.subarray(c * itemCount, c * itemCount + used), c * used)
    const solved = exact.solve({ itemCount: used, items: cut, targets })
    const words = Math.ceil(itemCount / 32)
    const masks = new Uint32Array(targets.length * words)
    for (let c = 0; c < targets.length; c++) masks[c * words] = solved.masks[c]
    return { ...solved, masks }
  },
}

function withoutTime({ seconds, ...rest }: FigureResult): Omit<FigureResult, 'seconds'> {
  expect(seconds).toBeGreaterThan(0)
  return rest
}

describe.each<FigureId>([4, 5, 6, 'rotary'])('Figure %s', (figure) => {
  const run = (seed: number) => runFigure(figure, { solver, sources: figure === 5 ? 1 : 4, seed })
  const first = run(1)

  it('is deterministic for a seed, differs between seeds, and survives JSON', async () => {
    const result = withoutTime(await first)
    expect(withoutTime(await run(1))).toEqual(result)
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
    if (figure !== 5) expect(withoutTime(await run(2)).series).not.toEqual(result.series)
  })

  it('has ordered quantiles and fractions in every point', async () => {
    for (const { points } of (await first).series)
      for (const { error, tokenError, reachable, sourcesInReach } of points) {
        expect(error.q05 <= error.q25 && error.q25 <= error.median && error.q75 <= error.q95).toBe(true)
        expect(tokenError.mean).toBeLessThanOrEqual(error.mean)
        for (const fraction of [reachable, sourcesInReach]) expect(fraction >= 0 && fraction <= 1).toBe(true)
      }
  })

  it('claims nothing that too few sources do not decide', async () => {
    const { checks } = await runFigure(figure, { solver, sources: 2, seed: 1 })
    expect(checks.length).toBeGreaterThan(1)
    expect(checks.map(({ holds }) => holds)).toEqual(checks.map(() => null))
  })

  it('draws as standalone SVG on white, the same each time', async () => {
    const svg = renderFigure(await first)
    expect(svg).toBe(renderFigure(await first))
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(svg).toContain('fill="white"')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
  })
})

describe('runs', () => {
  it('report progress to the end and stop when aborted', async () => {
    const seen: number[] = []
    await runFigure(4, { solver, sources: 1, onProgress: ({ done, total }) => seen.push(done / total) })
    expect(seen).toHaveLength(52)
    expect(seen[51]).toBe(1)
    const controller = new AbortController()
    const aborted = runFigure(4, {
      solver,
      sources: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(aborted).rejects.toThrow('enough')
  })

  it('refuse other figures and sources', async () => {
    await expect(runFigure(7 as FigureId, { solver })).rejects.toThrow('"figure"')
    await expect(runFigure(4, { solver, sources: 0 })).rejects.toThrow('"sources"')
  })
})

describe('calibration', () => {
  it('finds an item count whose predecessor fails, inside its own interval', async () => {
    const result = await calibrateC(exact, { d1: 1, d2: 2, eps: 0.2, matrices: 60, seed: 3 })
    const at = (items: number) => result.points.find((point) => point.items === items)
    expect(at(result.items)?.success).toBeGreaterThanOrEqual(0.8)
    for (const { items, success } of result.points) if (items < result.items) expect(success).toBeLessThan(0.8)
    expect(result.low).toBeLessThanOrEqual(result.C)
    expect(result.high).toBeGreaterThanOrEqual(result.C)
    expect(result.C).toBeCloseTo(result.items / Math.log(10), 10)
    await expect(calibrateC(exact, { eps: 0.01, matrices: 20, maxItems: 9 })).rejects.toThrow('"maxItems"')
  })
})

/** A hand-made result: four points of an exact decay. */
function smallResult(): FigureResult {
  const summary = (mean: number) => ({
    mean,
    deviation: mean / 2,
    q05: mean / 9,
    q25: mean / 3,
    median: mean / 2,
    q75: mean,
    q95: 2 * mean,
    largest: 3 * mean,
  })
  const point = (x: number, scale: number) => ({
    x,
    error: summary(scale * Math.exp(-0.1 * x)),
    tokenError: summary(scale * Math.exp(-0.1 * x) * 0.8),
    reachable: Math.min(1, x / 30),
    sourcesInReach: Math.min(1, x / 40),
    medianEntryError: 2 ** (-x / 2),
    predictedEntryError: x === 0 ? null : 2 ** (-x / 2),
  })
  const fit = { name: 'mean of theory, least squares', series: ['theory'], statistic: 'mean' as const, from: 0, to: 60 }
  return {
    figure: 4,
    title: 'Errors & <widths>',
    xLabel: 'n',
    yLabel: 'error',
    settings: { sources: 4 },
    series: [
      { name: 'theory', initialisation: 'theory', points: [0, 20, 40, 60].map((x) => point(x, 0.5)) },
      { name: 'Xavier', initialisation: 'xavier', points: [0, 20, 40, 60].map((x) => point(x, 2)) },
    ],
    fits: [
      {
        ...fit,
        rate: 0.1,
        rateError: 0.01,
        factors: [0.5],
        factorErrors: [0.05],
        scale: 'linear',
        rSquared: 1,
        points: 4,
      },
    ],
    paper: { claim: 'A < B', factor: 0.8, rate: 0.06 },
    checks: [{ claim: 'a & b', measured: '1 < 2', holds: true }],
    seconds: 1,
  }
}

describe('rotary attention', () => {
  const run = runFigure('rotary', { solver, sources: 20, seed: 1 })

  it('has the same items in every curve: n is d1 items, and d_K d1 items of the rotary construction', async () => {
    const { series, fits, settings } = await run
    expect(series.map(({ name, perItem }) => [name, perItem])).toEqual([
      ['without rotation', 2],
      ['rotary', 8],
      ['factored', 2],
    ])
    for (const { points, perItem = 0 } of series)
      expect(points.map(({ x }) => x / perItem)).toEqual(series[0].points.map(({ x }) => x / 2))
    expect(fits).toHaveLength(6)
    expect(settings['subset sums for the scores of a head']).toMatch(/^4 without rotation, 16 rotary, 16 factored/)
  })

  it('its error falls with the items as that of attention without rotation, until the solver stops (here at 12 items)', async () => {
    const { series } = await run
    for (const { points } of series) {
      const [none, few, many] = [0, 4, 6].map((at) => points[at].error.median)
      expect(few).toBeLessThan(none / 5)
      expect(many).toBeLessThan(few)
    }
    const { checks } = await run
    expect(checks.map(({ claim }) => claim.split(':')[0])).toEqual([
      'rotary',
      'factored',
      'rotary',
      'factored',
      'every construction converges',
    ])
  })

  it('the caption has the rates of the data', async () => {
    const rotary = await run
    const captionOf = (result: typeof rotary) => renderFigure(result).replaceAll(/<[^>]+>\s*/g, ' ')
    const [, shown] = /r = (\S+) {1,2}without/.exec(captionOf(rotary)) ?? []
    const fit = rotary.fits.find(({ name }) => name.startsWith('median, without rotation,'))!
    expect(shown).toBe((2 * fit.rate).toFixed(2))
    const slower = rotary.fits.map((one) => (one === fit ? { ...one, rate: fit.rate / 2 } : one))
    expect(captionOf({ ...rotary, fits: slower })).toContain(`r = ${fit.rate.toFixed(2)}`)
  })

  it('stands in the report under its own name, after the figures before it, and is read back', async () => {
    const rotary = await run
    const html = renderReport([smallResult(), rotary])
    expect(html).toContain('<h2>Rotary attention. Error of pruned rotary attention against its width</h2>')
    expect(html).toContain('Why rotary heads differ')
    expect(renderReport([smallResult()])).not.toContain('Why rotary heads differ')
    expect(reportedFigures(html)).toEqual([4, 'rotary'])
    expect(parseFigure(JSON.stringify(rotary)).figure).toBe('rotary')
    expect(() => parseFigure(JSON.stringify({ ...rotary, figure: 'rotatory' }))).toThrow(
      '"figure" expected 4 to 8 or "rotary", got "rotatory"',
    )
    expect(lossOf(rotary, { figure: 'rotary', sources: 20, seed: '1', trained: false })).toBeUndefined()
    expect(lossOf(rotary, { figure: 'rotary', sources: 5, seed: '1', trained: true })).toBe(
      'sources 20 there, 5 asked for',
    )
  })
})

describe('rendering', () => {
  it('a small figure is the committed SVG', async () => {
    await expect(renderFigure(smallResult())).toMatchFileSnapshot('../vectors/figures/small-figure-4.svg')
  })

  it('the report escapes text, refers to nothing outside, and knows both colour schemes', () => {
    const html = renderReport([smallResult()])
    expect(html).toContain('Errors &amp; &lt;widths&gt;')
    expect(html).toContain('prefers-color-scheme: dark')
    expect(html).not.toMatch(/(?:src|href)=/)
    expect(html.replaceAll('http://www.w3.org/', '')).not.toContain('http')
    expect(() => renderReport([])).toThrow('"results"')
  })
})
