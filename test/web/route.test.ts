import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** An address bar with a history, whose `hashchange` comes when the test says, as a browser's comes later than the new address. */
class AddressBar {
  readonly entries: string[]
  at = 0
  #listener = () => {}

  constructor(hash: string) {
    this.entries = [hash]
    const bar = this
    vi.stubGlobal('location', {
      get hash() {
        return bar.entries[bar.at]
      },
      get href() {
        return bar.entries[bar.at]
      },
    })
    vi.stubGlobal('history', {
      state: null,
      replaceState: (_state: unknown, _title: string, hash: string) => (this.entries[this.at] = hash),
      pushState: (_state: unknown, _title: string, hash: string) => this.follow(hash),
    })
    vi.stubGlobal('addEventListener', (_type: string, listener: () => void) => {
      this.#listener = listener
    })
  }

  follow(hash: string): void {
    this.entries.splice(++this.at, Infinity, hash)
  }

  back(): void {
    this.at--
  }

  hashchange(): void {
    this.#listener()
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.resetModules()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a change of parameters is written into the address, soon', async () => {
  const bar = new AddressBar('#prune')
  const { rememberParameters } = await import('../../web/src/route.js')
  rememberParameters('prune', new URLSearchParams('d=4'))
  rememberParameters('prune', new URLSearchParams('d=5'))
  vi.runAllTimers()
  expect(bar.entries).toEqual(['#prune?d=5'])
})

test('a change that waits is not written over the entry to which the back button or a link has led', async () => {
  const bar = new AddressBar('#prune?d=4')
  const { rememberParameters, route } = await import('../../web/src/route.js')
  bar.follow('#prune?d=2&n=31')
  bar.hashchange()
  rememberParameters('prune', new URLSearchParams('d=2'))
  bar.back()
  vi.runAllTimers() // between the new address and its event
  expect(bar.entries).toEqual(['#prune?d=4', '#prune?d=2&n=31'])
  bar.hashchange()
  expect(route.value.parameters.get('d')).toBe('4')

  rememberParameters('prune', new URLSearchParams('d=6'))
  bar.follow('#search')
  vi.runAllTimers()
  bar.hashchange()
  expect(bar.entries).toEqual(['#prune?d=4', '#search'])
  expect(route.value.view).toBe('search')
})
