import { create, toBinary } from '@bufbuild/protobuf'
import type { AttributeKind } from './operator.js'
import { operators } from './operators/index.js'
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/onnx_pb.js'
import type { DType, Tensor, TensorType } from './tensor.js'
import type { Graph, Node, Value } from './value.js'

/** The operator set that the operators' names and meanings are taken from; Gelu came with 20. */
const opset = 20n
/** The version of com.microsoft's operator set. */
const extensionVersion = 1n
/** The intermediate representation that came with that operator set (ONNX 1.15). */
const irVersion = 9n

const dataTypes: { [D in DType]: TensorProto_DataType } = {
  float32: TensorProto_DataType.FLOAT,
  int32: TensorProto_DataType.INT32,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  int64: TensorProto_DataType.INT64,
  bool: TensorProto_DataType.BOOL,
}

/**
 * A graph as a serialised ONNX ModelProto (IR version 9, operator set 20). Nodes that no output depends on are left out.
 * @param beside receives the bytes of large constants by the names under which the model refers to them, not copied; without it they are in the model
 * @returns the bytes of a `.onnx` file; constants are written as raw little-endian data, so is this machine's memory
 */
export function encodeModel(graph: Graph, beside?: Map<string, Uint8Array>): Uint8Array {
  const { names, aliases } = nameOutputs(graph)
  const nameOf = (value: Value) => names.get(value) ?? value.name
  const nodes = neededNodes(graph)
  const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.values()])
  const domains = new Set(nodes.flatMap(({ op }) => operators[op].domain ?? []))
  const model = create(ModelProtoSchema, {
    irVersion,
    opsetImport: [
      { domain: '', version: opset },
      ...Array.from(domains, (domain) => ({ domain, version: extensionVersion })),
    ],
    producerName: 'strong-lottery-tickets',
    graph: {
      name: graph.name,
      input: graph.inputs.map((value) => encodeValueInfo(value.name, value)),
      output: [...graph.outputs].map(([name, value]) => encodeValueInfo(name, value)),
      initializer: graph.constants
        .filter((value) => used.has(value))
        .map((value) => encodeTensor(value.name, value.constant as Tensor, beside)),
      node: [...nodes.map((node) => encodeNode(node, used, nameOf)), ...aliases],
    },
  })
  return toBinary(ModelProtoSchema, model)
}

/** The nodes that some output of the graph depends on, in their order. */
function neededNodes(graph: Graph): Node[] {
  const needed = new Set<Value>(graph.outputs.values())
  const nodes: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => needed.has(value))) continue
    for (const value of node.inputs) needed.add(value)
    nodes.push(node)
  }
  return nodes.reverse()
}

/**
 * ONNX knows a result by the name of the value itself: a value takes its first output name, and any further name, or a
 * name for an input or a constant, is an Identity node.
 */
function nameOutputs(graph: Graph): { names: Map<Value, string>; aliases: NodeProto[] } {
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs))
  const names = new Map<Value, string>()
  const aliases: NodeProto[] = []
  for (const [name, value] of graph.outputs) {
    if (produced.has(value) && !names.has(value)) names.set(value, name)
    else {
      const input = [names.get(value) ?? value.name]
      aliases.push(create(NodeProtoSchema, { opType: 'Identity', name: `/alias/${name}`, input, output: [name] }))
    }
  }
  return { names, aliases }
}

function encodeNode(node: Node, used: ReadonlySet<Value>, nameOf: (value: Value) => string): NodeProto {
  const { domain = '', requiredOutputs = node.outputs.length } = operators[node.op]
  const kinds: Record<string, AttributeKind> = operators[node.op].attributes
  const written = Math.max(requiredOutputs, node.outputs.findLastIndex((value) => used.has(value)) + 1)
  return create(NodeProtoSchema, {
    opType: node.op,
    domain,
    name: node.outputs[0].name,
    input: node.inputs.map(nameOf),
    output: node.outputs.slice(0, written).map(nameOf),
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, kinds[name], value)),
  })
}

function encodeAttribute(name: string, kind: AttributeKind, value: unknown): AttributeProto {
  const type = AttributeProto_AttributeType
  switch (kind) {
    case 'dtype':
      return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(dataTypes[value as DType]) })
    case 'int':
      return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value as number) })
    case 'float':
      return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value as number })
    case 'string':
      return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value as string) })
    case 'ints':
      return create(AttributeProtoSchema, { name, type: type.INTS, ints: (value as readonly number[]).map(BigInt) })
  }
}

/** Constants of at least this many bytes lie beside a model where that is asked for. */
const LARGE = 2 ** 16

function encodeTensor(name: string, { dtype, dims, data }: Tensor, beside?: Map<string, Uint8Array>) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const described = { name, dataType: dataTypes[dtype], dims: dims.map(BigInt) }
  if (!beside || bytes.length < LARGE) return create(TensorProtoSchema, { ...described, rawData: bytes.slice() })
  const location = name.replaceAll('/', '')
  beside.set(location, bytes)
  const fields = { location, offset: '0', length: `${bytes.length}` }
  return create(TensorProtoSchema, {
    ...described,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(fields).map(([key, value]) => ({ key, value })),
  })
}

function encodeValueInfo(name: string, { dtype, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((length) =>
    typeof length === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(length) } }
      : { value: { case: 'dimParam' as const, value: length } },
  )
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dataTypes[dtype], shape: { dim } } } },
  })
}
