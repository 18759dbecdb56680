import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chooseModel } from '../../src/search/models.js'
import { expectAccessible, watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { pressAtOnce } from './press.js'
import { randomTicket } from './run-tickets.js'
import { type Served, serveSite } from './site.js'

declare global {
  var wasSolving: boolean
}

const sorterFile = 'examples/sorter-qr/sorter.slt.safetensors'
const severalFile = 'test/vectors/tickets/packed-several.slt.safetensors'

describe.skipIf(noBrowser)('the view #run', () => {
  let folder: string
  let served: Served
  let browser: Browser
  let story: Uint8Array

  const open = async (
    hash = '#run',
    options: Parameters<Browser['newPage']>[0] = {},
    atFirst = () => {},
  ): Promise<[Page, string[]]> => {
    const page = await browser.newPage(options)
    const errors = watchErrors(page)
    await page.addInitScript(atFirst)
    await page.goto(served.url + hash)
    return [page, errors]
  }
  const ready = (page: Page) => page.getByText('Ready.').waitFor()
  const choose = (page: Page, name: string, bytes: Uint8Array) =>
    page.locator('input[type=file]').setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) })
  const answer = (page: Page) => page.locator('output.ticket-answer')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slt-run-'))
    story = randomTicket(chooseModel({ model: 'micro', layers: 2, context: 64 }, 256))
    for (const path of ['data/tickets/play', 'api/files']) await mkdir(join(folder, path), { recursive: true })
    await writeFile(join(folder, 'data/tickets/play/play.slt.safetensors'), story)
    await writeFile(join(folder, 'api/files/abc123'), await readFile(sorterFile))
    await writeFile(join(folder, 'api/files/several'), await readFile(severalFile))
    served = await serveSite({ folders: [folder] })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('sorts before anything is set, then what is typed, then all lists', async () => {
    const [page, errors] = await open()
    await ready(page)
    await page.getByText('✓ sorted').waitFor()
    expect(await answer(page).textContent()).toBe('AABBCC✓ sorted')
    const letters = page.getByLabel('6 letters from A to C')
    await letters.fill('ccacba')
    await page.waitForFunction(() => document.querySelector('.ticket-answer')?.textContent?.startsWith('AABCCC'))
    await page.waitForFunction(() => location.hash.includes('list=CCACBA'))
    await letters.fill('CCX')
    await page.getByText('Expected 6 letters from A to C.').waitFor()
    await page.getByRole('button', { name: 'Check all 729 lists' }).click()
    await page.getByText('729 of 729 lists sorted.').waitFor()
    expect(await page.getByText('1,320 random weights grew from the seed in').count()).toBe(1)
    expect(errors).toEqual([])
    await page.close()
  })

  test('a story ticket writes: the same seed the same text, stopped half way, attention by keyboard', async () => {
    const [page, errors] = await open('#run?example=play&count=40')
    await ready(page)
    await page.getByLabel('Prompt').fill('To be')
    const write = page.getByRole('button', { name: 'Write', exact: true })
    const text = page.getByLabel('What the ticket writes')
    const writeAll = async () => {
      await write.click()
      await page.getByText(/^40 tokens, \d+(\.\d)? a second$/).waitFor()
      await write.waitFor()
      return text.textContent()
    }
    const first = await writeAll()
    expect(first).toMatch(/^To be/)
    expect(first!.length).toBeGreaterThan(20)
    expect(await writeAll()).toBe(first)
    await page.getByLabel('Seed of the draws').fill('1')
    expect(await writeAll()).not.toBe(first)

    const matrix = page.getByLabel(/^Attention of layer 1, head 1/)
    await matrix.focus()
    await page.keyboard.press('End')
    await page.keyboard.press('PageDown')
    await page.getByText(/takes [\d.]+ % from/).waitFor()
    await page.getByRole('button', { name: 'Layer 2, head 2' }).click()
    await page.getByLabel(/^Attention of layer 2, head 2/).waitFor()

    await page.getByLabel('Length').fill('2000')
    const stopped = pressAtOnce(page, '.ticket-try', 'Stop', '.ticket-text')
    await write.click()
    await stopped
    await write.waitFor()
    expect((await text.textContent())!.length).toBeLessThan(1000)
    expect(errors).toEqual([])
    await page.close()
  })

  test('masks: a click shows one bit by bit, closer and moved', async () => {
    const [page, errors] = await open()
    await ready(page)
    await page.getByRole('button', { name: 'queries 50 %' }).click()
    await page.getByRole('heading', { name: 'Layer 1, queries' }).waitFor()
    await page.getByText('rows 1–12 of 12, columns 1–12 of 12').waitFor()
    await page.getByRole('button', { name: 'Closer' }).click()
    await page.getByText('rows 3–10 of 12, columns 3–10 of 12').waitFor()
    await page.getByRole('button', { name: 'Down', exact: true }).click()
    await page.getByText('rows 5–12 of 12, columns 3–10 of 12').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('a ticket goes round as a link and as the digits of its QR code', async () => {
    const [page, errors] = await open()
    await ready(page)
    await page.getByRole('button', { name: 'As a link or a QR code' }).click()
    const link = await page.getByLabel(/The link holds the whole ticket/).inputValue()
    expect(link).toMatch(/#ticket=[\w-]{400,}$/)
    await page.locator('img.ticket-qr').waitFor()
    const [linked, linkErrors] = await open(link.slice(link.indexOf('#')))
    await ready(linked)
    await linked.getByText('✓ sorted').waitFor()
    const sha = await page.locator('.ticket-hash').textContent()
    expect(await linked.locator('.ticket-hash').textContent()).toBe(sha)

    await linked.getByLabel(/A link to a ticket/).fill('what is this')
    await linked.getByRole('button', { name: 'Open', exact: true }).click()
    await linked
      .getByText('Expected a link with #ticket=…, the digits of a QR code, or the address of a ticket file.')
      .waitFor()
    const { digits } = await import('../../src/ticket/ticket-text.js').then(({ readTicketText, ticketDigits }) =>
      ticketDigits(readTicketText('link', link)),
    )
    await linked.getByLabel(/A link to a ticket/).fill(digits)
    await linked.getByRole('button', { name: 'Open', exact: true }).click()
    await linked.waitForFunction(() => location.hash.includes('ticket10='))
    await ready(linked)
    expect(await linked.locator('.ticket-hash').textContent()).toBe(sha)
    expect([...errors, ...linkErrors]).toEqual([])
    await page.close()
    await linked.close()
  })

  test('a file of slt serve, a chosen one, a dropped one', async () => {
    const [page, errors] = await open('#run?file=abc123')
    await ready(page)
    await page.getByText('✓ sorted').waitFor()
    await choose(page, 'story.slt.safetensors', story)
    await page.getByRole('heading', { name: 'Let it write' }).waitFor()
    await ready(page)
    const bytes = Array.from(await readFile(sorterFile))
    await page.evaluate((bytes) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(bytes)], 'sorter.slt.safetensors'))
      document.querySelector('main')!.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }))
    }, bytes)
    await page.getByRole('heading', { name: 'Let it sort' }).waitFor()
    await ready(page)
    expect(errors).toEqual([])
    await page.close()
  })

  test('of a file with several masks the first is shown; another is chosen, which the address names, and runs', async () => {
    const [page, errors] = await open('#run?file=several&count=20')
    const choice = page.getByLabel('One of 2 masks over the same random weights')
    const text = page.getByLabel('What the ticket writes')
    const shown = async (name: string, kept: string) => {
      await page.getByText(`${name}, one of 2 in this file`).waitFor()
      await ready(page)
      expect(await choice.inputValue()).toBe(name)
      expect(await choice.locator('option').allTextContents()).toEqual(['plays: keeps 27.1 %', 'lists: keeps 19.6 %'])
      expect(await page.getByText(kept).count()).toBe(1)
      await page.getByRole('button', { name: 'Write', exact: true }).click()
      await page.getByText(/^20 tokens, /).waitFor()
      return text.textContent()
    }
    const plays = await shown('plays', '4,571 of 16,896 random weights (27.1 %)')
    await choice.selectOption('lists')
    const lists = await shown('lists', '3,317 of 16,896 random weights (19.6 %)')
    expect(lists).not.toBe(plays)
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY')
    await page.waitForFunction(() => location.hash.includes('mask=lists'))

    // A link to a mask opens it; the back button leads to the first one again.
    await page.goBack()
    expect(await shown('plays', '4,571 of 16,896 random weights (27.1 %)')).toBe(plays)
    await page.goForward()
    expect(await shown('lists', '3,317 of 16,896 random weights (19.6 %)')).toBe(lists)

    // A file that no address names begins with its first mask, whatever was chosen before, and changes likewise.
    await choose(page, 'several.safetensors', await readFile(severalFile))
    expect(await shown('plays', '4,571 of 16,896 random weights (27.1 %)')).toBe(plays)
    await choice.selectOption('lists')
    expect(await shown('lists', '3,317 of 16,896 random weights (19.6 %)')).toBe(lists)
    expect(await page.evaluate(() => location.hash)).not.toContain('mask=')
    await page.getByRole('button', { name: 'As a link or a QR code' }).click()
    await page
      .getByRole('alert')
      .getByText(/holds 2 masks \(plays, lists\): a text has room for one/)
      .waitFor()

    await page.goto(`${served.url}#run?file=several&mask=poems`)
    await page
      .getByRole('alert')
      .getByText(/"mask" expected plays, lists, got "poems"/)
      .waitFor()
    await choose(page, 'sorter.safetensors', await readFile(sorterFile))
    await ready(page)
    expect(await choice.count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  })

  test('a trained sorter is pruned in the page, and sorts', async () => {
    const [page, errors] = await open('#run?example=pruned', {}, () => {
      globalThis.wasSolving = false
      new MutationObserver(() => {
        const shown = document.querySelector('body')?.textContent
        globalThis.wasSolving ||= shown?.includes('Solving a subset sum for every weight') === true
      }).observe(document, { childList: true, subtree: true, characterData: true })
    })
    await ready(page)
    expect(await page.evaluate(() => globalThis.wasSolving)).toBe(true)
    await page.getByText('✓ sorted').waitFor()
    expect(await page.getByText('random weights of the second matrices').count()).toBe(1)
    expect(errors).toEqual([])
    await page.close()
  })

  test('torn, foreign and hostile files each get a sentence, and the page goes on', async () => {
    const [page, errors] = await open('#run?example=none')
    const sorter = await readFile(sorterFile)
    const flipped = Uint8Array.from(sorter)
    flipped[flipped.length - 1] ^= 1
    const hostile = new Uint8Array(64)
    new DataView(hostile.buffer).setBigUint64(0, 2n ** 62n, true)
    for (const [name, bytes, sentence] of [
      ['torn.safetensors', sorter.subarray(0, 1500), /This ticket is damaged or cut short\. torn\.safetensors: /],
      ['flipped.safetensors', flipped, /This ticket is damaged or cut short\. flipped\.safetensors: wrong hash/],
      [
        'picture.safetensors',
        new TextEncoder().encode('<svg onload=alert(1)>'.repeat(20)),
        /This is not a ticket\. picture\.safetensors: /,
      ],
      ['hostile.safetensors', hostile, /This is not a ticket\. hostile\.safetensors: /],
      ['empty.safetensors', new Uint8Array(0), /This is not a ticket\. empty\.safetensors: /],
    ] as const) {
      await choose(page, name, bytes)
      const alert = page.getByRole('alert').filter({ hasText: sentence })
      await alert.waitFor()
      expect(await alert.textContent()).toMatch(/Open another ticket, or one of the examples above\.$/)
    }
    await page.goto(`${served.url}#run?ticket=AAAA`)
    await page.getByRole('alert').filter({ hasText: 'the link' }).waitFor()
    await page.getByRole('button', { name: /A sorter that fits in a QR code/ }).click()
    await ready(page)
    await page.getByText('✓ sorted').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('what could not be fetched is asked for again with the next ticket; another server is refused truly', async () => {
    const page = await browser.newPage()
    let offline = true
    await page.route(/kernels-.*\.wasm/, (route) => (offline ? route.abort() : route.continue()))
    await page.goto(`${served.url}#run?example=none`)
    const sorter = page.getByRole('button', { name: /A sorter that fits in a QR code/ })
    await sorter.click()
    await page
      .getByRole('alert')
      .getByText(/A file could not be fetched/)
      .waitFor()
    offline = false
    await choose(page, 'again.safetensors', await readFile(sorterFile))
    await ready(page)
    expect(await page.getByRole('alert').count()).toBe(0)

    await page.getByLabel('A link to a ticket').fill('http://127.0.0.1:1/100%.slt.safetensors')
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page
      .getByRole('alert')
      .getByText(/127\.0\.0\.1:1 could not be read from here: .* Download the file and choose it instead\./)
      .waitFor()
    await page.close()
  })

  test('no WebGPU, no isolation, offline: a sentence and a way on', async () => {
    const bare = await serveSite({ headers: {}, folders: [folder] })
    const page = await browser.newPage()
    await page.goto(`${bare.url}#run?device=webgpu`)
    await page.getByRole('alert').filter({ hasText: 'WebGPU cannot be used' }).waitFor()
    await page.getByRole('button', { name: 'Go on with WebAssembly' }).click()
    await ready(page)
    expect(await page.getByText(/on one thread, because the page is not isolated/).count()).toBe(1)
    await page.getByText('✓ sorted').waitFor()

    await page.context().setOffline(true)
    await page.getByRole('button', { name: /A playwright/ }).click()
    await page.getByRole('alert').filter({ hasText: 'you seem to be offline' }).waitFor()
    await page.context().setOffline(false)
    await page.getByRole('button', { name: /A playwright/ }).click()
    await ready(page)
    await page.close()
    await bare.close()
  })

  test('axe-core finds nothing serious, nothing is too wide', async () => {
    for (const [hash, widths] of [
      ['#run', [1400, 360]],
      ['#run?example=play', [820]],
    ] as const) {
      const [page, errors] = await open(hash)
      await ready(page)
      await page.getByRole('button', { name: 'As a link or a QR code' }).click()
      await page.getByLabel(/The link holds the whole ticket/).waitFor()
      await expectAccessible(page, widths, hash)
      expect(errors).toEqual([])
      await page.close()
    }
  })
})
