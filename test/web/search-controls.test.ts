import { readFileSync } from 'node:fs'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/runtime/node.js'
import { createGraphRunner } from '../../src/runtime/onnx.js'
import { attentionDeviation } from '../../src/search/attention-deviation.js'
import { openSearchSession } from '../../src/search/session.js'
import { chooseSettings } from '../../src/search/settings.js'
import { corpusOfBytes } from '../../web/src/views/search/corpus-bytes.js'
import { watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, serveSite } from './site.js'

/** Small enough to be quick on a busy machine. */
const SMALL = 'width=32&layers=1&context=32&batch=8'
/** Steps that no test waits for. */
const LONG = `${SMALL}&steps=20000`

describe.skipIf(noBrowser)('the controls of "Search live" in Chromium', () => {
  let served: Served
  let browser: Browser
  const open = async (parameters: string, prepare: (page: Page) => Promise<unknown> = async () => {}) => {
    const page = await browser.newPage()
    const errors = watchErrors(page)
    await prepare(page)
    await page.goto(`${served.url}#search?${parameters}`)
    await button(page, 'Start the search').waitFor()
    return { page, errors }
  }
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
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

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

  test('a GPU is asked for when the device is shown, not before', async () => {
    const messages: string[] = []
    const { page, errors } = await open(SMALL, async (page) => {
      page.on('console', (message) => messages.push(message.text()))
      await page.addInitScript(() => {
        const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu
        Object.assign(globalThis, { asked: 0 })
        if (!gpu) return
        const ask = gpu.requestAdapter.bind(gpu)
        gpu.requestAdapter = (...options: []) => {
          ;(globalThis as { asked?: number }).asked!++
          return ask(...options)
        }
      })
    })
    const asked = () => page.evaluate(() => (globalThis as { asked?: number }).asked)
    expect(await asked()).toBe(0)
    expect(messages).toEqual([])
    await page.getByText('Model, learning and device').click()
    await page.getByText(/WebAssembly, because/).waitFor()
    if (await page.evaluate(() => 'gpu' in navigator)) expect(await asked()).toBeGreaterThan(0)
    expect(errors).toEqual([])
    await page.close()
  })

  test("what starts is said as Node says it: the deviation of the attention logits, with the paper's scale and without", async () => {
    const { page, errors } = await open(`${SMALL}&steps=10&qk=both&scale=2.4`)
    await button(page, 'Start the search').click()
    await page
      .getByText(/^Finished/)
      .nth(1)
      .waitFor()
    for (const [title, qkScale] of [
      ['Without QK scaling', 1],
      ['Queries and keys times 2.4', 2.4],
    ] as const) {
      const facts = await page.getByRole('region', { name: title }).locator('.search-facts').textContent()
      const said = Number(/start with a deviation of ([\d.]+)\.$/.exec(facts!)?.[1])
      const expected = await deviationInNode(qkScale)
      expect(Math.abs(said - expected) / expected, title).toBeLessThan(0.006) // three digits are shown
    }
    expect(errors).toEqual([])
    await page.close()
  })

  test('scaling says where it helps, and offers such weights in one click', async () => {
    const { page, errors } = await open('')
    const note = page.locator('.search-qk')
    expect(await note.textContent()).toMatch(/multiplies .+ 2\.38 here/)
    await page.getByRole('radio', { name: 'both' }).check()
    await note.getByText(/Signed constants start with attention logits of a deviation near 1/).waitFor()
    const offer = button(page, 'Uniform weights, width 128')
    await offer.click()
    await note.getByText(/^With uniform weights/).waitFor()
    await expect
      .poll(() => page.evaluate(() => location.hash))
      .toMatch(/(?=.*init=uniform)(?=.*width=128)(?=.*qk=both)/)
    expect(await focused(page)).toBe(await offer.textContent())
    await page.getByText('The same on the command line').click()
    expect(await page.locator('.search-more pre').allTextContents()).toEqual([
      expect.stringMatching(/--width 128 --heads 4 .+ --init uniform --qk-scale 1 --steps 1000 /),
      expect.stringMatching(/--width 128 --heads 4 .+ --init uniform --qk-scale 2\.4 --steps 1000 /),
    ])
    await page.getByText('Model, learning and device').click()
    await page.getByLabel('Random weights').selectOption('gpt2')
    await note.getByText(/The paper's claim is for these weights/).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('before a start: no invented numbers, no nameless stops, and the mask says what its colours are', async () => {
    const { page } = await open(`${SMALL}&steps=40`)
    for (const plot of ['Loss of the search by step.', 'Weights that entered or left the mask, by step.']) {
      const group = page.getByRole('group', { name: plot })
      await group.locator('svg text', { hasText: 'step' }).first().waitFor()
      expect(await group.locator('svg line.grid').count(), plot).toBe(0)
    }
    expect(await page.locator('.search-sample pre[tabindex]').count()).toBe(0)
    expect(await page.locator('.search-masks .legend li').allTextContents()).toEqual([
      'kept from the start',
      'kept since',
      'dropped since',
    ])
    await button(page, 'Start the search').click()
    await ended(page).waitFor()
    await page.getByRole('group', { name: 'What it writes' }).waitFor()
    // as many weights are kept since as are dropped since: the share kept does not change
    const counts = await paintedAs(page, ['series-1', 'series-2', 'series-5'])
    expect(counts['series-2']).toBeGreaterThan(0)
    expect(counts['series-5']).toBe(counts['series-2'])
    const kept = Number(
      /^([\d,]+) of/.exec((await page.locator('.search-mask-numbers').textContent())!)![1].replace(',', ''),
    )
    expect(counts['series-1'] + counts['series-2']).toBe(kept)
    await page.close()
  })

  test('a text that is too short is refused before anything is locked', async () => {
    const { page } = await open(`${SMALL}&text=own`)
    const box = page.getByLabel('Your text')
    await box.fill('x')
    await button(page, 'Start the search').click()
    const said = page.getByRole('alert')
    await said
      .getByText('The text has 1 byte; a context of 32 needs at least 330. Paste more of it, or drop a file.')
      .waitFor()
    expect(await page.getByText('Change the settings').count()).toBe(0)
    expect(await box.isEnabled()).toBe(true)
    await page.getByText('Model, learning and device').click()
    await page.getByRole('radio', { name: '128' }).last().check()
    await box.fill('x'.repeat(400))
    await button(page, 'Start the search').click()
    await said
      .getByText(/has 400 bytes; a context of 128 needs at least 1,290\. Paste .+, or choose a shorter context\.$/)
      .waitFor()
    await page.close()
  })
})

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

/** How far the first search is. */
const label = (page: Page) => page.locator('.search-lane .progress-text label').first()

/** The buttons of a search that has ended. */
const ended = (page: Page) => button(page, 'Change the settings')

const firstButton = (page: Page) => page.locator('.search-controls button').first().textContent()

const inWords = (page: Page) => page.locator('.search-run > .visually-hidden[role=status]').textContent()

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent)

const stepIn = (text: string) => Number(/step ([\d,]+)/.exec(text)![1].replaceAll(',', ''))

/** Whatever a click has set off is drawn. */
const settled = (page: Page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))

async function middleOf(element: Locator): Promise<{ x: number; y: number }> {
  await element.scrollIntoViewIfNeeded()
  const { x, y, width, height } = (await element.boundingBox())!
  return { x: x + width / 2, y: y + height / 2 }
}

/** Pixels of the mask's picture that have the colour of a legend's entry. */
function paintedAs(page: Page, names: readonly string[]): Promise<Record<string, number>> {
  return page.evaluate((names) => {
    const canvas = document.querySelector<HTMLCanvasElement>('.search-mask canvas')!
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    const counts: Record<string, number> = {}
    for (const name of names) {
      const mark = document.querySelector(`.search-masks .legend .${name} .bar-kept`)
      const wanted = mark ? getComputedStyle(mark).fill : ''
      let count = 0
      for (let i = 0; i < data.length; i += 4) if (`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})` === wanted) count++
      counts[name] = count
    }
    return counts
  }, names)
}

/** What `slt search` says of the page's settings. */
async function deviationInNode(qkScale: number): Promise<number> {
  const bytes = new Uint8Array(readFileSync(new URL('../../data/tinyshakespeare/input.txt', import.meta.url)))
  const settings = chooseSettings(
    {
      kind: 'search',
      model: 'micro',
      width: '32',
      heads: 1,
      layers: 1,
      context: 32,
      initialisation: 'signed-constant',
      qkScale,
    },
    { name: 'bytes', vocabulary: 256 },
  )
  const corpus = corpusOfBytes({ name: 'tiny Shakespeare', bytes }, 32)
  const runner = createGraphRunner({ threads: 1 })
  const session = await openSearchSession(settings, corpus, runner, loadKernels)
  try {
    const effective = (name: string) => session.memory.matrix(name).effective
    const { all } = await attentionDeviation(runner, settings, effective, Int32Array.from(corpus.valid.subarray(0, 32)))
    return all
  } finally {
    await session.release()
  }
}
