import { checkGpt2Config } from '../model/gpt2-config.js'
import { gpt2PairShapes } from '../model/gpt2-pair-names.js'
import { seedWords } from '../random/index.js'
import { tensorBytes } from '../safetensors/dtype.js'
import { quoted } from '../safetensors/strict-json.js'
import { type DenseSpec, FORMAT_VERSION, GENERATOR, gpt2Dense, PROBE_LIMIT, type TicketMetadata } from './format.js'
import { assertInteger, assertPairReport, assertPairSpec } from './pair.js'

/**
 * Reads the metadata text of a ticket and checks all of it.
 * @param text the string under `__metadata__`.`slt`
 * @throws SyntaxError when it is not JSON; TypeError or RangeError naming the field that is wrong
 */
export function parseMetadata(text: string): TicketMetadata {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new TypeError('"metadata" expected an object')
  if (value.version !== FORMAT_VERSION) {
    throw new RangeError(`ticket format version ${quoted(value.version)} is unknown (this program reads version "1")`)
  }
  const generator = value.generator
  if (!isRecord(generator) || generator.name !== GENERATOR.name || generator.version !== GENERATOR.version) {
    throw new RangeError(`generator ${quoted(generator)} is unknown (expected ${GENERATOR.name}, version 1)`)
  }
  const metadata = value as unknown as TicketMetadata
  assertMetadata(metadata)
  return metadata
}

/** Checks the metadata of a ticket, read or about to be written, but for its version. */
export function assertMetadata(metadata: TicketMetadata): void {
  const { seed, kind, config, construction, pairs, dense, reports, probe } = metadata
  if (typeof seed !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(seed)) {
    throw new RangeError(`"seed" expected the decimal digits of an unsigned 64-bit integer, got ${quoted(seed)}`)
  }
  seedWords(BigInt(seed))
  assertConstruction(construction)
  if (!Array.isArray(pairs) || !Array.isArray(dense) || !Array.isArray(reports)) {
    throw new TypeError('"pairs", "dense" and "reports" expected lists')
  }
  for (const pair of pairs) assertPairSpec(pair)
  assertDistinct(
    'stream',
    pairs.flatMap((pair) => [pair.first.stream, pair.second.stream]),
  )
  for (const spec of dense) assertDense(spec)
  assertDistinct(
    'name',
    [...pairs, ...dense].map(({ name }) => name),
  )
  if (reports.length !== pairs.length) {
    throw new RangeError(`"reports" expected one a pair (${pairs.length}), got ${reports.length}`)
  }
  for (const [i, report] of reports.entries()) assertPairReport(report, `reports.${pairs[i].name}`)
  if (probe !== null) assertProbe(probe)
  if (kind === 'pruned-gpt2') assertGpt2(metadata)
  else if (kind !== 'pruned-pairs')
    throw new RangeError(`"kind" expected pruned-gpt2 or pruned-pairs, got ${quoted(kind)}`)
  else if (config !== null) throw new TypeError('"config" expected null for loose pairs')
}

/** A configuration is sound, and the pairs and dense tensors are exactly those that it asks for. */
function assertGpt2({ config, pairs, dense, probe }: TicketMetadata): void {
  if (!isRecord(config)) throw new TypeError('"config" expected an object')
  checkGpt2Config(config)
  const count = config.layers * (2 * config.heads + 2) + (config.tiedHead ? 0 : 1)
  if (pairs.length !== count)
    throw new RangeError(`"pairs" expected ${count} for the configuration, got ${pairs.length}`)
  const found = new Map(pairs.map((pair) => [pair.name, pair]))
  for (const { name, inputs, outputs } of gpt2PairShapes(config)) {
    const pair = found.get(name)
    if (!pair) throw new RangeError(`pair "${name}" is missing`)
    if (pair.inputs !== inputs || pair.outputs !== outputs) {
      throw new RangeError(`pair "${name}" expected ${inputs} x ${outputs}, got ${pair.inputs} x ${pair.outputs}`)
    }
    if (pair.activation !== 'linear') throw new RangeError(`pair "${name}" expected the activation linear`)
  }
  if (probe !== null) {
    for (const token of probe.tokens) assertInteger('"probe.tokens"', token, 0, config.vocabulary - 1)
    if (probe.tokens.length > config.positions || probe.logits.length > config.vocabulary)
      throw new RangeError('"probe" expected no more tokens than positions and no more logits than the vocabulary')
  }
  const kept = new Map(dense.map((spec) => [spec.name, spec]))
  for (const { name, shape } of gpt2Dense(config)) {
    const spec = kept.get(name)
    if (!spec) throw new RangeError(`dense tensor "${name}" is missing`)
    if (spec.shape.length !== shape.length || spec.shape.some((size, i) => size !== shape[i])) {
      throw new RangeError(`dense tensor "${name}" expected the shape [${shape}], got [${spec.shape}]`)
    }
  }
}

function assertConstruction(construction: TicketMetadata['construction']): void {
  if (!isRecord(construction)) throw new TypeError('"construction" expected an object')
  const { items, scale, method } = construction
  assertInteger('"construction.items"', items, 1)
  if (scale !== 'auto' && !(typeof scale === 'number' && scale > 0 && Number.isFinite(scale))) {
    throw new RangeError(`"construction.scale" expected auto or a finite number > 0, got ${quoted(scale)}`)
  }
  if (method !== 'plain' && method !== 'balanced') {
    throw new RangeError(`"construction.method" expected plain or balanced, got ${quoted(method)}`)
  }
}

function assertDense(spec: DenseSpec): void {
  if (!isRecord(spec)) throw new TypeError('"dense" expected objects with a name and a shape')
  if (typeof spec.name !== 'string' || !/^[\w.-]{1,200}$/.test(spec.name)) {
    throw new RangeError('"dense.name" expected 1 to 200 letters, digits, dots, dashes or underscores')
  }
  if (!Array.isArray(spec.shape) || spec.shape.length > 8 || Number.isNaN(tensorBytes('F32', spec.shape))) {
    throw new RangeError(`"dense.${spec.name}" expected a shape of integers >= 0, got ${quoted(spec.shape)}`)
  }
}

function assertProbe(probe: NonNullable<TicketMetadata['probe']>): void {
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

function assertDistinct(what: string, values: readonly (string | number)[]): void {
  const seen = new Set<string | number>()
  for (const value of values) {
    if (seen.has(value)) throw new RangeError(`${what} "${value}" is used twice`)
    seen.add(value)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
