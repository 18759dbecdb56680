/** The view "Search live" in Chromium, and what tests find in it. */
import type { Browser, Page } from 'playwright-core'
import { watchErrors } from './accessible.js'
import { launchBrowser } from './browser.js'
import { type Served, serveSite } from './site.js'

/** Small enough to be quick on a busy machine. */
export const SMALL = 'width=32&layers=1&context=32&batch=8'

/** A browser and a served explorer. */
export interface SearchPages {
  /** Opens the view. @param prepare is given the page before it goes anywhere */
  open(parameters: string, prepare?: (page: Page) => Promise<unknown>): Promise<{ page: Page; errors: string[] }>
  close(): Promise<void>
}

/** Serves the built explorer to a browser of its own; close both. */
export async function openSearchPages(): Promise<SearchPages> {
  const served: Served = await serveSite()
  const browser: Browser = await launchBrowser()
  return {
    async open(parameters, prepare = async () => {}) {
      const page = await browser.newPage()
      const errors = watchErrors(page)
      await prepare(page)
      await page.goto(`${served.url}#search?${parameters}`)
      await button(page, 'Start the search').waitFor()
      return { page, errors }
    },
    async close() {
      await browser.close()
      await served.close()
    },
  }
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

/** How far the first search is. */
export const label = (page: Page) => page.locator('.search-lane .progress-text label').first()

/** The buttons of a search that has ended. */
export const ended = (page: Page) => button(page, 'Change the settings')

/** What the focused element says. */
export const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent)
