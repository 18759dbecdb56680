import { create, fromBinary } from '@bufbuild/protobuf'
import { type BaseConfig, type ModelWeights, parametersOf, type WeightTensor } from '../families/index.js'
import { joinedWeights } from '../families/joined-weights.js'
import { openGraph } from '../families/open-graph.js'
import { encodeModel } from '../graph/index.js'
import { ModelProtoSchema, OperatorSetIdProtoSchema } from '../graph/proto/onnx_pb.js'
import { floatInitializer, onnxFile } from './onnx-file.js'
import type { OutputFile } from './output-file.js'
import { type Bits, quantiseProducts } from './quantised-product.js'

/** The operator set of the file, and the intermediate representation that came with it (ONNX 1.13): ONNX Runtime runs it since 1.14. */
const OPSET = 18n
const IR_VERSION = 8n

/** How the graph is written. */
export interface ModelOnnxOptions {
  /** Bits a weight of the linear maps (and of an untied head), by MatMulNBits; float32 when absent. */
  readonly bits?: Bits | undefined
}

/**
 * A dense model as an ONNX file: `openGraph` with its weights as initializers. Query, key and value maps stand side by side.
 * @throws RangeError when the file would be of 2 GiB or more, or a weight is missing or has another shape
 */
export function modelOnnxFile(
  path: string,
  config: BaseConfig,
  weights: ModelWeights,
  { bits }: ModelOnnxOptions = {},
): OutputFile {
  const held = withoutZeroBiases(config, joinedWeights(config, weights))
  const model = fromBinary(ModelProtoSchema, encodeModel(openGraph(config, held)))
  const graph = model.graph!
  const quantised = bits && quantiseProducts(graph, held, bits)
  const isInitializer = (name: string) => held.has(name) && !quantised?.replaced.has(name)
  const floats = graph.input.filter(({ name }) => isInitializer(name)).map(({ name }) => name)
  graph.input = graph.input.filter(({ name }) => !held.has(name))
  model.irVersion = IR_VERSION
  for (const set of model.opsetImport) if (set.domain === '') set.version = OPSET
  if (bits) model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }))
  return onnxFile(path, model, [
    ...floats.map((name) => floatInitializer(name, held.get(name)!.shape, held.get(name)!.data)),
    ...(quantised?.initializers ?? []),
  ])
}

/** The weights without biases that add nothing. Tickets have no biases, and their dense models zeros. */
function withoutZeroBiases(config: BaseConfig, weights: ReadonlyMap<string, WeightTensor>): Map<string, WeightTensor> {
  const others = new Set(parametersOf(config).flatMap(({ kind, name }) => (kind === 'bias' ? [] : [name])))
  const isBias = (name: string) => name.endsWith('.bias') && !others.has(name)
  return new Map([...weights].filter(([name, { data }]) => !isBias(name) || data.some((value) => value !== 0)))
}
