import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadKernels } from '../../src/engine/node.js'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { attentionDeviation } from '../../src/search/attention-deviation.js'
import { withDefaults } from '../../src/search/presets.js'
import { openSearchSession } from '../../src/search/session.js'
import { chooseSettings } from '../../src/search/settings.js'
import { corpusOfBytes } from '../../web/src/views/search/corpus-bytes.js'
import { noBrowser } from './browser.js'
import { button, ended, focused, openSearchPages, type SearchPages, SMALL } from './search-page.js'

describe.skipIf(noBrowser)('what "Search live" says of its settings', () => {
  let pages: SearchPages
  const open: SearchPages['open'] = (...given) => pages.open(...given)
  beforeAll(async () => {
    pages = await openSearchPages()
  })
  afterAll(() => pages?.close())

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
    const { page, errors } = await open('init=signed-constant')
    const note = page.locator('.search-qk')
    expect(await note.textContent()).toMatch(/multiplies .+ 2\.38 here/)
    await page.getByRole('radio', { name: 'both' }).check()
    await note.getByText(/Signed constants start with attention logits of a deviation near 1/).waitFor()
    const offer = button(page, 'Uniform weights, width 128')
    await offer.click()
    await note.getByText(/^With uniform weights/).waitFor()
    expect(await focused(page)).toBe(await offer.textContent())
    await page.getByText('Model, learning and device').click()
    await page.getByRole('radio', { name: 'edge-popup', exact: true }).check()
    expect(await note.textContent()).not.toContain('All of this was measured with')
    await page.getByRole('radio', { name: 'annealed', exact: true }).check()
    await note.getByText(/All of this was measured with edge-popup\.$/).waitFor()
    await expect
      .poll(() => page.evaluate(() => location.hash))
      .toMatch(/(?=.*init=uniform)(?=.*width=128)(?=.*qk=both)/)
    await page.getByText('The same on the command line').click()
    expect(await page.locator('.search-more pre').allTextContents()).toEqual([
      expect.stringMatching(/--width 128 --heads 4 .+ --init uniform --qk-scale 1 --steps 1000 /),
      expect.stringMatching(/--width 128 --heads 4 .+ --init uniform --qk-scale 2\.4 --steps 1000 /),
    ])
    await page.getByLabel('Random weights').selectOption('gpt2')
    await note.getByText(/The paper's claim is for these weights/).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('the method is that of slt search until another is chosen; a sentence says what it does', async () => {
    const { algorithm: usual, initialisation } = withDefaults({ kind: 'search', model: 'micro' })
    const { page, errors } = await open('')
    const command = page.locator('.search-more pre')
    expect(await command.textContent()).toContain(` --algorithm ${usual} --keep 0.3 --init ${initialisation} `)
    await page.getByText('Model, learning and device').click()
    expect(await page.getByRole('radio', { name: usual, exact: true }).isChecked()).toBe(true)
    // A link that is older than the choice means edge-popup.
    await page.goto(page.url().replace(/#.*/, `#search?${SMALL}`))
    await expect.poll(() => command.textContent()).toContain(' --algorithm edge-popup ')
    for (const [name, sentence, caption] of [
      ['annealed', /^Annealed masks are soft at first, so that /, true],
      ['edge-popup', /^Edge-popup keeps the weights with the highest scores/, false],
    ] as const) {
      await page.getByRole('radio', { name, exact: true }).check()
      await page.getByText(sentence).waitFor()
      expect(await page.getByText('points and tickets are of hard masks').isVisible()).toBe(caption)
      expect(await command.textContent()).toContain(` --algorithm ${name} `)
      const named = () =>
        page.evaluate(() => new URLSearchParams(location.hash.slice('#search?'.length)).get('algorithm'))
      await expect.poll(named).toBe(name === 'edge-popup' ? null : name)
    }
    expect(errors).toEqual([])
    await page.close()
  })

  test('an annealed search warns of masks that flap, as the command line does', async () => {
    const { page, errors } = await open(`${SMALL}&steps=30&lr=1&algorithm=annealed`)
    await button(page, 'Start the search').click()
    await ended(page).waitFor()
    const warning = page.locator('.search-lane .notice-warning')
    expect(await warning.allTextContents()).toEqual([
      expect.stringMatching(
        /^By step 20 masks flap: [\d.]+ % of the weights enter or leave them a step, [\d.]+ % of a new mask, where at most 5 % is expected; try a smaller learning rate \(--lr; it is [\d.]+\)\.$/,
      ),
    ])
    expect(errors).toEqual([])
    await page.close()
  })

  test('a link without a family means GPT-2; a Llama is chosen, searched and named in the command and the address', async () => {
    const { page, errors } = await open(`${SMALL}&steps=10`)
    const shown = page.getByLabel('Matrix')
    const command = page.locator('.search-more pre')
    expect(await shown.inputValue()).toBe('h.0.mlp.c_fc')
    expect(await command.textContent()).toMatch(/--model micro --width 32 /)
    await page.getByText('Model, learning and device').click()
    await page.getByRole('radio', { name: 'Llama', exact: true }).check()
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/family=llama/)
    expect(await shown.inputValue()).toBe('layers.0.mlp.gate_proj')
    expect(await shown.locator('option').allTextContents()).toContain('layer 1, feed-forward in (up)')
    expect(await command.textContent()).toMatch(/--model llama-micro --width 32 --heads 1 --layers 1 --context 32 /)
    await page.reload()
    await button(page, 'Start the search').click()
    await ended(page).waitFor()
    await page.getByText(/^\d[\d,]* of \d[\d,]* kept/).waitFor()
    await button(page, 'Run it').click()
    await page.getByText('Ready.').waitFor()
    await page.getByText('1 layer, width 32, 1 head, context 32, 256 tokens').waitFor()
    await page.getByText('Llama', { exact: true }).waitFor()
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
      algorithm: 'edge-popup',
      model: 'micro',
      width: '32',
      heads: 1,
      layers: 1,
      context: 32,
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
