import type { BaseConfig } from '../families/config.js'
import { quoted } from '../safetensors/strict-json.js'
import { assertDistinct, assertInteger, assertOneOf, isRecord, sameShape } from './check.js'
import { attentionConstructions, type Construction, denseKinds } from './construction.js'
import { assertConfig, assertDense, assertModelProbe, assertProbe, assertSeed } from './fields.js'
import type { PrunedMetadata } from './format.js'
import { assertPairReport, assertPairSpec } from './pair.js'
import { keptDense, plannedPairs } from './planned-pairs.js'

/** Checks the metadata of a pruned ticket. */
export function assertPrunedMetadata(metadata: PrunedMetadata): void {
  const { seed, kind, config, pairs, dense, reports, probe } = metadata
  assertSeed(seed)
  assertConstruction(metadata)
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
  if (kind === 'pruned') assertModel(metadata)
  else if (config !== null) throw new TypeError('"config" expected null for loose pairs')
}

/** A configuration is sound, and the pairs and dense tensors are exactly those that it asks for. */
function assertModel(metadata: PrunedMetadata): void {
  const { version, config, construction, pairs, dense, probe } = metadata
  assertConfig(config)
  assertPairs(config, construction, pairs)
  if (version === '3') assertItemsPer(metadata)
  if (probe !== null) assertModelProbe(probe, config)
  const kept = new Map(dense.map((spec) => [spec.name, spec]))
  const expected = keptDense(config, construction)
  // Versions 1 and 2 let further tensors be.
  if (version === '3' && dense.length !== expected.length) {
    throw new RangeError(`"dense" expected ${expected.length} tensors for the construction, got ${dense.length}`)
  }
  for (const { name, shape } of expected) {
    const spec = kept.get(name)
    if (!spec) throw new RangeError(`dense tensor "${name}" is missing`)
    if (!sameShape(spec.shape, shape)) {
      throw new RangeError(`dense tensor "${name}" expected the shape [${shape}], got [${spec.shape}]`)
    }
  }
}

function assertPairs(config: BaseConfig, construction: Construction, pairs: PrunedMetadata['pairs']): void {
  const planned = plannedPairs(config, construction, pairs.length)
  if (pairs.length !== planned.length)
    throw new RangeError(`"pairs" expected ${planned.length} for the configuration, got ${pairs.length}`)
  const found = new Map(pairs.map((pair) => [pair.name, pair]))
  for (const { name, inputs, outputs } of planned) {
    const pair = found.get(name)
    if (!pair) throw new RangeError(`pair "${name}" is missing`)
    if (pair.inputs !== inputs || pair.outputs !== outputs) {
      throw new RangeError(`pair "${name}" expected ${inputs} x ${outputs}, got ${pair.inputs} x ${pair.outputs}`)
    }
    if (pair.activation !== 'linear') throw new RangeError(`pair "${name}" expected the activation linear`)
  }
}

function assertConstruction({ version, kind, construction }: PrunedMetadata): void {
  if (!isRecord(construction)) throw new TypeError('"construction" expected an object')
  const { items, scale, method, attention, dense, embeddingItems } = construction
  assertInteger('"construction.items"', items, 1)
  if (scale !== 'auto' && !(typeof scale === 'number' && scale > 0 && Number.isFinite(scale))) {
    throw new RangeError(`"construction.scale" expected auto or a finite number > 0, got ${quoted(scale)}`)
  }
  if (method !== 'plain' && method !== 'balanced') {
    throw new RangeError(`"construction.method" expected plain or balanced, got ${quoted(method)}`)
  }
  if (version !== '3' || kind === 'pruned-pairs') return
  assertOneOf('"construction.attention"', attention, attentionConstructions)
  assertOneOf('"construction.dense"', dense, denseKinds)
  if (embeddingItems !== undefined) assertInteger('"construction.embeddingItems"', embeddingItems, 1)
}

/** Where each matrix has its own number of products a weight, none has more than the construction says. */
function assertItemsPer({ construction: { items, embeddingItems, itemsPer }, pairs }: PrunedMetadata): void {
  if (itemsPer === undefined) return
  assertOneOf('"construction.itemsPer"', itemsPer, ['matrix'])
  if (embeddingItems !== undefined) {
    throw new RangeError(`"construction.embeddingItems" expected null beside itemsPer, got ${embeddingItems}`)
  }
  const wrong = pairs.find(({ hidden, inputs }) => hidden % inputs !== 0 || hidden > items * inputs)
  if (wrong) {
    const { name, inputs, hidden } = wrong
    throw new RangeError(
      `pair "${name}" expected a multiple of ${inputs} hidden units, at most ${items * inputs}, got ${hidden}`,
    )
  }
}
