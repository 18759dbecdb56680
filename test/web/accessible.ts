import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Rules about colours. The dark page differs from the light one in nothing else (web/src/style/colours.css). */
const OF_COLOURS = ['color-contrast', 'link-in-text-block']

/**
 * What axe-core finds serious or critical in a page as it is shown, one line a rule and element: by all rules in the light page, by those about
 * colours in the dark one. The page is left light.
 */
export async function seriousViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source)
  const found = async (colorScheme: 'light' | 'dark', options: axe.RunOptions) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' }) // colours are those that stay
    // What passes is not listed: that takes a third of the time.
    const { violations } = (await page.evaluate(
      `axe.run(${JSON.stringify({ ...options, resultTypes: ['violations'] })}).then(({ violations }) => ({ violations }))`,
    )) as Pick<axe.AxeResults, 'violations'>
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${colorScheme}: ${id}: ${target.join(' ')}`))
  }
  const dark = await found('dark', { runOnly: OF_COLOURS })
  return [...(await found('light', {})), ...dark]
}

/** Collects what a page logs as an error, throws, or fails to fetch. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    if (reason !== 'net::ERR_ABORTED') errors.push(`${request.url()}: ${reason}`) // a view that is left gives its requests up
  })
  return errors
}

/** Pixels by which a page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** Expects, at each width, nothing serious of axe-core and no sideways scrolling. @param widths of the window, in pixels */
export async function expectAccessible(page: Page, widths: readonly number[], what = ''): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    expect(await seriousViolations(page), `${what} ${width} pixels`).toEqual([])
    expect(await overflow(page), `${what} ${width} pixels`).toBeLessThanOrEqual(0)
  }
}
