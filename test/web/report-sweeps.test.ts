import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunState } from '../../src/queue/run-state.js'
import { type Serving, startServer } from '../../src/serve/index.js'
import { makeSweep, runs, stateOf } from '../serve/sweep-fixture.js'
import { expectAccessible, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { siteFolder } from './site.js'

describe.skipIf(noBrowser)('sweeps in the report', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-sweeps-'))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const serve = (own: string): Promise<Serving> =>
    startServer({ explorer: siteFolder, folders: [own], port: 0, version: '0' })
  const open = async (url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> => {
    const page = await browser.newPage(options)
    page.setDefaultTimeout(90_000)
    const errors = watchErrors(page)
    await page.goto(`${url}#report`)
    await page.getByRole('heading', { level: 2, name: 'Sweeps' }).waitFor()
    return [page, errors]
  }
  const sweep = (page: Page, name: string) => page.getByRole('article', { name: `Sweep ${name}` })
  const cells = (row: Locator) => row.locator('td').allTextContents()
  const rowOf = (article: Locator, label: string) =>
    article.locator('.sweep-runs tbody tr', { has: article.page().getByRole('cell', { name: label, exact: true }) })
  const figure = (article: Locator, name: string) =>
    article.locator('figure', { has: article.page().getByRole('heading', { name }) })

  test('one that runs: counts, figure, curves, tables, workers and failures; it is drawn anew as it goes on', async () => {
    const own = join(folder, 'live')
    await makeSweep(join(own, 'a.sweep'))
    const serving = await serve(own)
    const [page, errors] = await open(serving.url)
    const article = sweep(page, 'a')
    await article.getByText('running: 4 of 6 runs done, 1 running, 1 failed').waitFor()
    await article.getByText('3 runs a minute · 2 min left').waitFor()
    expect(await article.getByRole('progressbar').evaluate((bar) => (bar as HTMLProgressElement).value)).toBeCloseTo(
      5 / 6,
    )
    await article.getByRole('heading', { name: 'slt search on play.txt: keep (3 values), seed (2 values)' }).waitFor()
    await article
      .getByText(/^Started 2 Jan 2026, .*, runs for .*\. Run by the workers of a queue, results in store\.$/)
      .waitFor()
    expect(
      await article
        .locator('.progress-failed rect')
        .evaluate((red) =>
          [red.getAttribute('x'), red.getAttribute('width')].map((part) => Number(Number(part).toFixed(3))),
        ),
    ).toEqual([0.667, 0.167])
    await article.getByText('Two workers found different results for one run.').waitFor()

    const loss = figure(article, 'Validation loss against keep')
    await loss.getByText('Means of 2 runs a setting; bars are one standard deviation.').waitFor()
    expect(await loss.locator('.plot circle').count()).toBe(2)
    const curves = figure(article, 'Loss of every run')
    expect(await curves.locator('.legend').textContent()).toBe('keep 0.1keep 0.3keep 0.5')
    expect(await curves.locator('.plot path').count()).toBe(5) // the failed one has none
    const colours = await curves.locator('.plot .series').evaluateAll((all) => all.map(({ classList }) => classList[1]))
    expect(colours).toEqual(['series-1', 'series-1', 'series-2', 'series-2', 'series-3'])

    expect(await cells(article.locator('.sweep-table').first().locator('tbody tr').first())).toEqual([
      ...['0.1', '2', '0', '4.25 ± 0.35', '3000'],
    ])
    expect(await cells(rowOf(article, 'keep 0.5, seed 0'))).toEqual([
      ...['keep 0.5, seed 0', 'running', '20 of 40, loss 4.250', '', 'host-0:77', '', ''],
    ])
    expect(await cells(rowOf(article, 'keep 0.3, seed 1'))).toEqual([
      ...['keep 0.3, seed 1', 'done, disputed', '', '3.5', 'host-1:77', '12 s', '3100'],
    ])
    await article.getByText('keep 0.5, seed 1 failed: out of memory').click()
    await article.getByText('line one').waitFor()

    const done: RunState = { ...runs[4], status: 'done', numbers: { validLoss: 1.5, outBytes: 4000 } }
    await writeFile(join(own, 'a.sweep', 'state.json'), stateOf(runs.with(4, done)))
    await writeFile(join(own, 'a.sweep', 'results.csv'), 'keep\r\n')
    await article.getByText('finished: 5 of 6 runs done, 1 failed').waitFor()
    await expect.poll(() => loss.locator('.plot circle').count()).toBe(3)
    expect(await article.getByText('line one').isVisible()).toBe(true) // what was opened stays open
    const link = article.getByRole('link', { name: 'results.csv' })
    await link.waitFor()
    expect(await (await fetch(new URL((await link.getAttribute('href'))!, serving.url))).text()).toBe('keep\r\n')
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('the newest is open; others are opened by hand, which the address keeps; options that are words, and none', async () => {
    const own = join(folder, 'several')
    const words = runs
      .slice(0, 4)
      .map((run, i): RunState => ({ ...run, varied: { algorithm: ['edge', 'topk'][i >> 1], seed: '0' } }))
    await makeSweep(join(own, 'words.sweep'), words)
    await makeSweep(join(own, 'waiting.sweep'), [{ id: 'a', label: 'search', varied: {}, status: 'waiting' }])
    const serving = await serve(own)
    const [page, errors] = await open(serving.url)
    const [first, second] = [sweep(page, 'waiting'), sweep(page, 'words')]
    await first.getByText('No run is done yet.').waitFor()
    expect(await first.locator('figure').count()).toBe(0)
    expect(await second.locator('.sweep-content').count()).toBe(0)
    await second.getByText('Figure, curves and runs').focus()
    await page.keyboard.press('Enter')
    const plot = figure(second, 'Validation loss against algorithm').locator('.plot svg')
    await plot.waitFor()
    await expect.poll(() => plot.textContent()).toMatch(/edge.*topk/)
    await first.getByText('Figure, curves and runs').click()
    await expect.poll(() => page.url()).toMatch(/#report\?sweeps=[0-9a-f]{16}$/)
    await page.reload()
    await plot.waitFor()
    expect(await first.locator('.sweep-content').count()).toBe(0)
    await second.getByText('Figure, curves and runs').click()
    await expect.poll(() => page.url()).toMatch(/#report\?sweeps=none$/)
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('one whose runs all failed is red to the end, and says so in words; it has no figure', async () => {
    const own = join(folder, 'failed')
    const failed = runs
      .slice(4)
      .map((run): RunState => ({ ...run, status: 'failed', failure: { message: 'no', log: '' } }))
    await makeSweep(join(own, 'failed.sweep'), failed)
    const serving = await serve(own)
    const [page, errors] = await open(serving.url)
    const article = sweep(page, 'failed')
    await article.getByText('finished: 0 of 2 runs done, 2 failed').waitFor()
    const [bar, red] = await Promise.all(
      ['.progress-bar progress', '.progress-failed rect'].map((what) => article.locator(what).boundingBox()),
    )
    expect(red!.width).toBeCloseTo(bar!.width, 0)
    expect(await article.locator('.progress-failed').evaluate((svg) => getComputedStyle(svg).fill)).toBe(
      await article.locator('.sweep-failed').evaluate((text) => getComputedStyle(text).color),
    )
    const first = article.locator('.sweep-table').first().locator('tbody tr').first()
    await first.waitFor()
    expect(await cells(first)).toEqual(['0.5', '0', '2'])
    expect(await article.locator('figure', { hasText: 'against' }).count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('of many runs 20 are listed until all are asked for; curves over two decades have a log axis', async () => {
    const own = join(folder, 'many')
    const points = Array.from({ length: 50 }, (_, i) => [i + 1, 5 * 0.85 ** i] as const)
    const many = Array.from(
      { length: 30 },
      (_, i): RunState => ({ ...runs[0], points, label: `seed ${i}`, varied: { seed: `${i}` } }),
    )
    await makeSweep(join(own, 'many.sweep'), many)
    const serving = await serve(own)
    const [page, errors] = await open(serving.url)
    const article = sweep(page, 'many')
    await article
      .getByText('No figure over settings: of the runs that are done, all have the same options beside seeds.')
      .waitFor()
    const rows = article.locator('.sweep-runs tbody tr')
    await expect.poll(() => rows.count()).toBe(20)
    await article.getByRole('button', { name: 'Show all 30 runs' }).click()
    await expect.poll(() => rows.count()).toBe(30)
    expect(await article.getByRole('button', { name: /^Show all/ }).count()).toBe(0)
    const texts = figure(article, 'Loss of every run').locator('.plot svg text')
    await expect
      .poll(() => texts.allTextContents())
      .toEqual(expect.arrayContaining(['10', '1', '0.1', '0.01', 'training loss, nats a token']))
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('on a narrow page the rows of tables are blocks, in which nothing is cut', async () => {
    const own = join(folder, 'narrow')
    await makeSweep(join(own, 'a.sweep'))
    const serving = await serve(own)
    const [page, errors] = await open(serving.url, { viewport: { width: 390, height: 900 } })
    const table = sweep(page, 'a').locator('.sweep-table').first()
    await table.waitFor()
    const lines = await table
      .locator('tbody tr')
      .first()
      .locator('td')
      .evaluateAll((all) =>
        all.map((cell) => ({
          head: getComputedStyle(cell, '::before').content,
          isCut: cell.scrollWidth > cell.clientWidth || cell.getBoundingClientRect().right > innerWidth,
        })),
      )
    expect(lines.map(({ head }) => head)).toEqual(
      ['keep', 'runs', 'failed', 'validation loss, nats a token', 'size of the file, bytes'].map((head) => `"${head}"`),
    )
    expect(lines.filter(({ isCut }) => isCut)).toEqual([])
    const empty = sweep(page, 'a').locator('.sweep-runs td:empty').first()
    expect(await empty.isVisible()).toBe(false)
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('files that are torn are one line, and the others are shown', async () => {
    const own = join(folder, 'torn')
    await makeSweep(join(own, 'good.sweep'))
    await makeSweep(join(own, 'torn.sweep'))
    await writeFile(join(own, 'torn.sweep', 'state.json'), '{"version"')
    const serving = await serve(own)
    const [page, errors] = await open(serving.url)
    await figure(sweep(page, 'good'), 'Validation loss against keep').waitFor()
    await page
      .getByText('torn.sweep cannot be shown: torn.sweep/state.json: not the state of a sweep: no JSON')
      .waitFor()
    expect(await page.getByRole('article', { name: /^Sweep/ }).count()).toBe(1)
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })

  test('axe-core finds nothing serious from 360 to 1400 pixels', async () => {
    const own = join(folder, 'axe')
    const message = "the job's process ended: SIGKILL, by which a system out of memory ends processes too"
    const failed: RunState = { ...runs[5], failure: { message, log: `${'x'.repeat(300)}\nend` } }
    const name = 'a-sweep-of-a-rather-long-name-without-any-place-to-break-it-in-two.sweep'
    await makeSweep(join(own, name), runs.with(5, failed))
    const serving = await serve(own)
    const [page, errors] = await open(serving.url, { viewport: { width: 1400, height: 900 } })
    await page.getByText('keep 0.5, seed 1 failed').click()
    await page.getByRole('heading', { name: 'Tickets' }).waitFor()
    await expectAccessible(page, [1400, 800, 360])
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })
})
