import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, noBrowser, SWIFTSHADER } from './browser.js'
import { type Served, serveSite } from './site.js'

describe.skipIf(noBrowser)('a GPU that is lost: a sentence, and WebAssembly', () => {
  let served: Served
  const open = async (hash: string): Promise<[Page, Browser]> => {
    const browser = await launchBrowser(SWIFTSHADER)
    const page = await browser.newPage()
    await page.goto(served.url + hash)
    return [page, browser]
  }
  const crash = async (browser: Browser) => {
    const session = await browser.newBrowserCDPSession()
    await session.send('Browser.crashGpuProcess').catch(() => {}) // it answers that it is gone
  }
  beforeAll(async () => {
    served = await serveSite()
  })
  afterAll(() => served?.close())

  // What runs on a GPU may end before it is lost, fail of it before that is told, fail after, or never end.
  test.each(['before', 'after'])('the view #run, lost %s a list is drawn', async (order) => {
    const [page, browser] = await open('#run?device=webgpu')
    await page.getByText('Ready.').waitFor()
    expect(await page.getByText(/WebGPU on /).count()).toBe(1)
    if (order === 'before') await crash(browser)
    await page.getByRole('button', { name: 'Draw', exact: true }).click()
    if (order === 'after') await crash(browser)
    await page.getByRole('alert').filter({ hasText: 'The GPU stopped computing' }).waitFor()
    await page.getByRole('button', { name: 'Go on with WebAssembly' }).click()
    await page.getByText('Ready.').waitFor()
    await page.getByText('✓ sorted').waitFor()
    await browser.close()
  })

  test('the view #search', async () => {
    const [page, browser] = await open('#search?width=32&layers=1&context=32&batch=8&steps=20000&device=webgpu')
    const button = (name: string) => page.getByRole('button', { name })
    await button('Start the search').click()
    await page
      .getByText(/^Searching: step [1-9]/)
      .first()
      .waitFor()
    await crash(browser)
    await page.getByRole('alert').filter({ hasText: 'The GPU stopped computing' }).waitFor()
    await button('Change the settings').click()
    await button('Start the search').waitFor()
    await browser.close()
  })
})
