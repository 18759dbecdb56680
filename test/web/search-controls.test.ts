import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noBrowser } from './browser.js'
import { button, ended, focused, label, openSearchPages, type SearchPages, SMALL } from './search-page.js'

/** Steps that no test waits for. */
const LONG = `${SMALL}&steps=20000`

describe.skipIf(noBrowser)('the controls of "Search live" in Chromium', () => {
  let pages: SearchPages
  const open: SearchPages['open'] = (...given) => pages.open(...given)
  const start = async (page: Page) => {
    await button(page, 'Start the search').click()
    await label(page)
      .getByText(/^Searching: step [1-9]/)
      .waitFor()
  }
  /** A search that was stopped after some steps. */
  const openStopped = async () => {
    const { page, errors } = await open(LONG)
    await start(page)
    await button(page, 'Stop').click()
    await ended(page).waitFor()
    return { page, errors }
  }

  beforeAll(async () => {
    pages = await openSearchPages()
  })
  afterAll(() => pages?.close())

  test.each([1400, 360])('a second click where Stop was loses nothing, at %i pixels', async (width) => {
    const { page } = await open(LONG)
    await page.setViewportSize({ width, height: 900 })
    await start(page)
    const point = await middleOf(button(page, 'Stop'))
    await page.mouse.click(point.x, point.y)
    await ended(page).waitFor()
    const reached = await label(page).textContent()
    expect(reached).toMatch(/^Stopped: step/)
    await page.mouse.click(point.x, point.y)
    await page.mouse.click(point.x, point.y)
    await settled(page)
    expect(await label(page).textContent()).toBe(reached)
    expect(await button(page, 'Change the settings').count()).toBe(1)
    expect(await firstButton(page)).toBe('Download')
    await page.close()
  })

  test('likewise where Discard was: it asks, and the second click answers nothing', async () => {
    const { page } = await open(LONG)
    await start(page)
    const point = await middleOf(button(page, 'Discard'))
    await page.mouse.click(point.x, point.y)
    await page.mouse.click(point.x, point.y)
    const asked = page.getByText('The ticket that was found has not been downloaded. This forgets it.')
    await asked.waitFor()
    await label(page)
      .getByText(/^Paused: step/)
      .waitFor()
    await button(page, 'Keep it').click()
    await label(page)
      .getByText(/^Searching: step/)
      .waitFor()

    // downloaded, it still waits, so that nothing is asked again
    await button(page, 'Discard').click()
    await asked.waitFor()
    await Promise.all([page.waitForEvent('download'), button(page, 'Download first').click()])
    await button(page, 'Continue').waitFor()
    await button(page, 'Discard').click()
    await button(page, 'Start the search').waitFor()
    expect(await asked.count()).toBe(0)

    await start(page)
    await button(page, 'Discard').click()
    await button(page, 'Forget').click()
    await button(page, 'Start the search').waitFor()
    expect(await label(page).textContent()).toMatch(/^Not started/)
    await page.close()
  })

  test('by keyboard the focus is never lost, and a second Enter does nothing', async () => {
    const { page, errors } = await open(LONG)
    await button(page, 'Start the search').focus()
    await page.keyboard.press('Enter')
    await button(page, 'Stop').waitFor()
    expect(await focused(page)).toBe('Pause')
    await label(page)
      .getByText(/^Searching: step [1-9]/)
      .waitFor()
    expect(await focused(page)).toBe('Pause')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Stop')
    await page.keyboard.press('Enter')
    await ended(page).waitFor()
    expect(await focused(page)).toMatch(/^Stopped after step .+ Its ticket has not been downloaded yet\.$/)
    const reached = await label(page).textContent()
    await page.keyboard.press('Enter')
    await settled(page)
    expect(await label(page).textContent()).toBe(reached)
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Download')

    await button(page, 'Change the settings').focus()
    await page.keyboard.press('Enter')
    await button(page, 'Start the search').waitFor()
    expect(await page.evaluate(() => document.activeElement?.closest('.search-settings') !== null)).toBe(true)
    expect(errors).toEqual([])
    await page.close()
  })

  test('a ticket that was not downloaded is asked for once, and stays until another search starts', async () => {
    const { page, errors } = await openStopped()
    const reached = (await label(page).textContent())!
    await button(page, 'Change the settings').click()
    const steps = page.getByRole('textbox', { name: 'Steps' })
    await steps.fill('15')
    await steps.press('Tab')
    expect(await label(page).textContent()).toBe(reached)

    const asked = page.getByText('The ticket that was found has not been downloaded. A new search forgets it.')
    await button(page, 'Start the search').click()
    await asked.waitFor()
    await page.keyboard.press('Escape')
    await button(page, 'Start the search').click()
    await asked.waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download first').click()])
    expect(download.suggestedFilename()).toBe(`search-1x32-seed0-step${stepIn(reached)}.slt.safetensors`)

    await button(page, 'Start the search').click() // nothing to ask any more
    await label(page)
      .getByText(/^Finished: step 15 of 15$/)
      .waitFor()
    await button(page, 'Start again').click()
    await asked.waitFor()
    await button(page, 'Forget and start').click()
    await asked.waitFor({ state: 'detached' })
    await label(page)
      .getByText(/^Finished: step 15 of 15$/)
      .waitFor()
    await ended(page).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('when the next search cannot start, the last one and its ticket are still there', async () => {
    let offline = false
    const { page } = await open(`${SMALL}&steps=15`, (page) =>
      page.route('**/tinyshakespeare/input.txt', (route) => (offline ? route.abort() : route.continue())),
    )
    await button(page, 'Start the search').click()
    await ended(page).waitFor()
    offline = true
    await button(page, 'Start again').click()
    await button(page, 'Forget and start').click()
    await page.getByRole('alert').getByText('A file could not be fetched').waitFor()
    expect(await label(page).textContent()).toBe('Finished: step 15 of 15')
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()])
    expect(download.suggestedFilename()).toBe('search-1x32-seed0-step15.slt.safetensors')
    await page.close()
  })

  test('while the text is fetched nothing takes the focus away, and Stop gives up', async () => {
    let release = () => {}
    const { page } = await open(LONG, (page) =>
      page.route('**/tinyshakespeare/input.txt', async (route) => {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        await route.abort().catch(() => {})
      }),
    )
    await button(page, 'Start the search').focus()
    await page.keyboard.press('Enter')
    expect(await focused(page)).toBe('Pause')
    expect(await button(page, 'Pause').getAttribute('aria-disabled')).toBe('true')
    expect(await inWords(page)).toBe('The text is being fetched.')
    await button(page, 'Stop').click()
    await button(page, 'Start the search').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    release()
    await page.close()
  })

  test('a paused search shows the step that its ticket is of', async () => {
    const { page } = await open(LONG)
    await start(page)
    await button(page, 'Pause').click()
    await button(page, 'Continue').waitFor()
    await expect.poll(() => inWords(page)).toBe('The search is paused.')
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download the ticket').click()])
    const step = Number(/-step(\d+)\./.exec(download.suggestedFilename())![1])
    await page.getByText(new RegExp(`kB after step ${step.toLocaleString('en')}: `)).waitFor()
    await expect.poll(async () => stepIn((await label(page).textContent())!)).toBe(step)
    await page.close()
  })
})

const firstButton = (page: Page) => page.locator('.search-controls button').first().textContent()

const inWords = (page: Page) => page.locator('.search-run > .visually-hidden[role=status]').textContent()

const stepIn = (text: string) => Number(/step ([\d,]+)/.exec(text)![1].replaceAll(',', ''))

/** Whatever a click has set off is drawn. */
const settled = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))

async function middleOf(element: Locator): Promise<{ x: number; y: number }> {
  await element.scrollIntoViewIfNeeded()
  const { x, y, width, height } = (await element.boundingBox())!
  return { x: x + width / 2, y: y + height / 2 }
}
