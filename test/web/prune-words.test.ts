import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, serveSite } from './site.js'

const LONG = 90_000

describe.skipIf(noBrowser)('what the view #prune says', () => {
  let served: Served
  let browser: Browser
  const open = async (hash: string): Promise<[Page, string[]]> => {
    const page = await browser.newPage({ viewport: { width: 1300, height: 900 } })
    page.setDefaultTimeout(LONG)
    const errors = watchErrors(page)
    await page.goto(served.url + hash)
    await page.getByText(/^Fit: /).waitFor()
    return [page, errors]
  }
  const curve = (page: Page) => page.getByRole('region', { name: 'More items, exponentially less error' })
  const quantity = (page: Page, name: string) => page.locator('.prune-results dl > div', { hasText: name })

  beforeAll(async () => {
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  test("at d = 2 the paper's line, rates per n and what differs; means are fitted as the paper fits", async () => {
    const [page, errors] = await open('#prune?d=2&input=rotation')
    await curve(page).getByText('336 of 336 heads pruned.').waitFor()
    const said = await curve(page)
      .getByText(/^Means, by least squares/)
      .textContent()
    const [, factor, rate, medians] = /paper: ([\d.]+) exp\(−([\d.]+) n\); .*Medians: exp\(−([\d.]+) n\)\.$/.exec(
      said!,
    )!
    expect(Number(medians)).toBeGreaterThan(Number(rate))
    await curve(page).getByText('a trained target with one output, T = 4, and 100 sources').waitFor()
    await curve(page).getByText('the paper’s 0.8 exp(−0.06 n), n = 2n′').waitFor()
    // the drawn means, by another way to the same fit: no rate nearby leaves a smaller sum of squares
    const plot = page.getByRole('group', { name: /^Error of the output against items/ })
    await plot.getByText('Numbers').click()
    await plot.locator('tbody tr').nth(27).waitFor()
    const rows = await plot.locator('tbody tr').all()
    const cells = await Promise.all(rows.map((row) => row.locator('td').nth(3).textContent()))
    const means = cells.map((cell) => Number(cell!.replaceAll('\u2212', '-')))
    const left = (a: number, b: number) =>
      means.reduce((sum, mean, i) => sum + (mean - a * Math.exp(-2 * b * (i + 1))) ** 2, 0)
    const own = left(Number(factor), Number(rate))
    for (const by of [0.95, 1.05]) {
      expect(left(Number(factor) * by, Number(rate))).toBeGreaterThan(own)
      expect(left(Number(factor), Number(rate) * by)).toBeGreaterThan(own)
    }
    expect(await page.getByRole('link', { name: 'the paper’s input, d = 2' }).count()).toBe(1)
    expect(errors).toEqual([])
    await page.close()
  })

  test('at another d neither its line nor rates per n', async () => {
    const [page, errors] = await open('#prune?d=8')
    await curve(page).getByText('336 of 336 heads pruned.').waitFor()
    const said = await curve(page).textContent()
    expect(said).toMatch(/half the error every [\d.]+ items\./)
    expect(said).not.toMatch(/per unit of n|the paper’s 0\.8|0\.06|Means, by/)
    const plot = page.getByRole('group', { name: /^Error of the output against items/ })
    await plot.getByText('Numbers').click()
    const heads = await plot.locator('thead th').allTextContents()
    expect(heads.slice(1)).toEqual(['low', 'high', 'mean', 'median', 'fit'])
    expect(errors).toEqual([])
    await page.close()
  })

  test('a bound above the output itself says nothing yet, a smaller one is shown', async () => {
    const [page, errors] = await open('#prune?n=12')
    const bound = quantity(page, 'the proof’s bound')
    await expect.poll(() => bound.locator('.prune-value').textContent(), { timeout: LONG }).toBe('nothing yet')
    expect(await bound.textContent()).toContain('guaranteed for every input of norms ≤ 4')
    expect(await quantity(page, 'error of the output').textContent()).toContain('largest over 32 positions')
    const lengths = page.locator('figure', { has: page.getByRole('heading', { name: 'Error against length' }) })
    await lengths.getByText('it is above the output itself').waitFor()
    await page.getByRole('slider', { name: 'Items a weight, n′' }).fill('27')
    await expect
      .poll(async () => Number(await bound.locator('.prune-value').textContent()), { timeout: LONG })
      .toBeGreaterThan(0)
    await lengths.getByText('The bound from the proof holds at every length.').waitFor()
    await lengths.locator('svg text', { hasText: /^bound$/ }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('Enter on Stop leaves the focus on what goes on', async () => {
    const [page, errors] = await open('#prune?d=2')
    await page.getByRole('slider', { name: 'Width d' }).fill('32')
    const stop = curve(page).getByRole('button', { name: 'Stop' })
    await stop.focus()
    await page.keyboard.press('Enter')
    await curve(page).getByRole('button', { name: 'Start again' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Start again')
    expect(errors).toEqual([])
    await page.close()
  })
})
