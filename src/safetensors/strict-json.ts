/**
 * The first key written twice in one object of a JSON text, or undefined. JSON.parse keeps the last of the two silently,
 * other readers the first, so that one file could mean two things.
 * @param text a text that JSON.parse accepts (not checked again); scanned in linear time, without recursion
 */
export function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let expectsKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        open.push(new Set())
        expectsKey = true
        break
      case 0x5b: // [
        open.push(undefined)
        expectsKey = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        expectsKey = false
        break
      case 0x2c: // ,
        expectsKey = open.at(-1) !== undefined
        break
      case 0x22: {
        const end = closingQuote(text, at)
        if (expectsKey) {
          const keys = open.at(-1)
          const key = JSON.parse(text.slice(at, end + 1)) as string
          if (keys?.has(key)) return key
          keys?.add(key)
          expectsKey = false
        }
        at = end
      }
    }
  }
  return undefined
}

/** Index of the quote that ends the string starting at `start`. */
function closingQuote(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at
}

/**
 * Bytes of memory that a byte of JSON may take once it is parsed: `{},` over and over takes 22 a byte in V8, a long list of
 * short keys 14, and the text itself up to 2.
 */
export const JSON_BYTES = 32

/** Objects and lists that may lie in one another; the metadata of safetensors needs three. */
export const JSON_DEPTH = 64

/**
 * Whether objects and lists of a JSON text lie in one another deeper than {@link JSON_DEPTH}. Checked before parsing: what walks
 * such a value keeps something of every level.
 */
export function isTooDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = closingQuote(text, at)
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > JSON_DEPTH) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}

/** A name from a file, fit for a one-line message: quoted, control characters escaped, cut at 80 characters. */
export function quoted(name: unknown): string {
  let text: string
  try {
    text = JSON.stringify(name) ?? String(name)
  } catch {
    text = '(nested too deeply to show)'
  }
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?')
}
