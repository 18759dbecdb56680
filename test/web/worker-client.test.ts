import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchErrors } from './accessible.js'
import { launchBrowser, noBrowser } from './browser.js'
import type {} from './pages/engine.js'
import { type Served, servePage } from './site.js'

describe.skipIf(noBrowser)('a worker of a page', () => {
  let served: Served
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    served = await servePage('engine')
    browser = await launchBrowser()
    page = await browser.newPage()
    errors = watchErrors(page)
    await page.goto(served.url)
    await page.waitForFunction(() => 'client' in globalThis)
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  test('answers, and reports on the way in order', async () => {
    const found = await page.evaluate(async () => {
      const reports: number[] = []
      const answer = await globalThis.client.call('count', { to: 50 }, { onReport: (each) => reports.push(each) })
      return { answer, reports }
    })
    expect(found).toEqual({ answer: 50, reports: Array.from({ length: 50 }, (_, i) => i + 1) })
  })

  test('stops soon after it is cancelled, and goes on answering', async () => {
    const found = await page.evaluate(async () => {
      const controller = new AbortController()
      let reached = 0
      const onReport = (each: number) => {
        reached = each
        if (each === 10) controller.abort()
      }
      const { signal } = controller
      const error = await globalThis.client.call('count', { to: 1e9 }, { signal, onReport }).catch(({ name }) => name)
      return { error, reached, next: await globalThis.client.call('count', { to: 3 }) }
    })
    expect(found).toEqual({ error: 'AbortError', reached: 10, next: 3 })
  })

  test('a cancelled signal starts nothing', async () => {
    const found = await page.evaluate(() =>
      globalThis.client.call('count', { to: 3 }, { signal: AbortSignal.abort() }).catch(({ name }) => name),
    )
    expect(found).toBe('AbortError')
  })

  test('of calls that replace each other, the last is answered', async () => {
    const found = await page.evaluate(() =>
      Promise.all(
        [1e9, 2e9, 30].map((to) => globalThis.client.latest('count', { to }).catch(({ name }) => name as string)),
      ),
    )
    expect(found).toEqual(['AbortError', 'AbortError', 30])
  })

  test('an error is a plain sentence', async () => {
    const found = await page.evaluate(() => globalThis.client.call('refuse', undefined).catch(({ message }) => message))
    expect(found).toBe('a.safetensors: not a ticket: it has 3 bytes.')
  })

  test('one that does not listen is stopped, and the next call starts another', async () => {
    const found = await page.evaluate(async () => {
      const { client } = globalThis
      const deaf = await client.call('deaf', undefined, { onReport: () => client.stop() }).catch(({ name }) => name)
      return { deaf, next: await globalThis.client.call('count', { to: 2 }) }
    })
    expect(found).toEqual({ deaf: 'AbortError', next: 2 })
  })

  test('one that dies is told as such, and the next call starts another', async () => {
    const found = await page.evaluate(async () => {
      const { client } = globalThis
      const others = [client.call('die', undefined), client.call('count', { to: 1e9 })]
      const said = await Promise.all(others.map((call) => call.catch(({ message }) => message as string)))
      return { said, next: await client.call('count', { to: 2 }) }
    })
    const dead = expect.stringMatching('^The part of the page that computes has ended before its work was done')
    expect(found).toEqual({ said: [dead, dead], next: 2 })
  })

  test('nothing was logged as an error', () => expect(errors).toEqual([]))
})
