import { checkGpt2Config } from '../families/gpt2/config.js'
import { gpt2PairShapes } from '../families/gpt2/pair-names.js'
import { quoted } from '../safetensors/strict-json.js'
import {
  assertDense,
  assertDistinct,
  assertInteger,
  assertModelProbe,
  assertProbe,
  assertSeed,
  isRecord,
  sameShape,
} from './fields.js'
import { gpt2Dense, type PrunedMetadata } from './format.js'
import { assertPairReport, assertPairSpec } from './pair.js'

/** Checks the metadata of a pruned ticket, but for its version. */
export function assertPrunedMetadata(metadata: PrunedMetadata): void {
  const { seed, kind, config, construction, pairs, dense, reports, probe } = metadata
  assertSeed(seed)
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
  else if (config !== null) throw new TypeError('"config" expected null for loose pairs')
}

/** A configuration is sound, and the pairs and dense tensors are exactly those that it asks for. */
function assertGpt2({ config, pairs, dense, probe }: PrunedMetadata): void {
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
  if (probe !== null) assertModelProbe(probe, config)
  const kept = new Map(dense.map((spec) => [spec.name, spec]))
  for (const { name, shape } of gpt2Dense(config)) {
    const spec = kept.get(name)
    if (!spec) throw new RangeError(`dense tensor "${name}" is missing`)
    if (!sameShape(spec.shape, shape)) {
      throw new RangeError(`dense tensor "${name}" expected the shape [${shape}], got [${spec.shape}]`)
    }
  }
}

function assertConstruction(construction: PrunedMetadata['construction']): void {
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
