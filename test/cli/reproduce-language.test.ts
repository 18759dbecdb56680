import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stepsOf, writeText } from '../search/small-run.js'
import { shellCode, slt, startSlt } from './slt.js'

let folder: string
let text: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slt-reproduce-'))
  text = writeText(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

const quick = (out: string, ...more: string[]) => [
  'reproduce',
  ...more,
  ...['--quick', '--data', text, '--device', 'cpu', '--threads', '1', '--out', join(folder, out)],
]
const read = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'))
const filesIn = (...path: string[]): string[] => {
  const place = join(folder, ...path)
  return existsSync(place) ? readdirSync(place, { recursive: true, encoding: 'utf8' }) : []
}
const resultsOf = (out: string) => filesIn(out, 'store', 'results').filter((name) => name.endsWith('.json'))

describe('the quick preset', () => {
  let first: { code: number | null; stdout: string; stderr: string }
  beforeAll(() => {
    first = slt(...quick('both', 'figure-7', 'figure-8', '--json'))
  })

  test('runs the models of both figures once each, and writes figures and report', () => {
    expect(first.stderr).toContain('7 language models of 30 steps (2 of them serve both figures)\n')
    expect(first.stderr).toMatch(/^on cpu \(as asked\); corpus .*words\.txt; results in .*both.store$/m)
    expect(first.stderr).toMatch(/^trained, width 32, seed 0: validation loss \d\.\d{3}$/m)
    expect(first.stderr).toMatch(/^SLT, width 64, QK scale 4, seed 0: validation loss/m)
    expect(first.code).toBe(0)
    const { figures, runs, files, seed } = JSON.parse(first.stdout)
    expect([runs, seed]).toEqual([{ total: 7, reused: 0 }, '0'])
    const names = ['figure-7.json', 'figure-7.svg', 'figure-8.json', 'figure-8.svg', 'report.html']
    expect(files).toEqual(names.map((name) => join(folder, 'both', name)))
    expect(readdirSync(join(folder, 'both')).sort()).toEqual([...names, 'store'])
    expect(figures).toEqual([read('both', 'figure-7.json'), read('both', 'figure-8.json')])
    expect(resultsOf('both')).toHaveLength(7)
    expect(readFileSync(join(folder, 'both', 'report.html'), 'utf8')).toContain('id="figure-8"')
  })

  test('masks what is not kept, and starts attention as wide as the scale makes it', () => {
    const [seven, eight] = JSON.parse(first.stdout).figures
    const [trained, , scaled] = seven.series.map(({ points }: { points: object[] }) => points[1])
    expect(trained.nonZero).toBe(trained.weights)
    expect(scaled.nonZero / trained.nonZero).toBeCloseTo(0.3, 3)
    for (const { width, qkScale, attentionDeviation, losses } of eight.series[0].points) {
      const predicted = 0.3 * 0.02 ** 2 * width * qkScale ** 2
      expect(attentionDeviation.mean / predicted).toBeGreaterThan(0.8)
      expect(attentionDeviation.mean / predicted).toBeLessThan(1.25)
      expect(losses[0]).toBeLessThan(Math.log(256))
    }
    expect(eight.series[0].points[1]).toMatchObject({ losses: scaled.losses, qkScale: 2 })
  })

  test('asked for again, it runs nothing and says the same; other figures and seeds run what is missing', () => {
    const again = slt(...quick('both', 'figure-8', 'figure-7', '--json'))
    expect(again.stderr).toContain('7 of 7 runs were done before\n')
    expect(again.stderr).not.toMatch(/validation loss/m)
    expect(JSON.parse(again.stdout).figures).toEqual(JSON.parse(first.stdout).figures)
    const other = ['figure-8', '--seeds', '2', '--scales', '1,auto']
    const before = read('both', 'figure-8.json')
    const refused = slt(...quick('both', ...other))
    expect(refused.stderr).toMatch(
      /^slt: .*figure-8\.json: was made with other settings \(1 of its 3 runs are not asked for: slt-quick-64-qk4-seed0\): --force replaces it, another --out keeps both$/m,
    )
    expect([refused.code, read('both', 'figure-8.json')]).toEqual([1, before])
    const more = slt(...quick('both', ...other, '--force'))
    expect(more.stderr).toContain('figure 8, quick preset: 4 language models of 30 steps\n')
    expect(more.stderr).toContain('2 of 4 runs were done before\n')
    expect(more.stderr).toMatch(/^SLT, width 64, QK scale 1, seed 1: /m)
    expect(more.stdout).toMatch(/^Figure 8: /)
    expect(more.stdout).toMatch(/ width +QK scale +non-zero +loss +std\. dev\. +bits a byte +logits/)
    expect(more.stdout).toMatch(/undecided +the loss is lowest near n_K\^\(1\/4\) = 2 \(within/)
    expect(resultsOf('both')).toHaveLength(9)
    // Figure 7 was not asked for: the report shows it as it was made before.
    expect(more.stdout).toContain('The report also shows figure 7, made before\n')
    expect(readFileSync(join(folder, 'both', 'report.html'), 'utf8')).toContain('id="figure-7"')
  })
})

test('the bundled text, other steps, and a figure without training beside', () => {
  const out = join(folder, 'bundled')
  const args = ['--quick', '--sources', '2', '--steps', '2', '--scales', '1', '--threads', '1', '--device', 'cpu']
  const { code, stdout, stderr } = slt('reproduce', 'figure-8', 'figure-4', ...args, '--out', out, '--json')
  expect(stderr).toContain('1 language models of 2 steps')
  expect(code).toBe(0)
  const { figures, sources } = JSON.parse(stdout)
  expect([sources, ...figures.map(({ figure }: { figure: number }) => figure)]).toEqual([2, 4, 8])
  expect(figures[1].settings.corpus).toBe('tiny Shakespeare, 1,003,855 tokens to learn from and 111,539 to validate on')
  const report = readFileSync(join(out, 'report.html'), 'utf8')
  for (const part of ['Two regimes', 'What the QK scale acts on']) expect(report).toContain(part)
})

test('Ctrl-C inside a run saves it; killed between runs nothing is lost: the same command goes on to the same end', async () => {
  const last = 400 // of which a run has not come near when the signal for its first few arrives, on any machine
  const args = ['figure-8', '--scales', '1,2', '--steps', `${last}`]
  const started = (out: string) => {
    const child = startSlt(...quick(out, ...args))
    let stderr = ''
    child.stderr.on('data', (data) => {
      stderr += data
    })
    const closed = shellCode(child)
    return { child, closed, stderr: () => stderr }
  }
  /** Steps that a run of the process has done. */
  const steps = () =>
    filesIn('stopped', '.scratch')
      .filter((name) => name.endsWith('metrics.jsonl'))
      .map((name) => stepsOf(join(folder, 'stopped', '.scratch', dirname(name))).length)

  const inside = started('stopped')
  await until(() => Math.max(0, ...steps()) > 3)
  inside.child.kill('SIGINT')
  expect(await inside.closed).toBe(130)
  expect(inside.stderr()).toMatch(/slt: interrupted; what is done is kept, and the same command goes on\n$/)
  expect(resultsOf('stopped')).toEqual([])
  const saved = filesIn('stopped', 'store', 'checkpoints').filter((name) => name.endsWith('head.json'))
  expect(saved.length).toBeGreaterThan(0)
  // Of two runs side by side the other may have been stopped before its first step.
  const step = Math.max(...saved.map((name) => read('stopped', 'store', 'checkpoints', name).step))
  expect(step).toBeGreaterThan(0)
  expect(step).toBeLessThan(last)

  const between = started('stopped')
  await until(() => Math.max(0, ...steps()) > step)
  between.child.kill('SIGKILL')
  await between.closed

  const end = slt(...quick('stopped', ...args, '--json'))
  expect(end.code).toBe(0)
  const whole = slt(...quick('whole', ...args, '--json'))
  expect(JSON.parse(end.stdout).figures[0].series).toEqual(JSON.parse(whole.stdout).figures[0].series)
  expect(resultsOf('stopped')).toEqual(resultsOf('whole'))
  for (const name of resultsOf('whole'))
    expect(read('stopped', 'store', 'results', name)).toEqual(read('whole', 'store', 'results', name))
  expect(filesIn('stopped', 'store', 'checkpoints').filter((name) => name.includes('.'))).toEqual([])
})

describe('bad input is one line and exit code 1', () => {
  test.each<[string[], RegExp]>([
    [['figure-7', '--paper', '--quick'], /^slt: "paper" expected without --quick/],
    [['figure-7', '--valid', 'x'], /^slt: "valid" expected with --data/],
    [['figure-7', '--models', 'mini'], /^slt: "models" expected with --paper/],
    [['figure-7', '--data', 'no-such-file'], /^slt: no-such-file: no such file or folder$/],
    [['figure-7', '--widths', '0.3'], /^slt: "widths" expected a factor that makes .*, got 0\.3$/],
    [['figure-8', '--scales', '1,,2'], /^slt: "scales" expected values with commas between, got 1,,2$/],
    [['figure-8', '--scales', '0'], /^slt: "scales" expected a number > 0, got 0$/],
    [['figure-8', '--seeds', '0'], /^slt: "seeds" expected an integer >= 1, got 0$/],
    [['figure-8', '--micro-batch', '3'], /^slt: "micro-batch" expected a divisor of the batch of 8, got 3$/],
    [['figure-4', '--seeds', '1'], /^slt: "seeds" expected figure-7 or figure-8 among the figures/],
    [['--search-lr', '1'], /^slt: "search-lr" expected figure-7 or figure-8 among the figures/],
    [
      ['figure-8', '--sources', '3'],
      /^slt: "sources" expected figure-4 or figure-5 or figure-6 or rotary among the figures/,
    ],
    [['figure-9'], /^slt: "figures" expected figure-4, figure-5, figure-6, rotary, figure-7, figure-8, got figure-9$/],
  ])('slt reproduce %j', (args, message) => {
    const out = join(folder, 'never')
    const { code, stdout, stderr } = slt('reproduce', ...args, '--out', out)
    expect(stderr.trimEnd()).toMatch(message)
    expect([stdout, code]).toEqual(['', 1])
    expect(existsSync(join(out, 'store'))).toBe(false)
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 3))
}
