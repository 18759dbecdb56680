/** Checks of metadata fields that every kind of ticket has. Values come from a file: nothing is taken for granted. */
import type { BaseConfig } from '../families/config.js'
import { familyOf } from '../families/family.js'
import { seedWords } from '../random/index.js'
import { tensorBytes } from '../safetensors/dtype.js'
import { quoted } from '../safetensors/strict-json.js'
import { assertInteger, isRecord } from './check.js'
import { type DenseSpec, PROBE_LIMIT, type Probe } from './head.js'

/** Throws unless the seed is the decimal digits of an unsigned 64-bit integer, without leading zeros. */
export function assertSeed(seed: unknown): void {
  if (typeof seed !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(seed)) {
    throw new RangeError(`"seed" expected the decimal digits of an unsigned 64-bit integer, got ${quoted(seed)}`)
  }
  seedWords(BigInt(seed))
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

/** Throws unless a configuration is one of a known family. What is wrong with that of a family other than the first names the family. */
export function assertConfig(config: BaseConfig | null): asserts config is BaseConfig {
  if (!isRecord(config)) throw new TypeError('"config" expected an object')
  const { title, check } = familyOf(config as unknown as BaseConfig)
  try {
    check(config as unknown as BaseConfig)
  } catch (error) {
    const { message } = error as Error
    if (config.family === undefined || !(error instanceof TypeError || error instanceof RangeError)) throw error
    const Kind = error instanceof TypeError ? TypeError : RangeError
    throw new Kind(`${message} (the ticket says that it is of a ${title})`)
  }
}

/** Throws unless a model can run a probe. */
export function assertModelProbe(probe: Probe, config: BaseConfig): void {
  for (const token of probe.tokens) assertInteger('"probe.tokens"', token, 0, config.vocabulary - 1)
  const [most, what] =
    familyOf(config).task === 'causal' ? [config.vocabulary, 'the vocabulary'] : [config.width, 'the width']
  if (probe.tokens.length > config.positions || probe.logits.length > most)
    throw new RangeError(`"probe" expected no more tokens than positions and no more logits than ${what}`)
}
