import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { overflow, seriousViolations, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, serveSite, siteFolder } from './site.js'
import { viewsFetched } from './views-fetched.js'

const views = {
  prune: 'Prune a head',
  run: 'Run a ticket',
  search: 'Search live',
  report: 'Read the report',
}

describe.skipIf(noBrowser)('the explorer in Chromium', () => {
  let served: Served
  let browser: Browser
  const open = async (path = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<[Page, string[]]> => {
    const page = await browser.newPage(options)
    const errors = watchErrors(page)
    await page.goto(served.url + path)
    await page.getByRole('heading', { level: 1 }).waitFor()
    return [page, errors]
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

  test('opens on the first view, and fetches neither ONNX Runtime nor data for it', async () => {
    const fetched: string[] = []
    const page = await browser.newPage()
    const errors = watchErrors(page)
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname))
    await page.goto(served.url)
    await page.waitForLoadState('networkidle')
    expect(await page.title()).toBe('Prune a head · Strong lottery tickets')
    expect(fetched.filter((path) => /^\/(ort|data)\//.test(path) && !path.startsWith('/data/gpt-nano-sort/'))).toEqual(
      [],
    )
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    expect(errors).toEqual([])
  })

  test('axe-core finds nothing serious in any view at 360 and 1400 pixels', async () => {
    for (const view of Object.keys(views)) {
      const [page, errors] = await open(`#${view}`, { viewport: { width: 1400, height: 900 } })
      await viewsFetched(page)
      await page.waitForLoadState('networkidle')
      expect(await seriousViolations(page), view).toEqual([])
      await page.setViewportSize({ width: 360, height: 700 })
      expect(await seriousViolations(page), view).toEqual([])
      expect(await overflow(page), `${view} is wider than 360 pixels`).toBeLessThanOrEqual(0)
      expect(errors).toEqual([])
      await page.close()
    }
  })

  test('by keyboard: the link past the header, every view, the way back', async () => {
    const [page, errors] = await open()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN')
    expect(new URL(page.url()).hash).toMatch(/^(#prune.*)?$/)

    for (const [view, title] of Object.entries(views).slice(1)) {
      const link = page.getByRole('navigation').getByRole('link', { name: title })
      await link.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
      expect(new URL(page.url()).hash).toBe(`#${view}`)
      expect(await page.title()).toBe(`${title} · Strong lottery tickets`)
      expect(await link.getAttribute('aria-current')).toBe('page')
      await page.waitForFunction(() => document.activeElement?.tagName === 'MAIN')
    }
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: views.search }).waitFor()
    expect(errors).toEqual([])
  })

  test('#ticket=… opens the run view, an unknown view the first one', async () => {
    const [linked] = await open('#ticket=nowhere.slt.safetensors')
    expect(await linked.getByRole('heading', { level: 1 }).textContent()).toBe(views.run)
    const [unknown] = await open('#constructor?d=3')
    expect(await unknown.getByRole('heading', { level: 1 }).textContent()).toBe(views.prune)
  })

  test('colours: the chosen ones hold over a reload, before anything is drawn', async () => {
    const [page] = await open('', { colorScheme: 'light' })
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await paper()
    const button = page.getByRole('button', { name: /^Colours/ })
    await button.click()
    await button.click()
    expect(await button.textContent()).toBe('dark')
    const dark = await paper()
    expect(dark).not.toBe(light)
    await page.reload({ waitUntil: 'commit' })
    await page.locator('link[rel=stylesheet]').first().waitFor({ state: 'attached' }) // it stands behind what sets them
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    await button.click()
    expect(await paper()).toBe(light)
  })

  test('below a sub-path of a file host that sends no headers', async () => {
    const host = await serveSite({ headers: {}, under: '/pages/slt' })
    const page = await browser.newPage()
    const errors = watchErrors(page)
    await page.goto(`${host.url}#report`)
    await page.getByRole('heading', { level: 1, name: views.report }).waitFor()
    await page.waitForLoadState('networkidle')
    expect(errors).toEqual([])
    await page.close()
    await host.close()
  })

  test('a view that cannot be fetched says so, and comes when it can', async () => {
    const page = await browser.newPage()
    await page.route('**/assets/run-view*', (route) => route.abort())
    await page.goto(`${served.url}#run`)
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/^This view could not be loaded\. .+offline/)
    await page.unroute('**/assets/run-view*')
    await alert.getByRole('button', { name: 'Try again' }).click()
    await alert.waitFor({ state: 'detached' })
    expect(await seriousViolations(page)).toEqual([])
  })

  test('once loaded, every view is there without a network', async () => {
    const [page, errors] = await open()
    await viewsFetched(page)
    await page.getByText(/^Fit: /).waitFor() // both workers of the first view have what they need
    await page.context().setOffline(true)
    for (const title of Object.values(views).reverse()) {
      await page.getByRole('navigation').getByRole('link', { name: title }).click()
      await page.getByRole('heading', { level: 1, name: title }).waitFor()
    }
    expect(await page.getByRole('alert').count()).toBe(0)
    // The run view's first example is data: without a network it is not there, and the view says so when it is asked for.
    expect(errors.filter((error) => !/data\/tickets\/|^Failed to load resource/.test(error))).toEqual([])
    await page.context().setOffline(false)
  })

  test('nothing moves while a view loads', async () => {
    const page = await browser.newPage({ viewport: { width: 800, height: 900 } })
    await page.addInitScript(() => {
      Object.assign(globalThis, { shift: 0 })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.shift += (entry as unknown as { value: number }).value
      }).observe({ type: 'layout-shift', buffered: true })
    })
    for (const view of Object.keys(views)) {
      await page.goto(`${served.url}?${view}#${view}`)
      await viewsFetched(page)
      await page.waitForLoadState('networkidle')
      expect(await page.evaluate(() => globalThis.shift), view).toBeLessThan(0.05)
    }
  })
})

declare global {
  var shift: number
}

test("scripts and styles are below 410 KB gzipped, beside ONNX Runtime and GPT-2's vocabulary", () => {
  const files = readdirSync(siteFolder, { recursive: true, encoding: 'utf8' })
  const isData = (file: string) => file.startsWith('ort') || /gpt2-merges-[^/]*\.js$/.test(file) // fetched when a network asks
  const bundle = files.filter((file) => /\.(js|css|html)$/.test(file) && !isData(file))
  expect(bundle).toContain('index.html')
  const bytes = bundle.reduce((sum, file) => sum + gzipSync(readFileSync(join(siteFolder, file))).length, 0)
  expect(bytes).toBeLessThan(410_000)
})
