import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kindOfFile, sortOut } from '../../web/src/dropped-kind.js'
import { createScale } from '../../web/src/ui/axis.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, serveSite } from './site.js'

test('a dropped file is known by its ending, or else by its type; one of several is taken', () => {
  const file = (name: string, type = '') => ({ name, type })
  expect(kindOfFile(file('a.SAFETENSORS'))).toBe('ticket')
  expect(kindOfFile(file('a.md'))).toBe('text')
  expect(kindOfFile(file('README', 'text/plain'))).toBe('text')
  expect(kindOfFile(file('metrics.jsonl'))).toBe('result')
  expect(kindOfFile(file('photo.png', 'image/png'))).toBe('other')
  expect(kindOfFile(file('tokenizer.json', 'application/json'))).toBe('tokenizer')
  expect(kindOfFile(file('figure-4.json', 'application/json'))).toBe('result')

  const both = [file('a.txt'), file('b.safetensors')]
  expect(sortOut(both, 'prune')).toMatchObject({ file: both[1], to: 'run' })
  expect(sortOut(both, 'prune').remark).toMatch(/^b\.safetensors was taken\. One file at a time is opened: 1 more/)
  expect(sortOut(both, 'search')).toMatchObject({ file: both[0], to: 'search' })
  expect(sortOut([file('ticket.bin')], 'run')).toEqual({ file: file('ticket.bin'), to: 'run', remark: undefined })
  expect(sortOut([file('ticket.bin')], 'prune').to).toBe(undefined)
  expect(sortOut([file('tokenizer.json')], 'run').to).toBe('run')
  expect(sortOut([file('tokenizer.json')], 'prune')).toMatchObject({
    to: undefined,
    remark: expect.stringContaining('open that in “Run a ticket”'),
  })
})

test('an axis of whole things has no ticks between integers', () => {
  const ticks = (domain: [number, number], whole: boolean) =>
    createScale({ label: '', domain, whole }, [], 0, 100, 7).ticks
  expect(ticks([1, 2], false)).toEqual([1, 1.2, 1.4, 1.6, 1.8, 2])
  expect(ticks([1, 2], true)).toEqual([1, 2])
  expect(ticks([1, 1], true)).toEqual([1])
  expect(ticks([1, 12], true)).toEqual([2, 4, 6, 8, 10, 12])
})

describe.skipIf(noBrowser)('high contrast, in Chromium', () => {
  let served: Served
  let browser: Browser
  beforeAll(async () => {
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  /** Different colours on the middle line of an element, as it is painted, leaving `edge` pixels out on either side. */
  const colours = async (page: Page, selector: string, edge: number): Promise<number> => {
    const box = (await page.locator(selector).first().boundingBox())!
    const x = box.x + box.width - 60 // right of the thumb
    const png = await page.screenshot({ clip: { x, y: box.y, width: 40, height: box.height } })
    return page.evaluate(
      async ({ url, edge }) => {
        const image = new Image()
        image.src = url
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext('2d')!
        context.drawImage(image, 0, 0)
        const { data } = context.getImageData(image.width / 2, edge, 1, image.height - 2 * edge)
        const seen = new Set<string>()
        for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 3).join())
        return seen.size
      },
      { url: `data:image/png;base64,${png.toString('base64')}`, edge },
    )
  }

  test('the track of a slider is there, and only the view shown is underlined', async () => {
    const page = await browser.newPage({ forcedColors: 'active', viewport: { width: 1300, height: 900 } })
    page.setDefaultTimeout(90_000)
    await page.goto(served.url)
    await page.locator('.slider').first().waitFor()
    expect(await colours(page, '.slider', 1)).toBeGreaterThan(1)
    const lines = await page.locator('.site-nav a').evaluateAll((links) => {
      const of = (element: Element) => getComputedStyle(element).borderBottomColor
      const canvas = document.createElement('p')
      canvas.style.borderBottom = '1px solid Canvas'
      document.body.append(canvas)
      return links.map((link) => of(link) !== of(canvas))
    })
    expect(lines).toEqual([true, false, false, false])
    await page.close()
  })
})
