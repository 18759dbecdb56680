import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { overflow, seriousViolations, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, servePage } from './site.js'

describe.skipIf(noBrowser)('controls and pictures', () => {
  let served: Served
  let browser: Browser
  const open = async (hash = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> => {
    const page = await browser.newPage(options)
    const errors = watchErrors(page)
    await page.goto(served.url + hash)
    await page.getByRole('heading', { level: 1 }).waitFor()
    return [page, errors]
  }
  const hashOf = async (page: Page, expected: string) => {
    await page.waitForFunction((hash) => location.hash === hash, expected)
  }

  beforeAll(async () => {
    served = await servePage('gallery')
    browser = await launchBrowser()
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close() // what it computes would slow what follows
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  test('axe-core finds nothing serious, and nothing is wider than the window', async () => {
    const [page, errors] = await open('')
    for (const width of [1400, 800, 360]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await seriousViolations(page)).toEqual([])
      expect(await overflow(page), `at ${width}`).toBeLessThanOrEqual(0)
    }
    expect(errors).toEqual([])
  })

  test('a slider moves by keyboard, says its value with the unit, and changes the address', async () => {
    const [page] = await open()
    const slider = page.getByRole('slider', { name: 'Items a weight' })
    await slider.focus()
    await page.keyboard.press('ArrowRight')
    expect(await slider.getAttribute('aria-valuetext')).toBe('13 items')
    await hashOf(page, '#prune?n=13')
    await page.keyboard.press('End')
    await hashOf(page, '#prune?n=20')
  })

  test('an address sets the state; what is no value of a field is refused and named', async () => {
    const [page] = await open('#prune?n=3&d=65&seed=18446744073709551615&init=xavier&other=1')
    expect(await page.getByRole('slider').inputValue()).toBe('3')
    expect(await page.getByLabel('Width d').inputValue()).toBe('8')
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe('18446744073709551615')
    expect(await page.getByRole('radio', { name: 'Xavier' }).isChecked()).toBe(true)
    expect(await page.locator('#refused').textContent()).toBe('d=65')
    await page.evaluate(() => {
      location.hash = '#prune?d=9'
    })
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('input[type=range]')?.value === '12')
    expect(await page.getByLabel('Width d').inputValue()).toBe('9')
    expect(await page.locator('#refused').textContent()).toBe('')
  })

  test('a number that is none is said, and the last one holds', async () => {
    const [page] = await open()
    const field = page.getByLabel('Width d')
    await field.fill('16')
    await hashOf(page, '#prune?d=16')
    await field.fill('65')
    await page.getByText('Expected a whole number from 1 to 64.').waitFor()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await page.keyboard.press('Tab')
    expect(await field.inputValue()).toBe('16')
    expect(await field.getAttribute('aria-invalid')).toBe('false')
    await page.getByRole('button', { name: 'Draw another seed' }).click()
    await page.waitForFunction(() => /^#prune\?d=16&seed=\d{1,6}$/.test(location.hash))
  })

  test('segments by arrow keys, a list by choosing, a file by opening, work by cancelling', async () => {
    const [page] = await open()
    await page.getByRole('radio', { name: 'theory' }).focus()
    await page.keyboard.press('ArrowRight')
    await hashOf(page, '#prune?init=xavier')
    await page.getByLabel('Target', { exact: true }).selectOption('a head of the sorter')
    expect(await page.getByLabel('Target', { exact: true }).inputValue()).toBe('sorter')
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Open a ticket' }).click()
    await (await chooser).setFiles({ name: 'my.slt.safetensors', mimeType: '', buffer: Buffer.from('no') })
    expect(await page.locator('#file').textContent()).toBe('my.slt.safetensors')
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.locator('#file').textContent()).toBe('cancelled')
  })

  test('an entry of a matrix: by click, and by arrow keys up to the edge', async () => {
    const [page] = await open()
    const matrix = page.getByRole('application', { name: /merged product, 16 by 16/ })
    const box = (await matrix.boundingBox())!
    await matrix.click({ position: { x: (box.width * 15.5) / 16, y: (box.height * 0.5) / 16 } })
    const says = (row: number, column: number) => page.getByText(`row ${row}, column ${column}: `).waitFor()
    await says(1, 16)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await says(2, 16)
    await page.keyboard.press('Home')
    await says(2, 1)
  })

  test('a picture has the colours of the scheme that is shown', async () => {
    const [page] = await open('', { colorScheme: 'light' })
    const pixel = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('[aria-label^="attention"] canvas')!
        return [...canvas.getContext('2d')!.getImageData(0, 0, 1, 1).data] // the value 0
      })
    expect(await pixel()).toEqual([247, 247, 245, 255])
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(pixel).toEqual([34, 39, 44, 255])
  })

  test('a plot reads its values by pointer and by arrow keys, and lists them', async () => {
    const [page] = await open()
    const plot = page.getByRole('group', { name: /^Loss against steps/ })
    await plot.focus()
    await page.keyboard.press('End')
    await plot.getByText(/^step 20 {2}· {2}with scaling 2\.01 {2}· {2}without/).waitFor()
    const svg = plot.locator('svg')
    const box = (await svg.boundingBox())!
    await svg.hover({ position: { x: box.width - 20, y: 100 } })
    await plot.getByText(/^step 20 /).waitFor()
    await plot.getByText('Numbers').click()
    await plot.locator('tbody tr').last().waitFor()
    expect(await plot.locator('tbody tr').count()).toBe(20)
    expect(await plot.locator('tbody tr').last().locator('td').allTextContents()).toEqual(['20', '2.01', '2.31'])
  })
})
