/** Graphs of a dense model that reads whole texts. */
import { createGraph, type Graph, gather, reshape, softmax, type Value } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { familyOf } from './family.js'
import { createTextPort } from './text-graph.js'
import type { WeightTensor } from './weights.js'

/** Shapes of the weights that a graph declares, by name: those of `joinedWeights`. */
export type DeclaredWeights = ReadonlyMap<string, Pick<WeightTensor, 'shape'>>

interface Text {
  readonly graph: Graph
  /** [N, d]: the body's hidden state. */
  readonly body: Value
  readonly port: ReturnType<typeof createTextPort>
}

function text(
  name: string,
  config: BaseConfig,
  weights: DeclaredWeights,
  { batch, length, whole }: { batch: number; length: number; whole?: boolean },
  observe?: (graph: Graph) => (name: string, value: Value) => Value,
): Text {
  const family = familyOf(config)
  const graph = createGraph(`${family.name}_${name}`)
  const isEncoder = family.task === 'encoder'
  const values = new Map<string, Value>()
  const port = createTextPort({
    batch,
    length,
    width: config.width,
    causal: !isEncoder,
    tokens: reshape(graph.input('tokens', 'int32', [batch, length]), [batch * length]),
    types: isEncoder ? reshape(graph.input('types', 'int32', [batch, length]), [batch * length]) : undefined,
    mask: isEncoder ? graph.input('mask', 'float32', [batch, length]) : undefined,
    weight(key) {
      const shape = weights.get(key)?.shape
      if (shape === undefined) return undefined
      const value = values.get(key) ?? graph.input(key, 'float32', shape)
      values.set(key, value)
      return value
    },
    whole,
    observe: observe?.(graph),
  })
  return { graph, port, body: family.body(port, config) }
}

/**
 * Inputs `tokens` [B, T] (int32; of an encoder `types` [B, T], int32, and `mask` [B, T], float32, too) and the weights by name; output
 * `logits` [N, V].
 */
export function logitsGraph(config: BaseConfig, weights: DeclaredWeights, batch: number, length: number): Graph {
  const { graph, port, body } = text('logits', config, weights, { batch, length })
  graph.output('logits', familyOf(config).head(port, config, body))
  return graph
}

/** The same inputs; output `hidden` [N, d], the body's hidden state. */
export function hiddenGraph(config: BaseConfig, weights: DeclaredWeights, batch: number, length: number): Graph {
  const { graph, body } = text('hidden', config, weights, { batch, length })
  graph.output('hidden', body)
  return graph
}

/** The same inputs; every intermediate value that the forward pass names, `logits` [N, V] and `probs`. */
export function traceGraph(config: BaseConfig, weights: DeclaredWeights, batch: number, length: number): Graph {
  const shape = { batch, length, whole: true }
  const { graph, port, body } = text('trace', config, weights, shape, (own) => (name, value) => own.output(name, value))
  const logits = graph.output('logits', familyOf(config).head(port, config, body))
  graph.output('probs', softmax(logits))
  return graph
}

/** The same inputs; outputs `h.L.attSm` [B, H, T, T], the attention probabilities of every block. */
export function attentionGraph(config: BaseConfig, weights: DeclaredWeights, batch: number, length: number): Graph {
  const shape = { batch, length, whole: true }
  const isSeen = (name: string) => name.endsWith('.attSm')
  return text(
    'attention',
    config,
    weights,
    shape,
    (own) => (name, value) => (isSeen(name) ? own.output(name, value) : value),
  ).graph
}

/** Names of a block's keys and values in a prefill: of every token read. */
export const keysOf = (layer: number): string => `h.${layer}.k`
export const valuesOf = (layer: number): string => `h.${layer}.v`

/**
 * Reads a text: inputs `tokens` [1, T] and `last` [1] (int32), the index of its last token, after which there may be padding.
 * Outputs `logits` [1, V] of the token that follows, and for each block its keys (turned, where positions are rotary) and values
 * [1, K, T, D].
 */
export function prefillGraph(config: BaseConfig, weights: DeclaredWeights, length: number): Graph {
  const isKept = (name: string) => /^h\.\d+\.[kv]$/.test(name)
  const { graph, port, body } = text(
    'prefill',
    config,
    weights,
    { batch: 1, length },
    (own) => (name, value) => (isKept(name) ? own.output(name, value) : value),
  )
  const last = gather(body, graph.input('last', 'int32', [1])) // [1, d]
  graph.output('logits', familyOf(config).head(port, config, last))
  return graph
}
