import { Option } from 'commander'

/**
 * Strict readers for the values of options: the whole text must be a number of the right kind. What they throw is a
 * RangeError, `"items" expected an integer >= 1, got 0`, and ends with exit code 1.
 */

/** A reader for integers in low..high (inclusive), in plain decimal digits. */
export function integer(name: string, low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value) || value < low || value > high) {
      const range = value > high ? `<= ${high}` : `>= ${low}`
      throw new RangeError(`"${name}" expected an integer ${range}, got ${shown(text)}`)
    }
    return value
  }
}

/** A reader for finite numbers > 0, optionally below a bound (exclusive). */
export function positive(name: string, below = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
    if (!(value > 0 && value < below)) {
      const range = below === Number.POSITIVE_INFINITY ? 'a number > 0' : `a number > 0 and < ${below}`
      throw new RangeError(`"${name}" expected ${range}, got ${shown(text)}`)
    }
    return value
  }
}

/** A reader for numbers from 0 to 1 (inclusive). */
export function share(name: string): (text: string) => number {
  return (text) => {
    const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
    if (!(value >= 0 && value <= 1)) throw new RangeError(`"${name}" expected a number from 0 to 1, got ${shown(text)}`)
    return value
  }
}

/** A reader for one of some words. */
export function oneOf<T extends string>(name: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new RangeError(`"${name}" expected ${words.join(', ')}, got ${shown(text)}`)
    return word
  }
}

/** A reader for one or more values with commas between. */
export function listOf<T>(name: string, read: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim())
    if (parts.includes('')) throw new RangeError(`"${name}" expected values with commas between, got ${shown(text)}`)
    return parts.map(read)
  }
}

/** The option `--seed <n>`. */
export function seedOption(description: string, otherwise: bigint): Option {
  return new Option('--seed <n>', description).argParser(readSeed).default(otherwise, String(otherwise))
}

/** Reads an unsigned 64-bit seed in decimal. */
export function readSeed(text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
  if (value < 0n || value >= 1n << 64n)
    throw new RangeError(`"seed" expected an integer from 0 to 2^64-1, got ${shown(text)}`)
  return value
}

/** Reads `auto` or a scale > 0. */
export function readScale(text: string): 'auto' | number {
  if (text === 'auto') return text
  try {
    return positive('scale')(text)
  } catch {
    throw new RangeError(`"scale" expected auto or a number > 0, got ${shown(text)}`)
  }
}

/** Reads token numbers: `2,1,0`. */
export function readTokens(text: string): number[] {
  const tokens = text.split(',').map((part) => (/^\s*\d{1,9}\s*$/.test(part) ? Number(part) : -1))
  if (tokens.some((token) => token < 0)) {
    throw new RangeError(`"tokens" expected integers >= 0 with commas between, or letters alone, got ${shown(text)}`)
  }
  return tokens
}

function shown(text: string): string {
  if (text === '') return 'nothing'
  const short = text.length > 40 ? `${text.slice(0, 37)}...` : text
  return /^[\x21-\x7e]+$/.test(short) ? short : JSON.stringify(short)
}

/** Any finite number in plain or scientific notation; its range is the settings' to check. */
export function number(name: string): (text: string) => number {
  return (text) => {
    const value = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
    if (!Number.isFinite(value)) throw new RangeError(`"${name}" expected a number, got ${text || 'nothing'}`)
    return value
  }
}
