/**
 * Parses JSON of a file that somebody else may have written.
 * @param options.uniqueKeys refuse an object that has a key twice: JSON.parse keeps the last of the two silently, other readers
 *   the first, so that one file could mean two things
 * @throws SyntaxError whose message says what is wrong and where, in our words: `"NaN" at line 3, column 20 is not JSON; ...`
 */
export function parseJson(text: string, { uniqueKeys = false }: { readonly uniqueKeys?: boolean } = {}): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SyntaxError(whyNotJson(text))
  }
  const twice = uniqueKeys ? duplicateKey(text) : undefined
  if (twice !== undefined) throw new SyntaxError(`${quoted(twice)} is written twice`)
  return value
}

/** Words and signs of JSON, and white space between them; strings are skipped by their quotes. */
const token = /[{}[\],:]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])|(?:true|false|null)(?![\w.])|[ \t\n\r]+/y

/** What Python's json module writes for numbers that are not finite, and reads again. */
const pythonNumbers = ['NaN', 'Infinity', '-Infinity']

/** Why JSON.parse refuses a text: what stands where JSON has no such word, or that the text as a whole is none. */
function whyNotJson(text: string): string {
  if (text.trim() === '') return 'empty, which is not JSON'
  let at = 0
  while (at < text.length) {
    if (text.charCodeAt(at) === 0x22) {
      at = closingQuote(text, at) + 1
      continue
    }
    token.lastIndex = at
    if (!token.test(text)) break
    at = token.lastIndex
  }
  if (at >= text.length) return 'not JSON'
  const word = /^-?[\w.]+|^./su.exec(text.slice(at, at + 40))![0]
  const before = text.slice(0, at).split('\n')
  const place = `${quoted(word)} at line ${before.length}, column ${before[before.length - 1].length + 1} is not JSON`
  return pythonNumbers.includes(word) ? `${place}; Python writes it for a number that is not finite` : place
}

/**
 * The first key written twice in one object of a JSON text, or undefined.
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

/** The first three names of a list, quoted, and how many more there are. */
export function quotedList(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(quoted).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
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
