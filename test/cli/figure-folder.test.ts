import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openFigureFolder } from '../../src/cli/figure-folder.js'
import { loadSolver } from '../../src/engine/node.js'
import {
  choosePreset,
  type FigurePlan,
  type FigureResult,
  figure7Runs,
  type LanguageFigureResult,
  reportedFigures,
  runFigure,
  runFigure7,
} from '../../src/experiments/index.js'

const [quick, more] = [choosePreset('quick'), choosePreset('quick', { seeds: 2 })]
const plans = {
  four: { figure: 4, sources: 1, seed: '0', trained: false },
  seven: { figure: 7, preset: 'quick', corpus: 'a text', runs: figure7Runs(quick) },
} satisfies Record<string, FigurePlan>
let four: FigureResult
let seven: LanguageFigureResult
beforeAll(async () => {
  four = await runFigure(4, { solver: await loadSolver(), sources: 1 })
  const outcome = {
    validLoss: 3,
    bitsPerByte: 4,
    weights: 9,
    nonZero: 3,
    attentionDeviation: 0.1,
    steps: 30,
    seconds: 1,
  }
  seven = await runFigure7({ preset: quick, corpus: 'a text', runLanguageModel: async () => outcome })
})

let out: string
beforeEach(() => {
  out = join(mkdtempSync(join(tmpdir(), 'slt-figures-')), 'out')
})
afterEach(() => rmSync(join(out, '..'), { recursive: true }))

/** Makes figures as `slt reproduce` does. */
async function make(made: readonly (FigureResult | LanguageFigureResult)[], plan: FigurePlan[], force = false) {
  const folder = await openFigureFolder(out, plan, { force })
  for (const figure of made) await folder.writeFigure(figure)
  await folder.writeReport(made)
  return folder
}
const read = (name: string) => readFileSync(join(out, name), 'utf8')
const shown = () => reportedFigures(read('report.html'))

test('the report shows the figures of earlier runs, too', async () => {
  await make([four], [plans.four])
  const { others } = await make([seven], [plans.seven])
  expect(others.map(({ figure }) => figure)).toEqual([4])
  expect(shown()).toEqual([4, 7])
  for (const part of ['id="figure-4"', 'id="figure-7"', 'Two regimes', 'What the QK scale acts on']) {
    expect(read('report.html')).toContain(part)
  }
  await make([four], [plans.four]) // the same again
  expect(shown()).toEqual([4, 7])
})

describe('a figure of other settings', () => {
  test.each<[string, FigurePlan, RegExp]>([
    ['sources', { ...plans.four, sources: 10 }, /figure-4\.json: .*\(sources 1 there, 10 asked for\): --force/],
    ['seed', { ...plans.four, seed: '1' }, /\(seed 0 there, 1 asked for\)/],
    ['target', { ...plans.four, trained: true }, /\(trained false there, true asked for\)/],
    ['preset', { ...plans.seven, preset: 'default' }, /figure-7\.json: .*\(preset quick there, default asked for\)/],
    ['text', { ...plans.seven, corpus: 'b' }, /\(corpus a text there, b asked for\)/],
    [
      'runs',
      { ...plans.seven, runs: plans.seven.runs.slice(1) },
      /\(1 of its 6 runs are not asked for: trained-quick-32/,
    ],
    [
      'steps',
      { ...plans.seven, runs: figure7Runs(choosePreset('quick', { steps: 31 })) },
      /\(6 of its 6 runs are not asked for: trained-quick-32-seed0, .*, \.\.\.\): --force replaces it, another --out keeps both$/,
    ],
  ])('%s is refused before the work, and replaced by force', async (_, plan, message) => {
    const figure = plan.figure === 4 ? four : seven
    await make([figure], [plan.figure === 4 ? plans.four : plans.seven])
    const before = read(`figure-${plan.figure}.json`)
    await expect(openFigureFolder(out, [plan], {})).rejects.toThrow(message)
    expect(read(`figure-${plan.figure}.json`)).toBe(before)
    await make([{ ...figure, title: 'new' }], [plan], true)
    expect(read(`figure-${plan.figure}.json`)).toContain('"title": "new"')
  })

  test('with more seeds the runs that are there remain: it is replaced', async () => {
    await make([seven], [plans.seven])
    await make([seven], [{ ...plans.seven, runs: figure7Runs(more) }])
  })
})

describe('what no run of ours made', () => {
  test.each([
    ['figure-4.json', 'mine', /figure-4\.json: is no figure of slt reproduce \(it is not JSON\): --force replaces it/],
    ['figure-4.json', '{"figure":4}', /is no figure of slt reproduce \("series" expected a list\)/],
    ['figure-5.json', 'mine', /figure-5\.json: is no figure of slt reproduce/], // the report would not show it
    ['figure-4.svg', 'mine', /figure-4\.svg: is there already \(--force replaces it, another --out keeps both\)/],
    ['report.html', 'mine', /report\.html: is no report of slt reproduce/],
  ])('%s %s stays', async (name, text, message) => {
    mkdirSync(out)
    writeFileSync(join(out, name), text)
    await expect(openFigureFolder(out, [plans.four], {})).rejects.toThrow(message)
    expect(readdirSync(out)).toEqual([name])
    expect(read(name)).toBe(text)
    await make([four], [plans.four], true)
    expect(shown()).toEqual([4])
    if (name === 'figure-5.json') expect(read(name)).toBe(text)
  })

  test('a report of a figure whose numbers are gone stays', async () => {
    await make([four], [plans.four])
    rmSync(join(out, 'figure-4.json'))
    await expect(openFigureFolder(out, [plans.seven], {})).rejects.toThrow(
      /report\.html: shows figure 4, whose figure-4\.json is not beside it: --force/,
    )
  })

  test('a file that appears during the work stays', async () => {
    const folder = await openFigureFolder(out, [plans.four], {})
    writeFileSync(join(out, 'figure-4.json'), 'appeared')
    await expect(folder.writeFigure(four)).rejects.toThrow('figure-4.json: appeared meanwhile, and stays')
    expect([read('figure-4.json'), existsSync(join(out, 'report.html'))]).toEqual(['appeared', false])
  })
})

test('figures of several settings are told apart in one report', async () => {
  await make([four], [plans.four])
  const report = async (changes: Partial<FigureResult>) => {
    const five = { ...four, figure: 5 as const, ...changes }
    await make([five], [{ ...plans.four, figure: 5, sources: Number(five.settings.sources) }], true)
    return read('report.html')
  }
  expect(await report({ settings: { ...four.settings, sources: 7 } })).toContain('1 (Figure 4), 7 (Figure 5) random')
  const trained = { training: {}, epochs: [], test: {} } as unknown as NonNullable<FigureResult['trained']>
  expect(await report({ trained })).toContain('The target of Figure 5 is trained, that of Figure 4 is not')
})
