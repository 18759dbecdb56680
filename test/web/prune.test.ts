import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { overflow, seriousViolations, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { pressAtOnce } from './press.js'
import { type Served, serveSite } from './site.js'
import { viewsFetched } from './views-fetched.js'

describe.skipIf(noBrowser)('pruning a head, in Chromium', () => {
  let served: Served
  let browser: Browser
  const open = async (hash = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> => {
    const page = await browser.newPage({ viewport: { width: 1300, height: 900 }, ...options })
    const errors = watchErrors(page)
    await page.goto(served.url + hash)
    await solved(page)
    return [page, errors]
  }
  const results = (page: Page) => page.getByRole('region', { name: 'Items and errors' })
  const solved = (page: Page) =>
    page.locator('[aria-busy=false] .prune-solving', { hasText: 'subset sums solved' }).waitFor()
  const items = (page: Page) => page.getByRole('slider', { name: 'Items a weight, n′' })
  /** A quantity of the result, as a number. */
  const quantity = async (page: Page, name: string): Promise<number> => {
    const value = results(page).locator('dl > div', { hasText: name }).locator('.prune-value')
    return parse(await value.textContent())
  }
  /** Rows of the numbers below a plot. */
  const numbers = async (page: Page, description: RegExp): Promise<number[][]> => {
    const plot = page.getByRole('group', { name: description })
    await plot.getByText('Numbers').click()
    await plot.locator('tbody tr').first().waitFor()
    const rows = await plot.locator('tbody tr').all()
    const cells = await Promise.all(rows.map((row) => row.locator('td').allTextContents()))
    return cells.map((row) => row.map((cell) => parse(cell.replaceAll(',', ''))))
  }

  beforeAll(async () => {
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close() // what it computes would slow what follows
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  test('works before anything is set, and each step of the items slider solves the 16 x 16 head again', async () => {
    const [page, errors] = await open()
    expect(await quantity(page, 'targets in reach')).toBe(512)
    const before = await quantity(page, 'largest entry error')
    await page.getByText('12 items a weight: largest error').waitFor({ state: 'attached' })
    await items(page).focus()
    await page.evaluate(() => performance.clearMeasures())
    for (let n = 13; n <= 20; n++) {
      await page.keyboard.press('ArrowRight')
      await page.getByText(`${n} items a weight: largest error`).waitFor({ state: 'attached' })
    }
    expect(await quantity(page, 'largest entry error')).toBeLessThan(before / 8)
    expect(await page.evaluate(() => performance.getEntriesByName('slt-prune').length)).toBe(8)
    await page.waitForFunction(() => location.hash === '#prune?n=20')
    expect(errors).toEqual([])
  })

  test('a slider that is dragged ends at its last value', async () => {
    const [page, errors] = await open('#prune?d=32')
    const box = (await items(page).boundingBox())!
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * 0.4, y)
    await page.mouse.down()
    for (let i = 0; i <= 40; i++) await page.mouse.move(box.x + box.width * (0.4 + 0.01 * (i % 20)), y)
    await page.mouse.move(box.x + box.width - 1, y, { steps: 10 })
    await page.mouse.move(box.x + 1, y, { steps: 10 })
    await page.mouse.up()
    await page.getByText('1 items a weight: largest error').waitFor({ state: 'attached' })
    expect(await items(page).inputValue()).toBe('1')
    expect(errors).toEqual([])
  })

  test('an entry, by click and by arrow keys: its items, its sum on the target, step by step', async () => {
    const [page, errors] = await open('#prune?n=10')
    const matrix = page.getByRole('application', { name: "the ticket's product, 16 by 16" })
    const box = (await matrix.boundingBox())!
    await matrix.click({ position: { x: (box.width * 4.5) / 16, y: (box.height * 2.5) / 16 } })
    await page.getByRole('heading', { name: 'Row 3, column 5 of query × key' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: 'Row 4, column 5 of query × key' }).waitFor()
    await page.waitForFunction(() => location.hash === '#prune?n=10&row=3&column=4')

    const fact = async (name: string) =>
      parse(await page.locator('.prune-facts > div', { hasText: name }).first().locator('dd').textContent())
    const [target, sum, gap] = [await fact('target'), await fact('sum of the'), await fact('gap')]
    expect(Math.abs(Math.abs(target - sum) - gap)).toBeLessThan(2e-9 + 0.01 * gap)
    expect(await fact('expected gap')).toBeGreaterThan(0)

    await page.getByRole('button', { name: 'From the start' }).click()
    await page.getByText('Nothing is added yet').waitFor()
    let reached = 0
    for (let k = 1; k <= 10; k++) {
      await page.getByRole('button', { name: 'Next item' }).click()
      const said = (await page.getByText(new RegExp(`^Item ${k} is `)).textContent())!
      const [, value, state, total] = /is (\S+): (kept|dropped)\. The sum is (\S+),/.exec(said)!
      if (state === 'kept') reached += parse(value)
      expect(Math.abs(parse(total) - reached)).toBeLessThan(0.01)
    }
    expect(Math.abs(reached - sum)).toBeLessThan(0.01)

    await page.getByRole('radio', { name: 'value × output' }).check()
    await page.getByRole('heading', { name: 'Row 4, column 5 of value × output' }).waitFor()
    const source = page.getByRole('application', { name: 'W_V of the source, 16 by 160' })
    const wide = (await source.boundingBox())!
    await source.click({ position: { x: (wide.width * 73.5) / 160, y: wide.height / 2 } }) // unit 74: item 4 of row 8
    await page.getByRole('heading', { name: 'Row 8, column 5 of value × output' }).waitFor()
    await page.getByText(/^Item 4 is /).waitFor()
    expect(errors).toEqual([])
  })

  test('the error does not grow with the length, and stays below the bound', async () => {
    const [page, errors] = await open('#prune?n=27')
    await page.getByRole('slider', { name: 'Length T' }).focus()
    await page.keyboard.press('End')
    await page.getByText(/64 of 1024 positions; a square sums 16 keys/).waitFor()
    const rows = await numbers(page, /^Error of the output against the length/)
    expect(rows.map(([length]) => length)).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 1024])
    const [short, long] = [rows[0][1], rows[8][1]]
    expect(long).toBeLessThan(2 * short)
    expect(await quantity(page, 'the proof’s bound')).toBeGreaterThan(long)
    expect((await quantity(page, 'error of the output')) / long).toBeCloseTo(1, 2)
    expect(errors).toEqual([])
  })

  test('a head of the sorter reads the letters that are typed', async () => {
    const [page, errors] = await open()
    await page.getByRole('radio', { name: 'Trained' }).check()
    await page.getByText(/The letters are C A B B A C, then the answer A A B B C\./).waitFor()
    await page.getByLabel('Which head').selectOption('sorter: layer 2, head 3')
    await page.getByLabel('Letters to sort').fill('bacacb')
    await page.getByText(/The letters are B A C A C B, then the answer A A B B C\./).waitFor()
    await page.getByLabel('Letters to sort').fill('bacacd')
    await page.getByText('Expected six letters, each A, B or C.').waitFor()
    await page.waitForFunction(() => location.hash === '#prune?target=sorter&layer=1&head=2&letters=BACACB')
    await solved(page)
    expect(await results(page).textContent()).toContain('of 4,753 entries')
    expect(errors).toEqual([])
  })

  test('Xavier cannot reach the targets, and the page says so', async () => {
    const [page, errors] = await open('#prune?n=20&d=8&row=3')
    expect(await quantity(page, 'targets in reach')).toBe(128)
    await page.getByRole('radio', { name: 'Xavier' }).check()
    await page.waitForFunction(() => location.hash.includes('init=xavier'))
    await solved(page)
    expect(await quantity(page, 'targets in reach')).toBeLessThan(100)
    await page.getByText(/^No fit:/).waitFor()
    expect(errors).toEqual([])
  })

  test('the curve falls, is fitted, can be stopped and started again', async () => {
    const [page, errors] = await open('#prune?d=2&input=rotation')
    await page.getByText(/^Fit: .+ and half the error every .+ items\.$/).waitFor()
    await page.getByText('336 of 336 heads pruned.').waitFor()
    const rows = await numbers(page, /^Error of the output against items/)
    expect(rows.length).toBe(28)
    const median = rows.map((row) => row[4])
    expect(median[23] / median[11]).toBeLessThan(2 ** -8)
    expect(rows[9][6]).toBeCloseTo(0.8 * Math.exp(-0.06 * 20), 3)

    await page.goto(`${served.url}#prune?d=32`)
    const curve = page.getByRole('region', { name: 'More items, exponentially less error' })
    await curve.getByRole('button', { name: 'Stop' }).click()
    await curve.getByRole('button', { name: 'Start again' }).click()
    await curve.getByText('Pruning more sources').waitFor()
    expect(errors).toEqual([])
  })

  test('work that takes long has a bar and a stop, and goes on', async () => {
    const [page, errors] = await open('#prune?target=sorter&n=4')
    await items(page).focus()
    const barWasThere = pressAtOnce(page, '.prune-results', 'Stop', 'progress[aria-label="Subset sums solved"]')
    await page.keyboard.press('End')
    expect(await barWasThere).toBe(true)
    await page.getByText('Stopped: shown are 4 items a weight.').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('28 items a weight: largest error').waitFor({ state: 'attached' })
    expect(errors).toEqual([])
  })

  test('a rotary head: the two matrices of each frequency, from a source d_K times as wide', async () => {
    const [page, errors] = await open('#prune?d=3&n=10')
    await page.getByText('The source is 30 wide.').waitFor()
    await page.getByRole('radio', { name: 'Rotary' }).check({ force: true })
    await page.getByText('The source is 120 wide.').waitFor()
    await page.waitForFunction(() => document.body.textContent?.includes('of 45 entries')) // 2 x 3 x 6 and 3 x 3
    const source = page.getByRole('region', { name: 'The random source, and what is kept of it' })
    const shown = async () => (await source.locator('.matrix').nth(2).textContent()) ?? ''
    const first = await shown()
    await source.getByRole('radio', { name: '0.1', exact: true }).check({ force: true })
    await page.waitForFunction(
      (before) => document.querySelectorAll('.prune-products .matrix')[0]?.textContent !== before,
      first,
    )
    await page.waitForFunction(() => location.hash === '#prune?target=rotary&d=3&n=10&frequency=1')
    expect(await page.getByRole('radio', { name: 'Xavier' }).count()).toBe(0)
    await source.getByRole('radio', { name: 'value × output' }).check({ force: true })
    await source.getByRole('radio', { name: '0.1', exact: true }).waitFor({ state: 'detached' })
    expect(errors).toEqual([])
  })

  test('what an address says that is no value is named; examples and the back button work', async () => {
    const [page] = await open('#prune?n=29&d=4')
    await page.getByText('The address says n=29, which is no value here').waitFor()
    expect(await page.getByRole('slider', { name: 'Width d' }).inputValue()).toBe('4')
    await page.getByRole('link', { name: 'the paper’s input, d = 2' }).click()
    await page.waitForFunction(() => document.body.textContent?.includes('The source is 24 wide.'))
    expect(await page.getByRole('radio', { name: 'Turning points' }).isChecked()).toBe(true)
    await page.goBack()
    await page.waitForFunction(() => document.body.textContent?.includes('The source is 48 wide.'))
  })

  test('kernels that cannot be fetched: a sentence, and a second try', async () => {
    const page = await browser.newPage()
    let offline = true
    await page.route(/kernels-.*\.wasm/, (route) => (offline ? route.abort() : route.continue()))
    await page.goto(served.url)
    await page
      .getByRole('alert')
      .getByText(/^A file could not be fetched: you seem to be offline/)
      .waitFor()
    offline = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await solved(page)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('works without isolation, and after another view without a network', async () => {
    const host = await serveSite({ headers: {} })
    const page = await browser.newPage()
    const errors = watchErrors(page)
    await page.goto(host.url)
    await solved(page)
    await viewsFetched(page)
    await page.getByText(/^Fit: /).waitFor() // both workers
    await page.getByRole('link', { name: 'Search live' }).click()
    await page.getByRole('heading', { level: 1, name: 'Search live' }).waitFor()
    await page.context().setOffline(true)
    await page.getByRole('link', { name: 'Prune a head' }).click()
    await items(page).fill('15')
    await page.getByText('15 items a weight: largest error').waitFor({ state: 'attached' })
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(errors).toEqual([])
    await page.context().setOffline(false)
    await page.close()
    await host.close()
  })

  test('axe-core finds nothing serious at three widths', async () => {
    for (const hash of ['#prune?n=8', '#prune?target=rotary&d=4', '#prune?target=sorter']) {
      const [page, errors] = await open(hash)
      await page.getByText(/^Fit: /).waitFor()
      for (const width of [1400, 800, 360]) {
        await page.setViewportSize({ width, height: 900 })
        expect(await seriousViolations(page), `${hash} at ${width}`).toEqual([])
        expect(await overflow(page), `${hash} at ${width}`).toBeLessThanOrEqual(0)
      }
      expect(errors).toEqual([])
      await page.close()
    }
  })

  test('nothing jumps when the slider moves', async () => {
    const [page] = await open()
    const places = () =>
      page.evaluate(() => [...document.querySelectorAll('.prune-part')].map((each) => each.getBoundingClientRect().top))
    await page.getByText(/^Fit: /).waitFor()
    const before = await places()
    await items(page).focus()
    for (const [key, n] of [
      ['ArrowRight', 13],
      ['End', 28],
      ['Home', 1],
    ] as const) {
      await page.keyboard.press(key)
      await page.getByText(`${n} items a weight: largest error`).waitFor({ state: 'attached' })
      expect(await places(), `at ${n} items`).toEqual(before)
    }
  })
})

/** A number as the page writes it. */
const parse = (text: string | null) => Number((text ?? '').replaceAll('\u2212', '-').replaceAll(',', ''))
