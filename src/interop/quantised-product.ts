import { create } from '@bufbuild/protobuf'
import type { ModelWeights } from '../families/index.js'
import { AttributeProto_AttributeType, type GraphProto, NodeProtoSchema } from '../graph/proto/onnx_pb.js'
import { floatInitializer, type Initializer } from './onnx-file.js'

/** Bits that a quantised weight can have. */
export type Bits = 4 | 8

/** Weights that share a scale, along the inputs of one output. */
export const BLOCK = 32

/** A linear map: float32 [inputs, outputs] (`in-out`) or [outputs, inputs] (`out-in`), row-major. */
export interface LinearMap {
  readonly data: Float32Array
  readonly inputs: number
  readonly outputs: number
  readonly stored: 'in-out' | 'out-in'
}

/** Weights rounded to a few bits, as com.microsoft's MatMulNBits reads them. */
export interface QuantisedMap {
  /** [outputs, blocks, BLOCK * bits / 8]; of 4 bits, the first of two is the lower half of a byte. */
  readonly packed: Uint8Array
  /** [outputs * blocks] */
  readonly scales: Float32Array
  /** ceil(inputs / BLOCK) */
  readonly blocks: number
}

/**
 * Rounds a linear map to 4 or 8 bits, symmetrically: of each output, 32 inputs in a row share a scale, and a weight is
 * (q - 2^(bits-1)) * scale with q in 0..2^bits - 1. The weight of largest magnitude in a block is kept exactly, up to
 * rounding: its q is 0.
 */
export function quantise({ data, inputs, outputs, stored }: LinearMap, bits: Bits): QuantisedMap {
  const zero = 2 ** (bits - 1)
  const blocks = Math.ceil(inputs / BLOCK)
  const bytes = (BLOCK * bits) / 8
  const packed = new Uint8Array(outputs * blocks * bytes).fill(bits === 8 ? zero : zero * 17)
  const scales = new Float32Array(outputs * blocks)
  const [ofOutput, ofInput] = stored === 'in-out' ? [1, outputs] : [inputs, 1]
  for (let n = 0; n < outputs; n++) {
    for (let block = 0; block < blocks; block++) {
      const last = Math.min(inputs, (block + 1) * BLOCK)
      let extreme = 0
      for (let k = block * BLOCK; k < last; k++) {
        const value = data[n * ofOutput + k * ofInput]
        if (Math.abs(value) > Math.abs(extreme)) extreme = value
      }
      const scale = Math.fround(extreme / -zero)
      if (scale === 0) continue
      scales[n * blocks + block] = scale
      for (let k = block * BLOCK; k < last; k++) {
        const steps = Math.round(data[n * ofOutput + k * ofInput] / scale) + zero
        const q = Math.min(Math.max(steps, 0), 2 * zero - 1)
        const i = k - block * BLOCK
        const at = (n * blocks + block) * bytes + (bits === 8 ? i : i >> 1)
        if (bits === 8) packed[at] = q
        else packed[at] = i & 1 ? (packed[at] & 0x0f) | (q << 4) : (packed[at] & 0xf0) | q
      }
    }
  }
  return { packed, scales, blocks }
}

/**
 * Replaces every product x W by a matrix of a model, or x W' by a head, with one by W rounded to a few bits (MatMulNBits). A matrix in which rows
 * are looked up stays as it is.
 * @param graph is changed: its nodes, and what it declares as inputs
 * @param weights the matrices and vectors that the graph declares as inputs, by name
 * @returns what the graph reads in place of the matrices, and their names
 */
export function quantiseProducts(
  graph: GraphProto,
  weights: ModelWeights,
  bits: Bits,
): { initializers: Initializer[]; replaced: ReadonlySet<string> } {
  const lookedUp = new Set(graph.node.filter(({ opType }) => opType === 'Gather').map(({ input }) => input[0]))
  const isMatrix = (name: string) => weights.get(name)?.shape.length === 2 && !lookedUp.has(name)
  const turned = new Map<string, string>()
  for (const { opType, input, output } of graph.node) {
    if (opType === 'Transpose' && isMatrix(input[0])) turned.set(output[0], input[0])
  }
  const initializers = new Map<string, Initializer>()
  const replaced = new Set<string>()
  graph.node = graph.node.map((node) => {
    if (node.opType !== 'MatMul') return node
    const [x, w] = node.input
    const name = turned.get(w) ?? w
    if (!isMatrix(name)) return node
    replaced.add(name)
    const { shape, data } = weights.get(name)!
    const [inputs, outputs] = turned.has(w) ? [shape[1], shape[0]] : shape
    const map: LinearMap = { data, inputs, outputs, stored: turned.has(w) ? 'out-in' : 'in-out' }
    const parts = initializersOf(name, map, bits)
    for (const part of parts) initializers.set(part.name, part)
    const attributes = { K: inputs, N: outputs, bits, block_size: BLOCK }
    return create(NodeProtoSchema, {
      opType: 'MatMulNBits',
      domain: 'com.microsoft',
      name: node.name,
      input: [x, ...parts.map((part) => part.name)],
      output: node.output,
      attribute: Object.entries(attributes).map(([key, value]) => ({
        name: key,
        type: AttributeProto_AttributeType.INT,
        i: BigInt(value),
      })),
    })
  })
  graph.node = graph.node.filter(({ output }) => !turned.has(output[0]))
  graph.input = graph.input.filter(({ name }) => !replaced.has(name))
  return { initializers: [...initializers.values()], replaced }
}

function initializersOf(name: string, map: LinearMap, bits: Bits): Initializer[] {
  const { packed, scales, blocks } = quantise(map, bits)
  const dims = [map.outputs, blocks, (BLOCK * bits) / 8]
  return [
    { name: `${name}_q${bits}`, dtype: 'uint8', dims, bytes: packed },
    floatInitializer(`${name}_scales`, [map.outputs * blocks], scales),
  ]
}
