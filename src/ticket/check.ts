/** Checks of single values that come from a file: nothing is taken for granted. */
import { quoted } from '../safetensors/strict-json.js'

/** Throws unless `value` is a safe integer in low..high (inclusive). */
export function assertInteger(name: string, value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (typeof value !== 'number') throw new TypeError(`${name} expected an integer, got ${typeof value}`)
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `from ${low} to ${high}`
    throw new RangeError(`${name} expected an integer ${range}, got ${value}`)
  }
}

/** Throws unless `value` is one of some words. */
export function assertOneOf(name: string, value: unknown, words: readonly unknown[]): void {
  if (!words.includes(value)) throw new RangeError(`${name} expected ${words.join(', ')}, got ${quoted(value)}`)
}

/** Throws when a value is there twice. */
export function assertDistinct(what: string, values: readonly (string | number)[]): void {
  const seen = new Set<string | number>()
  for (const value of values) {
    if (seen.has(value)) throw new RangeError(`${what} "${value}" is used twice`)
    seen.add(value)
  }
}

/** Whether two shapes are the same; the first may be anything. */
export function sameShape(shape: unknown, expected: readonly number[]): boolean {
  return Array.isArray(shape) && shape.length === expected.length && expected.every((size, i) => shape[i] === size)
}

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
