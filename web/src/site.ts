/**
 * The folder that the site lies in, for the page and its workers alike: built workers lie one folder deeper, in assets/.
 * Where the site is served from does not matter.
 */
export const siteRoot = new URL(
  typeof document === 'undefined' ? (import.meta.env.DEV ? '/' : '..') : '.',
  typeof document === 'undefined' ? self.location.href : document.baseURI,
)

/** Address of a file that keeps its name, such as `data/gpt-nano-sort/config.json`. */
export const siteFile = (path: string): string => new URL(path, siteRoot).href

/**
 * Fetches a file of the site.
 * @param path such as `data/tinyshakespeare/input.txt`
 * @throws Error in a plain sentence when it cannot be had
 */
export async function fetchSiteFile(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(siteFile(path), signal ? { signal } : {})
  if (!response.ok) throw new Error(`${path} could not be loaded: the server answered ${response.status}.`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Whether `slt serve` gave this page; it marks the head. */
export const isServed = (): boolean => document.querySelector('meta[name="slt-serve"]') !== null
