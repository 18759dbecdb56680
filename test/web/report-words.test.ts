import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, startServer } from '../../src/serve/index.js'
import { addTicket } from '../serve/fixture.js'
import { launchBrowser, noBrowser } from './browser.js'
import { siteFolder } from './site.js'

describe.skipIf(noBrowser)('names in the report', () => {
  let folder: string
  let serving: Serving
  let browser: Browser
  const file = 'sorter-of-six-letters-in-a-qr-code.slt.safetensors'

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-names-'))
    await addTicket(join(folder, 'examples/of/several/kinds/sorter-qr'), file)
    serving = await startServer({ explorer: siteFolder, folders: [folder], port: 0, version: '0' })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await serving?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test.each([360, 1400])('the name of a ticket is whole at %d pixels, whatever its folder', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    page.setDefaultTimeout(90_000)
    await page.goto(`${serving.url}#report`)
    const name = page.locator('.ticket-list .path-file')
    await name.waitFor()
    expect(await name.textContent()).toBe(file)
    const cut = await name.evaluate((element) => {
      const list = element.closest('li')!.getBoundingClientRect()
      const box = element.getBoundingClientRect()
      return element.scrollWidth > element.clientWidth + 1 || box.right > list.right + 1
    })
    expect(cut).toBe(false)
    expect(await page.locator('.ticket-list .path-name').getAttribute('title')).toMatch(
      new RegExp(`sorter-qr/${file}$`),
    )
    await page.close()
  })
})
