import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slt } from '../cli/slt.js'
import { hasExactIntegers } from '../exact-integers.js'
import { overflow, seriousViolations, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { button, SMALL, label as status } from './search-page.js'
import { type Served, serveSite } from './site.js'

const shakespeare = fileURLToPath(new URL('../../data/tinyshakespeare/input.txt', import.meta.url))

describe.skipIf(noBrowser)('the view "Search live" in Chromium', () => {
  let served: Served
  let browser: Browser
  let folder: string
  const open = async (
    parameters = SMALL,
    { url = served.url, ...options }: Parameters<Browser['newPage']>[0] & { url?: string } = {},
  ): Promise<[Page, string[]]> => {
    const page = await browser.newPage(options)
    const errors = watchErrors(page)
    await page.goto(`${url}#search?${parameters}`)
    await button(page, 'Start the search').waitFor()
    return [page, errors]
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-search-page-'))
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('a search from its start to its end; the ticket is taken by slt verify, eval and generate', async () => {
    // With weights of one magnitude the losses here and in Node stay closest.
    const [page, errors] = await open(`${SMALL}&steps=150&init=signed-constant`)
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Finished: step 150 of 150$/)
      .waitFor()
    expect(await page.getByText(/weights kept\. WebAssembly, because .+ on .+ thread/).count()).toBe(1)
    const [, integers] = (await page.getByText(/Linear maps in (8-bit integers|float32): /).textContent())!.match(
      /Linear maps in (8-bit|float32)/,
    )!
    expect(await page.locator('.search-sample pre').first().textContent()).toMatch(/\S{3}/)
    expect(await page.locator('.search-mask-numbers').textContent()).toMatch(/\(30\.0 %\); [1-9][\d.]+ % of them since/)

    const losses = await numbersOf(page, 'Loss of the search by step.')
    expect(losses[0]).toBeGreaterThan(4) // ln 256 = 5.55
    expect(losses.at(-1)).toBeLessThan(3.2) // byte frequencies alone: 3.35

    const ticket = join(folder, 'page.slt.safetensors')
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download the ticket').click()])
    expect(download.suggestedFilename()).toBe('search-1x32-seed0-step150.slt.safetensors')
    await save(download, ticket)
    const said = await page.getByText(/kB after step 150: .+ nats a byte/).textContent()

    const verified = slt('verify', ticket, '--json')
    expect(verified.stderr + verified.stdout).not.toMatch(/error/i)
    expect(verified.code).toBe(0)
    const windows = ['--part', 'valid', '--windows', '1024', '--batch', '8', '--json']
    const evaluated = slt('eval', ticket, '--data', shakespeare, ...windows)
    expect(evaluated.code).toBe(0)
    const { loss } = JSON.parse(evaluated.stdout)
    expect(Math.abs(loss - Number(/: ([\d.]+) nats/.exec(said!)![1]))).toBeLessThan(0.0006) // three decimals are shown
    // The command that the page names gives what the page gave, but for the last bits of floats.
    await page.getByText('The same on the command line').click()
    const command = await page.locator('.search-more pre').textContent()
    expect(command).toContain(` --arithmetic ${integers === 'float32' ? 'float32' : 'int8'} `)
    const words = command!.replace('data/tinyshakespeare/input.txt', shakespeare).split(' ')
    const same = join(folder, 'node.slt.safetensors')
    const isPossible = integers === 'float32' || hasExactIntegers
    expect(slt(...words.slice(1), '--out', same).code === 0).toBe(isPossible)
    if (isPossible) {
      const ofNode = slt('eval', same, '--data', shakespeare, ...windows)
      expect(Math.abs(JSON.parse(ofNode.stdout).loss - loss)).toBeLessThan(0.02)
    }

    const generated = slt('generate', ticket, '--prompt', 'ROMEO:', '--count', '40')
    expect(generated.code).toBe(0)
    expect(generated.stdout.length).toBeGreaterThan(20)
    expect(errors).toEqual([])
    await page.close()
  })

  test('"Run it" opens the ticket in the run view, where it writes; the search is still there', async () => {
    const [page, errors] = await open(`${SMALL}&steps=60&algorithm=annealed`)
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Finished/)
      .waitFor()
    await button(page, 'Run it').click()
    await page.getByRole('heading', { level: 1, name: 'Run a ticket' }).waitFor()
    await page.getByText('search (annealed), 60 steps').waitFor()
    await button(page, 'Write').click()
    await page.getByText(/^200 tokens, \d+(\.\d)? a second$/).waitFor()
    expect((await page.getByLabel('What the ticket writes').textContent())!.length).toBeGreaterThan(100)
    await page.getByRole('navigation').getByRole('link', { name: 'Search live' }).click()
    await status(page)
      .getByText(/^Finished: step 60 of 60$/)
      .waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('settings are locked; it pauses, shows another matrix, continues, stops, keeps its ticket; then settings can be changed', async () => {
    const [page, errors] = await open(`${SMALL}&steps=20000`)
    const steps = page.getByRole('textbox', { name: 'Steps' })
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Searching: step [1-9]/)
      .waitFor()
    expect(await steps.isDisabled()).toBe(true)
    await button(page, 'Pause').click()
    await status(page)
      .getByText(/^Paused/)
      .waitFor()
    const held = await status(page).textContent()

    // What the worker is asked for comes after all of its steps: none was taken since.
    await page.getByLabel('Matrix').selectOption('h.0.attn.q')
    await page.getByText(/^308 of 1,024 kept/).waitFor()
    expect(await status(page).textContent()).toBe(held)

    await button(page, 'Continue').click()
    await page.waitForFunction((text) => document.querySelector('.search-lane label')?.textContent !== text, held)
    await status(page)
      .getByText(/^Searching/)
      .waitFor()
    for (const when of ['running', 'stopped']) {
      if (when === 'stopped') {
        await button(page, 'Stop').click()
        await status(page)
          .getByText(/^Stopped: step/)
          .waitFor()
      }
      const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download the ticket').click()])
      const ticket = join(folder, `${when}.slt.safetensors`)
      await save(download, ticket)
      expect(slt('verify', ticket).code, when).toBe(0)
    }

    await button(page, 'Change the settings').click()
    await button(page, 'Start the search').waitFor()
    expect(await steps.isDisabled()).toBe(false)
    expect(errors).toEqual([])
    await page.close()
  })

  test('two searches side by side, and the note in other views; closing warns', async () => {
    const [page, errors] = await open(`${SMALL}&steps=20000&qk=both&scale=4`)
    await button(page, 'Start the search').click()
    for (const name of ['Without QK scaling', 'Queries and keys times 4']) {
      await page
        .getByRole('region', { name })
        .getByText(/^Searching: step [1-9]/)
        .waitFor()
    }
    expect(await page.locator('.search-facts', { hasText: / on (one thread|\d threads) each\./ }).count()).toBe(2)
    await page.getByRole('navigation').getByRole('link', { name: 'Prune a head' }).click()
    const note = page.getByText(/A search is running: step [\d,]+ of 20,000/)
    await note.waitFor()
    const before = await note.textContent()
    await page.waitForFunction((text) => document.querySelector('.background-note')?.textContent !== text, before)
    await note.getByRole('link').click()
    await page
      .getByRole('region', { name: 'Without QK scaling' })
      .getByText(/^Searching/)
      .waitFor()

    await warns(page)
    await button(page, 'Discard').click()
    await button(page, 'Forget').click()
    await page
      .getByRole('region', { name: 'Without QK scaling' })
      .getByText(/^Not started/)
      .waitFor()
    expect(errors).toEqual([])
    await page.reload() // which nothing holds now
    await button(page, 'Start the search').waitFor()
    await page.close()
  })

  test('closing warns of a ticket that nobody has downloaded', async () => {
    const [page, errors] = await open(`${SMALL}&steps=10`)
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Finished/)
      .waitFor()
    await warns(page)
    await Promise.all([page.waitForEvent('download'), button(page, 'Download the ticket').click()])
    await page.getByText('Its ticket is downloaded.').waitFor()
    expect(errors).toEqual([])
    await page.reload() // which nothing holds now
    await button(page, 'Start the search').waitFor()
    await page.close()
  })

  test("a text of one's own: pasted too short, dropped, and what it learns", async () => {
    const [page, errors] = await open(`${SMALL}&steps=40&text=own`)
    await button(page, 'Start the search').click()
    await page.getByText('There is no text yet: paste one, or drop a file.').waitFor()
    await page.getByLabel('Your text').fill('To be, or not to be.')
    await button(page, 'Start the search').click()
    await page.getByText(/The text has 20 bytes; a context of 32 needs at least 330/).waitFor()

    const words = 'the cat sat on the mat and saw the rat. '.repeat(50)
    const transfer = await page.evaluateHandle((content) => {
      const data = new DataTransfer()
      data.items.add(new File([content], 'cat.txt', { type: 'text/plain' }))
      return data
    }, words)
    await page.locator('.search-text').dispatchEvent('drop', { dataTransfer: transfer })
    await page.getByText('cat.txt: 2,000 bytes').waitFor()
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Finished/)
      .waitFor()
    expect((await numbersOf(page, 'Loss of the search by step.')).at(-1)).toBeLessThan(3)
    expect(errors).toEqual([])
    await page.close()
  })

  test('without isolation: one thread, said so; without WebGPU: a sentence and a way on', async () => {
    const host = await serveSite({ headers: {} })
    const [page, errors] = await open(`${SMALL}&steps=20&device=wasm`, { url: host.url })
    await button(page, 'Start the search').click()
    await status(page)
      .getByText(/^Finished/)
      .waitFor()
    expect(await page.getByText(/on one thread, because the page is not isolated/).count()).toBeGreaterThan(0)
    expect(errors).toEqual([])
    await page.close()
    await host.close()

    const [other] = await open(`${SMALL}&steps=20&device=webgpu`)
    await button(other, 'Start the search').click()
    await other
      .getByRole('alert')
      .getByText(/WebGPU cannot be used: .+ WebAssembly works everywhere/)
      .waitFor()
    await button(other, 'Change the settings').click()
    await button(other, 'Start the search').waitFor()
    await other.close()
  })

  test('axe-core finds nothing serious while a search runs', async () => {
    const [page, errors] = await open(`${SMALL}&steps=20000&qk=both`, {
      viewport: { width: 1400, height: 900 },
    })
    await page.getByText('Model, learning and device').click()
    expect(await seriousViolations(page)).toEqual([])
    await button(page, 'Start the search').click()
    await page
      .getByText(/^Searching: step [1-9]/)
      .first()
      .waitFor()
    await button(page, 'Pause').click()
    for (const width of [1400, 800, 360]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await seriousViolations(page), `at ${width}`).toEqual([])
      expect(await overflow(page), `at ${width}`).toBeLessThanOrEqual(0)
    }
    expect(errors).toEqual([])
    await page.close()
  })

  test('an address with what is no setting is told, and defaults are used', async () => {
    const [page] = await open('width=33&steps=-1')
    await page.getByText(/no setting here \(width=33, steps=-1\)/).waitFor()
    expect(await page.getByRole('textbox', { name: 'Steps' }).inputValue()).toBe('1000')
    await page.close()
  })
})

/** Waits until the page, closed, asks whether it may be; it stays. */
async function warns(page: Page): Promise<void> {
  const asked = page.waitForEvent('dialog')
  await page.evaluate(() => void setTimeout(() => location.reload(), 0))
  const dialog = await asked
  expect(dialog.type()).toBe('beforeunload')
  await dialog.dismiss()
}

/** The second column of a plot's table. */
async function numbersOf(page: Page, plot: string): Promise<number[]> {
  const group = page.getByRole('group', { name: plot })
  await group.getByText('Numbers').click()
  await group.locator('tbody tr').first().waitFor()
  const cells = await group.locator('tbody tr td:nth-child(2)').allTextContents()
  return cells.filter((text) => text !== '').map(Number)
}

async function save(download: Download, path: string): Promise<void> {
  await download.saveAs(path)
  expect((await readFile(path)).length).toBeGreaterThan(1000)
}
