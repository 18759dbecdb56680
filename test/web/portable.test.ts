import type { Server } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { goldens } from '../ticket/golden.js'
import { launchBrowser, noBrowser, serveProject } from './browser.js'

/** What test/web/rebuild.js gives. */
interface Rebuilt {
  sha256: string
  reference: Record<string, string>
  kernels: Record<string, string>
}

describe.skipIf(noBrowser)('in Chromium', () => {
  let browser: Browser
  let page: Page
  let server: Server
  const errors: string[] = []

  beforeAll(async () => {
    const served = await serveProject()
    server = served.server
    browser = await launchBrowser()
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(served.url)
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  test.each(Object.keys(goldens))('%s gives the weights that it gives in Node, bit for bit', async (file) => {
    const found = await page.evaluate<Rebuilt>(`import('/test/web/rebuild.js').then((m) => m.rebuild('${file}'))`)
    expect(found.sha256).toBe(goldens[file].sha256)
    expect(found.reference).toEqual(goldens[file].weights)
    expect(found.kernels).toEqual(goldens[file].weights)
    expect(errors).toEqual([])
  })
})
