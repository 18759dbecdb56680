import type { Page } from 'playwright-core'

/** Waits until the page has fetched every view: it does so when it has nothing else to do, on a busy machine long after its network fell silent. */
export async function viewsFetched(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const fetched = performance.getEntriesByType('resource').map(({ name }) => name)
    const linked = [...document.querySelectorAll<HTMLLinkElement>('link[rel=modulepreload], link[rel=stylesheet]')]
    const isThere = (view: string) => fetched.some((name) => name.includes(`/assets/${view}-view-`))
    return ['prune', 'run', 'search', 'report'].every(isThere) && linked.every(({ href }) => fetched.includes(href))
  })
}
