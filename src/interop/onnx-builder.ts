import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../graph/proto/onnx_pb.js'
import type { Initializer } from './onnx-file.js'

/** A length, or the name of one that is known only when the graph runs. */
export type Dimension = number | string

/** An attribute's value: an integer, integers, or a float32. */
export type Attribute = number | readonly number[] | { readonly float: number }

/** An ONNX graph with dimensions that stay open, written node by node; values are known by their names. */
export interface OnnxBuilder {
  input(name: string, dtype: 'float32' | 'int64', dims: readonly Dimension[]): string
  output(name: string, dtype: 'float32' | 'int64', dims: readonly Dimension[]): void
  initializer(initializer: Initializer): string
  /** A vector of int64. The same one is written once. */
  integers(...values: number[]): string
  /** A float32 scalar. The same one is written once. */
  scalar(value: number): string
  /** Applies an operator; @returns its only output. @param name of the output, where it is one of the graph */
  node(op: string, inputs: readonly string[], attributes?: Record<string, Attribute>, name?: string): string
  /** The same for an operator with several outputs. */
  split(op: string, inputs: readonly string[], attributes: Record<string, Attribute>, outputs: number): string[]
  /** The model without its initializers, and those. */
  finish(): { model: ModelProto; initializers: readonly Initializer[] }
}

/** Operators of ONNX Runtime's own set; all others are ONNX's. */
const extensions = ['MatMulNBits']

/**
 * An empty graph.
 * @param opset operator set, and the version of the intermediate representation that came with it
 */
export function createOnnxBuilder(
  name: string,
  { opset, irVersion }: { opset: number; irVersion: number },
): OnnxBuilder {
  const inputs: ValueInfoProto[] = []
  const outputs: ValueInfoProto[] = []
  const nodes: NodeProto[] = []
  const initializers = new Map<string, Initializer>()
  const domains = new Set<string>()

  const small = (key: string, make: () => Omit<Initializer, 'name'>): string => {
    if (!initializers.has(key)) initializers.set(key, { name: key, ...make() })
    return key
  }
  const apply = (op: string, operands: readonly string[], attributes: Record<string, Attribute>, results: string[]) => {
    const domain = extensions.includes(op) ? 'com.microsoft' : ''
    domains.add(domain)
    const attribute = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value))
    const label = `/${op}_${nodes.length}`
    nodes.push(
      create(NodeProtoSchema, { opType: op, domain, name: label, input: [...operands], output: results, attribute }),
    )
    return results
  }
  return {
    input(value, dtype, dims) {
      inputs.push(valueInfo(value, dtype, dims))
      return value
    },
    output: (value, dtype, dims) => void outputs.push(valueInfo(value, dtype, dims)),
    initializer(initializer) {
      initializers.set(initializer.name, initializer)
      return initializer.name
    },
    integers: (...values) =>
      small(`/integers/${values.join('_')}`, () => {
        const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
        return { dtype: 'int64', dims: [values.length], bytes }
      }),
    scalar: (value) =>
      small(`/scalar/${value}`, () => {
        return { dtype: 'float32', dims: [], bytes: new Uint8Array(Float32Array.of(value).buffer) }
      }),
    node: (op, operands, attributes = {}, result = `/${op}_${nodes.length}_0`) =>
      apply(op, operands, attributes, [result])[0],
    split(op, operands, attributes, count) {
      const results = Array.from({ length: count }, (_, i) => `/${op}_${nodes.length}_${i}`)
      return apply(op, operands, attributes, results)
    },
    finish() {
      const model = create(ModelProtoSchema, {
        irVersion: BigInt(irVersion),
        opsetImport: Array.from(domains, (domain) => ({ domain, version: domain === '' ? BigInt(opset) : 1n })),
        producerName: 'strong-lottery-tickets',
        graph: { name, input: inputs, output: outputs, node: nodes },
      })
      return { model, initializers: [...initializers.values()] }
    },
  }
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const type = AttributeProto_AttributeType
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) })
  if ('float' in value) return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value.float })
  return create(AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) })
}

function valueInfo(name: string, dtype: 'float32' | 'int64', dims: readonly Dimension[]): ValueInfoProto {
  const elemType = dtype === 'float32' ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64
  const dim = dims.map((length) =>
    typeof length === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(length) } }
      : { value: { case: 'dimParam' as const, value: length } },
  )
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  })
}
