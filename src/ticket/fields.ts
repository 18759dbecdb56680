/** Checks of metadata fields that every kind of ticket has. Values come from a file: nothing is taken for granted. */

import type { Gpt2Config } from '../families/gpt2/config.js'
import { seedWords } from '../random/index.js'
import { tensorBytes } from '../safetensors/dtype.js'
import { quoted } from '../safetensors/strict-json.js'
import { type DenseSpec, PROBE_LIMIT, type Probe } from './format.js'

/** Throws unless the seed is the decimal digits of an unsigned 64-bit integer, without leading zeros. */
export function assertSeed(seed: unknown): void {
  if (typeof seed !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(seed)) {
    throw new RangeError(`"seed" expected the decimal digits of an unsigned 64-bit integer, got ${quoted(seed)}`)
  }
  seedWords(BigInt(seed))
}

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

/** Throws unless a tensor kept dense has a sound name and shape. */
export function assertDense(spec: DenseSpec): void {
  if (!isRecord(spec)) throw new TypeError('"dense" expected objects with a name and a shape')
  if (typeof spec.name !== 'string' || !/^[\w.-]{1,200}$/.test(spec.name)) {
    throw new RangeError('"dense.name" expected 1 to 200 letters, digits, dots, dashes or underscores')
  }
  if (!Array.isArray(spec.shape) || spec.shape.length > 8 || Number.isNaN(tensorBytes('F32', spec.shape))) {
    throw new RangeError(`"dense.${spec.name}" expected a shape of integers >= 0, got ${quoted(spec.shape)}`)
  }
}

/** Throws unless a probe is sound in itself. */
export function assertProbe(probe: Probe): void {
  if (!isRecord(probe) || !Array.isArray(probe.tokens) || !Array.isArray(probe.logits)) {
    throw new TypeError('"probe" expected tokens, logits and a tolerance')
  }
  assertInteger('"probe.tokens" length', probe.tokens.length, 1, PROBE_LIMIT)
  assertInteger('"probe.logits" length', probe.logits.length, 1, PROBE_LIMIT)
  for (const token of probe.tokens) assertInteger('"probe.tokens"', token, 0)
  for (const value of [...probe.logits, probe.tolerance]) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new RangeError('"probe" expected finite numbers')
  }
  if (probe.tolerance <= 0) throw new RangeError(`"probe.tolerance" expected a number > 0, got ${probe.tolerance}`)
}

/** Throws unless a model can run a probe. */
export function assertModelProbe(probe: Probe, config: Gpt2Config): void {
  for (const token of probe.tokens) assertInteger('"probe.tokens"', token, 0, config.vocabulary - 1)
  if (probe.tokens.length > config.positions || probe.logits.length > config.vocabulary)
    throw new RangeError('"probe" expected no more tokens than positions and no more logits than the vocabulary')
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
