import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import { type Served, serveSite } from './site.js'

const sorterFile = 'examples/sorter-qr/sorter.slt.safetensors'
const LONG = { timeout: 90_000 }

describe.skipIf(noBrowser)('what the view #run says, and how it goes on', () => {
  let served: Served
  let browser: Browser
  const open = async (hash: string): Promise<[Page, string[]]> => {
    const page = await browser.newPage()
    page.setDefaultTimeout(LONG.timeout)
    const errors = watchErrors(page)
    await page.goto(served.url + hash)
    return [page, errors]
  }
  const ready = (page: Page) => page.getByText('Ready.').waitFor()
  const choose = (page: Page, name: string, bytes: Uint8Array) =>
    page.locator('input[type=file]').setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) })
  const example = (page: Page, name: RegExp) => page.getByRole('button', { name })
  /** Drops files at a place of the page. @returns whether the browser would have opened them itself */
  const drop = (page: Page, selector: string, files: readonly (readonly [string, Uint8Array, string?])[]) =>
    page.evaluate(
      ({ selector, files }) => {
        const data = new DataTransfer()
        for (const [name, bytes, type] of files) data.items.add(new File([Uint8Array.from(bytes)], name, { type }))
        const place = document.querySelector(selector)!
        const options = { dataTransfer: data, bubbles: true, cancelable: true }
        const isOverTaken = !place.dispatchEvent(new DragEvent('dragover', options))
        return !place.dispatchEvent(new DragEvent('drop', options)) && isOverTaken
      },
      { selector, files: files.map(([name, bytes, type = '']) => [name, Array.from(bytes), type] as const) },
    )

  beforeAll(async () => {
    served = await serveSite()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  test('a ticket dropped on another view is run, a text is for searches, anything else is refused in a sentence', async () => {
    const sorter = await readFile(sorterFile)
    const [page, errors] = await open('#prune')
    await page.getByRole('heading', { level: 1, name: 'Prune a head' }).waitFor()
    expect(await drop(page, 'h1', [['photo.png', Uint8Array.of(1, 2), 'image/png']])).toBe(true)
    await page.getByText('photo.png is neither a ticket (.safetensors) nor a text: nothing here opens it.').waitFor()
    expect(await drop(page, 'h1', [['figure-4.json', Uint8Array.of(123, 125), 'application/json']])).toBe(true)
    await page.getByText(/^figure-4\.json is opened in “Read the report”/).waitFor()
    const both = [['notes.txt', Uint8Array.of(97), 'text/plain'] as const, ['my.safetensors', sorter] as const]
    expect(await drop(page, '.site-header', both)).toBe(true)
    await page.getByRole('heading', { level: 1, name: 'Run a ticket' }).waitFor()
    await page.getByText('my.safetensors was taken. One file at a time is opened: 1 more was left.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await ready(page)
    expect(await page.evaluate(() => location.hash)).toBe('#run?example=none')

    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Prune a head' }).waitFor()
    const text = new TextEncoder().encode('to be or not to be, that is the question. '.repeat(200))
    expect(await drop(page, 'h1', [['hamlet.txt', text, 'text/plain']])).toBe(true)
    await page.getByRole('heading', { level: 1, name: 'Search live' }).waitFor()
    await page.getByText('hamlet.txt: 8,400 bytes').waitFor()
    expect(await drop(page, 'h1', [['other.txt', text.subarray(42), 'text/plain']])).toBe(true)
    await page.getByText('other.txt: 8,358 bytes').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  test('the back button leads to the ticket before; files are not kept', async () => {
    const [page, errors] = await open('#prune?n=9')
    await page.getByRole('navigation').getByRole('link', { name: 'Run a ticket' }).click()
    await page.getByText('✓ sorted').waitFor()
    await example(page, /^Ten letters/).click()
    await page.waitForFunction(() => location.hash === '#run?example=ten')
    await page.getByText('6 letters from A to J').waitFor()
    await choose(page, 'mine.slt.safetensors', await readFile(sorterFile))
    await page.waitForFunction(() => location.hash === '#run?example=none')
    await page.getByText('6 letters from A to C').waitFor()
    await ready(page)

    await page.goBack()
    await page.getByText('6 letters from A to J').waitFor()
    await page.goForward()
    await page.getByText('Files are not kept: drop yours again').waitFor()
    expect(await page.getByText('6 letters from A to J').count()).toBe(0)
    await page.reload()
    await page.getByText('Files are not kept: drop yours again').waitFor()
    await page.goBack()
    await page.getByText('6 letters from A to J').waitFor()
    await page.goBack()
    await page.getByText('6 letters from A to C').waitFor()
    expect(await page.evaluate(() => location.hash)).toBe('#run')
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Prune a head' }).waitFor()
    expect(await page.evaluate(() => location.hash)).toBe('#prune?n=9')
    expect(errors).toEqual([])
    await page.close()
  })

  test('after a network failure: Try again, which works; the focus stays with the buttons', async () => {
    const [page] = await open('#run?example=none')
    let offline = true
    await page.route(/kernels-.*\.wasm|ten-letters/, (route) => (offline ? route.abort() : route.continue()))
    const again = page.getByRole('button', { name: 'Try again' })
    for (const [name, letters] of [
      [/^A sorter that fits/, '6 letters from A to C'], // the kernels are missing
      [/^Ten letters/, '6 letters from A to J'], // the file is
    ] as const) {
      offline = true
      await example(page, name).click()
      await page
        .getByRole('alert')
        .getByText(/^A file could not be fetched/)
        .waitFor()
      offline = false
      await again.focus()
      await page.keyboard.press('Enter')
      await ready(page)
      await page.getByText(letters).waitFor()
      expect(await page.evaluate(() => document.activeElement?.className)).toBe('ticket-state')
    }
    await page.close()
  })

  test('Enter on Cancel leaves the focus on Try again', async () => {
    const [page, errors] = await open('#run?example=none')
    let letGo = () => {}
    const held = new Promise<void>((done) => {
      letGo = done
    })
    await page.route(/ten-letters/, async (route) => {
      await held
      await route.abort()
    })
    await example(page, /^Ten letters/).click()
    await page.getByRole('button', { name: 'Cancel' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Stopped.').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Try again')
    letGo()
    expect(errors).toEqual([])
    await page.close()
  })

  test('what is no ticket, or a damaged one, is called so before the detail', async () => {
    const [page, errors] = await open('#run?example=none')
    const sorter = await readFile(sorterFile)
    const refused = async (sentence: RegExp) => {
      await page.getByRole('alert').filter({ hasText: sentence }).waitFor()
    }
    await choose(page, 'notes.txt', new TextEncoder().encode('Shopping list: apples, pears'))
    await refused(/^This is not a ticket\. notes\.txt: not a safetensors file: it looks like a text/)
    await choose(page, 'cut.safetensors', sorter.subarray(0, sorter.length - 9))
    await refused(/^This ticket is damaged or cut short\. cut\.safetensors: .+/)
    const paste = async (text: string) => {
      await page.getByLabel(/A link to a ticket/).fill(text)
      await page.getByRole('button', { name: 'Open', exact: true }).click()
    }
    await paste('271828182845904523536028747135266249775724709369995')
    await refused(/^This is not a ticket\. the link: compact form \d+ is unknown/)

    await choose(page, 'sorter.safetensors', sorter)
    await ready(page)
    await page.getByRole('button', { name: 'As a link or a QR code' }).click()
    const link = await page.getByLabel(/The link holds the whole ticket/).inputValue()
    const at = link.length - 100
    await paste(link.slice(0, at) + (link[at] === 'A' ? 'B' : 'A') + link.slice(at + 1))
    await refused(/^This ticket is damaged or cut short\. the link: .+/)
    expect(errors).toEqual([])
    await page.close()
  })

  test('an id that slt serve cannot have given is refused in the page, without asking', async () => {
    const asked: string[] = []
    const page = await browser.newPage()
    page.setDefaultTimeout(LONG.timeout)
    const errors = watchErrors(page)
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${served.url}#run?file=../../etc/passwd`)
    await page.getByText('The address holds what is no value here').waitFor()
    await ready(page)
    expect(asked.filter((url) => url.includes('passwd') || url.includes('api/'))).toEqual([])
    expect(errors).toEqual([])
    await page.close()
  })

  test('matrices have plain names, rows whole numbers, attention its letters', async () => {
    const [page, errors] = await open('#run')
    await page.getByText('✓ sorted').waitFor()
    const tile = page.getByRole('button', { name: /^feed-forward in \d+ %$/ })
    expect(await tile.getAttribute('title')).toMatch(/^h\.0\.mlp\.c_fc: 12 by 24$/)
    await tile.click()
    await page.getByRole('heading', { name: 'Layer 1, feed-forward in' }).waitFor()
    await page.getByText('In the file it is h.0.mlp.c_fc.').waitFor()
    expect(await page.getByText(/differ ([\d.,]+ times )?as much as in a random mask\./).count()).toBe(2)
    await page.getByRole('button', { name: /^letter embedding \d+ %$/ }).click()
    await page.getByRole('heading', { name: 'Letter embedding' }).waitFor()
    const plot = page.getByRole('group', { name: /^The kept part of each row of letter embedding/ })
    // ticks below the axis: rows 1, 2, 3 and nothing between
    expect(await plot.locator('svg text[text-anchor=middle]').allTextContents()).toEqual(['1', '2', '3', 'row'])
    const columns = page.getByRole('group', { name: /^The kept part of each column/ })
    const ticks = (await columns.locator('svg text[text-anchor=middle]').allTextContents()).slice(0, -1).map(Number)
    expect(ticks.every((tick) => Number.isInteger(tick) && tick >= 1 && tick <= 12)).toBe(true)
    const letters = await page.locator('.ticket-attention .letters span').allTextContents()
    expect(letters.join('')).toBe('CBAABCAABBC')
    expect(errors).toEqual([])
    await page.close()
  })
})
