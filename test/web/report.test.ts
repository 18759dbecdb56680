import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, startServer } from '../../src/serve/index.js'
import { addTicket, makeRun, rows } from '../serve/fixture.js'
import { expectAccessible, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { serveSite, siteFolder } from './site.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const shakespeare = fileURLToPath(new URL('../../data/tinyshakespeare/input.txt', import.meta.url))

const figure = {
  figure: 4,
  title: 'Error against width',
  settings: { sources: 10 },
  paper: { claim: 'The error falls exponentially.', factor: 0.8, rate: 0.06 },
  checks: [{ claim: 'it falls', measured: '0.13 a unit', holds: true }],
  fits: [{ name: 'mean', rate: 0.13, rateError: 0.01, factors: [0.2] }],
  seconds: 3,
}
const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" width="760" height="520"><rect width="760" height="520" fill="teal"/></svg>'

let browser: Browser
let folder: string
const open = async (url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> => {
  const page = await browser.newPage(options)
  const errors = watchErrors(page)
  await page.goto(`${url}#report`)
  await page.getByRole('heading', { level: 2, name: 'Runs' }).waitFor()
  return [page, errors]
}
const serve = (...folders: string[]): Promise<Serving> => serveAt(0, ...folders)

const serveAt = (port: number, ...folders: string[]): Promise<Serving> =>
  startServer({ explorer: siteFolder, folders, port, version: '0' })

/** On a port that stays its own while it is closed: the system hands out higher ones. */
async function serveAtOwnPort(...folders: string[]): Promise<Serving> {
  const first = 21_000 + (process.pid % 1000)
  for (let port = first; ; port++) {
    try {
      return await serveAt(port, ...folders)
    } catch (error) {
      if (port === first + 20) throw error
    }
  }
}

/** Points of the first curve of a plot. */
const drawn = (page: Page, title: string): Promise<number> =>
  page
    .locator('figure', { has: page.getByRole('heading', { name: title }) })
    .locator('.plot path')
    .first()
    .evaluate((path) => (path.getAttribute('d') ?? '').split(/[ML]/).length - 1)

describe.skipIf(noBrowser)('the report in Chromium', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-report-'))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a search that runs: its curve grows, what it writes is shown, and that it stopped is told', async () => {
    const own = join(folder, 'live')
    await mkdir(own)
    const tiny = ['--layers', '1', '--width', '16', '--heads', '1', '--context', '16', '--batch', '2']
    const often = ['--steps', '1000000', '--validate-every', '20', '--sample-every', '50', '--threads', '1']
    const out = join(own, 'tiny.slt.safetensors')
    const start = (...args: string[]): ChildProcess =>
      spawn(process.execPath, [main, 'search', ...args], { stdio: 'ignore' })
    const search = start('--data', shakespeare, ...tiny, ...often, '--device', 'cpu', '--out', out)
    const serving = await serve(own)
    try {
      const [page, errors] = await open(serving.url)
      const item = page.getByRole('checkbox', { name: 'tiny', exact: true })
      await item.waitFor()
      expect(await item.isChecked()).toBe(true)
      await expect.poll(() => page.locator('.run-state').textContent()).toMatch(/^running, step [\d,]+ of 1,000,000/)
      const step = async () =>
        Number(/step ([\d,]+) of/.exec((await page.locator('.run-state').textContent())!)![1].replaceAll(',', ''))
      await expect.poll(step).toBeGreaterThan(30)
      await expect.poll(() => drawn(page, 'Loss')).toBeGreaterThan(3) // the log is asked for after the step
      const before = await step()
      await expect.poll(step).toBeGreaterThan(before)
      await page
        .getByText(/What it wrote after step/)
        .first()
        .waitFor()
      await expect.poll(() => drawn(page, 'Weights that change sides')).toBeGreaterThan(3)
      expect(errors).toEqual([])
      search.kill('SIGINT')
      await once(search, 'exit')
      await expect.poll(() => page.locator('.run-state').textContent()).toMatch(/^stopped/)
      expect(errors).toEqual([])
      await page.close()
    } finally {
      search.kill('SIGKILL')
      await serving.close()
    }
  })

  test('runs are chosen by keyboard, drawn together, and kept in the address; a log that is cut is drawn as it is', async () => {
    const own = join(folder, 'two')
    await makeRun(join(own, 'a.run'), 12)
    await makeRun(join(own, 'b.run'), 30, join(own, 'b.slt.safetensors'))
    await addTicket(own, 'b.slt.safetensors')
    const serving = await serve(own)
    try {
      const [page, errors] = await open(serving.url)
      const box = (name: string) => page.getByRole('checkbox', { name, exact: true })
      await box('b').waitFor()
      expect([await box('a').isChecked(), await box('b').isChecked()]).toEqual([true, true])
      await expect.poll(() => page.locator('.plot').first().locator('path').count()).toBe(2)
      await box('a').focus()
      await page.keyboard.press('Space')
      await expect.poll(() => page.locator('.plot').first().locator('path').count()).toBe(1)
      await expect.poll(() => drawn(page, 'Loss')).toBe(30)
      await expect.poll(() => page.url()).toMatch(/#report\?runs=[0-9a-f]{16}$/)

      await page.reload()
      await box('a').waitFor()
      expect([await box('a').isChecked(), await box('b').isChecked()]).toEqual([false, true])
      await page.getByRole('radio', { name: 'tokens' }).check()
      await expect.poll(() => page.locator('.plot').first().locator('svg').textContent()).toContain('tokens read')
      const link = page.getByRole('article', { name: 'b' }).getByRole('link', { name: 'Open its ticket' })
      expect(await link.getAttribute('href')).toMatch(/^#run\?file=[0-9a-f]{16}$/)
      const file = /file=(.*)$/.exec((await link.getAttribute('href'))!)![1]
      expect((await fetch(`${serving.url}api/files/${file}`)).status).toBe(200)

      await writeFile(join(own, 'b.run', 'metrics.jsonl'), rows(1, 5))
      await expect.poll(() => drawn(page, 'Loss')).toBe(5)
      await appendFile(join(own, 'b.run', 'metrics.jsonl'), rows(6, 9))
      await expect.poll(() => drawn(page, 'Loss')).toBe(9)

      await box('b').uncheck()
      await page.getByText('Choose a run to see its curves.').waitFor()
      expect(errors).toEqual([])
      await page.close()
    } finally {
      await serving.close()
    }
  })

  test('figures with the numbers beside them, tickets with links; empty folders say what to run', async () => {
    const own = join(folder, 'figures')
    await mkdir(join(own, 'out'), { recursive: true })
    await writeFile(join(own, 'out', 'figure-4.json'), JSON.stringify(figure))
    await writeFile(join(own, 'out', 'figure-4.svg'), picture)
    await writeFile(join(own, 'out', 'figure-5.json'), '{"figure":5,"title":3}')
    await writeFile(join(own, 'out', 'report.html'), '<p>all of it</p>')
    await addTicket(own, 'good.slt.safetensors')
    await writeFile(join(own, 'torn.slt.safetensors'), 'torn')
    const serving = await serve(own)
    try {
      const [page, errors] = await open(serving.url)
      await page.getByText('slt search --data input.txt').waitFor()
      const article = page.getByRole('article', { name: 'Figure 4' })
      await article.getByText('The error falls exponentially.').waitFor()
      await article.locator('img').scrollIntoViewIfNeeded()
      await expect
        .poll(() => article.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth))
        .toBe(760)
      expect(await article.locator('tbody').textContent()).toBe('paper0.060.8mean0.13 ± 0.010.2')
      await page.getByText('The numbers of this figure could not be read.').waitFor()
      expect(await page.getByRole('link', { name: 'Open good.slt.safetensors' }).getAttribute('href')).toMatch(
        /^#run\?file=[0-9a-f]{16}$/,
      )
      expect(await page.getByText('cannot be read').textContent()).toContain('not a safetensors file')
      expect(await page.getByRole('link', { name: 'Open torn.slt.safetensors' }).count()).toBe(0)
      const [report] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByRole('link', { name: 'The whole report' }).click(),
      ])
      await report.getByText('all of it').waitFor()
      await report.close()
      expect(errors).toEqual([])
      await page.close()
    } finally {
      await serving.close()
    }
  })

  test('the view that runs tickets lists those of the folders first, and an opened one begins with no prompt of another model', async () => {
    const own = join(folder, 'tickets')
    await mkdir(own)
    await addTicket(own, 'mine.slt.safetensors')
    await writeFile(join(own, 'torn.slt.safetensors'), 'torn')
    const serving = await serve(own)
    try {
      const page = await browser.newPage()
      const errors = watchErrors(page)
      await page.goto(`${serving.url}#run?example=play`)
      const mine = page.getByRole('link', { name: /^mine\.slt\.safetensors/ })
      await mine.waitFor()
      expect(await page.locator('.ticket-served a').count()).toBe(1)
      const boxOf = (locator: ReturnType<Page['locator']>) => locator.boundingBox().then((box) => box!.y)
      expect(await boxOf(mine)).toBeLessThan(await boxOf(page.getByRole('button', { name: /^A playwright/ })))
      await page.getByText('Ready.').waitFor()
      expect(await page.getByLabel('Prompt').inputValue()).toBe('ROMEO:')
      await mine.click()
      await expect.poll(() => mine.getAttribute('aria-current')).toBe('true')
      await page.getByText('Ready.').waitFor()
      expect(page.url()).not.toContain('ROMEO')
      await page.getByRole('button', { name: /^A playwright/ }).click()
      await page.locator('input[type=file]').first().setInputFiles(join(own, 'mine.slt.safetensors'))
      await expect.poll(() => page.url()).toContain('example=none')
      expect(page.url()).not.toContain('ROMEO')
      expect(errors).toEqual([])
      await page.close()
    } finally {
      await serving.close()
    }
  })

  test('a run whose log cannot be read is named, and hides nothing else', async () => {
    const own = join(folder, 'broken')
    await mkdir(own)
    await makeRun(join(own, 'good.run'), 30)
    await makeRun(join(own, 'broken.run'), 30)
    await writeFile(join(own, 'broken.run', 'metrics.jsonl'), 'x'.repeat(2 ** 20 + 10))
    await addTicket(own, 'ticket.slt.safetensors')
    const serving = await serve(own)
    const [page] = await open(serving.url) // the browser notes the refusal on its console
    for (const name of ['good', 'broken']) await page.getByRole('checkbox', { name, exact: true }).check()
    await page.getByText(/The curve of broken\.run may be incomplete: .*too long/).waitFor()
    await page.getByRole('link', { name: 'ticket.slt.safetensors' }).first().waitFor()
    const loss = page.locator('figure', { has: page.getByRole('heading', { name: 'Loss', exact: true }) })
    const longest = () =>
      loss
        .locator('.plot path')
        .evaluateAll((paths) => Math.max(0, ...paths.map((path) => path.getAttribute('d')?.length ?? 0)))
    await expect.poll(longest).toBeGreaterThan(100)
    await page.close()
    await serving.close()
  })

  test('a server that ends is told in a sentence, and one that comes back is asked again', async () => {
    const own = join(folder, 'gone')
    await makeRun(join(own, 'a.run'), 12)
    let serving = await serveAtOwnPort(own)
    const { port } = serving
    const [page] = await open(serving.url)
    await expect.poll(() => drawn(page, 'Loss')).toBe(12)
    await serving.close()
    await page.getByText('slt serve does not answer any more').waitFor()
    expect(await drawn(page, 'Loss')).toBe(12)
    serving = await serveAt(port, own)
    await page.getByText('slt serve does not answer any more').waitFor({ state: 'detached' })
    await page.close()
    await serving.close()
  })

  describe('on a plain file host', () => {
    test('an example is shown, and files can be opened or dropped; others are refused in a sentence', async () => {
      const site = await serveSite({ headers: {} })
      try {
        const [page, errors] = await open(site.url)
        await page.getByText('plain file host').waitFor()
        const examples = page.getByRole('checkbox')
        await expect.poll(() => examples.count()).toBe(2)
        await expect.poll(() => drawn(page, 'Loss')).toBeGreaterThan(100)
        await page.getByRole('heading', { name: /^Figure 6\./ }).waitFor()

        const chooser = async (name: string, content: string) => {
          const [dialog] = await Promise.all([
            page.waitForEvent('filechooser'),
            page.getByRole('button', { name: 'Open a file' }).click(),
          ])
          await dialog.setFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) })
        }
        await chooser('metrics.jsonl', rows(1, 20))
        await page.getByRole('checkbox', { name: 'metrics.jsonl', exact: true }).check()
        await page.getByRole('article', { name: 'metrics.jsonl' }).waitFor()
        await chooser('notes.json', '{"a":1}')
        await page.getByRole('alert').getByText('notes.json is neither the metrics of a run').waitFor()
        await chooser('empty.jsonl', 'nothing\n')
        await page.getByRole('alert').getByText("empty.jsonl holds no row of a run's metrics.").waitFor()

        await page.evaluate(
          ([json, svg]) => {
            const files = new DataTransfer()
            files.items.add(new File([json], 'figure-4.json'))
            files.items.add(new File([svg], 'figure-4.svg'))
            const drop = new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true })
            document.querySelector('.report')!.dispatchEvent(drop)
          },
          [JSON.stringify(figure), picture],
        )
        const article = page.locator('.report-folder', { hasText: 'opened files' }).getByRole('article')
        await article.getByText('it falls').waitFor()
        expect(await article.count()).toBe(1)
        await article.locator('img').scrollIntoViewIfNeeded()
        await expect
          .poll(() => article.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth))
          .toBe(760)
        expect(errors).toEqual([])
        await page.close()
      } finally {
        await site.close()
      }
    })
  })

  test('axe-core finds nothing serious from 360 to 1400 pixels', async () => {
    const own = join(folder, 'axe')
    await makeRun(join(own, 'a.run'), 12)
    await makeRun(join(own, 'a-run-of-a-rather-long-name-without-any-place-to-break-it.run'), 30)
    await writeFile(join(own, 'a.run', 'samples.txt'), '== step 10\nROMEO\n')
    await writeFile(join(own, 'figure-4.json'), JSON.stringify(figure))
    await writeFile(join(own, 'figure-4.svg'), picture)
    await addTicket(own, 'good.slt.safetensors')
    await mkdir(join(own, 'bad.run'))
    await writeFile(join(own, 'bad.run', 'run.json'), await readFile(main, 'utf8'))
    await writeFile(join(own, 'bad.run', 'metrics.jsonl'), '')
    const serving = await serve(own)
    const [page, errors] = await open(serving.url, { viewport: { width: 1400, height: 900 } })
    await page.getByText('bad.run cannot be shown').waitFor()
    await page.getByRole('article', { name: 'Figure 4' }).getByText('it falls').waitFor()
    await expectAccessible(page, [1400, 800, 360])
    expect(errors).toEqual([])
    await page.close()
    await serving.close()
  })
})
