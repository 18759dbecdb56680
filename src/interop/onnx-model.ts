import { create, fromBinary } from '@bufbuild/protobuf'
import { type BaseConfig, type ModelWeights, parametersOf, type WeightTensor } from '../families/index.js'
import { joinedWeights } from '../families/joined-weights.js'
import { openGraph } from '../families/open-graph.js'
import { isTernary } from '../families/ternary-matrix.js'
import { type TernaryWeights, ternaryJoined } from '../families/ternary-model.js'
import { encodeModel } from '../graph/index.js'
import { type ModelProto, ModelProtoSchema, OperatorSetIdProtoSchema } from '../graph/proto/onnx_pb.js'
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
  ofOlderVersion(model)
  if (bits) model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }))
  return onnxFile(path, model, [
    ...floats.map((name) => floatInitializer(name, held.get(name)!.shape, held.get(name)!.data)),
    ...(quantised?.initializers ?? []),
  ])
}

/**
 * A model of ternary matrices as an ONNX file: they stay two bits a weight, those of embeddings too, and logits are float32's up to the rounding of
 * sums. It runs where ONNX Runtime has MatMulNBits of 2 bits.
 * @throws RangeError when the file would be of 2 GiB or more
 */
export function ternaryOnnxFile(path: string, config: BaseConfig, weights: TernaryWeights): OutputFile {
  const held = ternaryJoined(config, weights)
  const model = fromBinary(ModelProtoSchema, encodeModel(openGraph(config, held)))
  const graph = model.graph!
  const vectors = [...held].flatMap(([name, each]) => (isTernary(each) ? [] : [[name, each] as const]))
  graph.input = graph.input.filter(({ name }) => !held.has(name))
  ofOlderVersion(model)
  return onnxFile(
    path,
    model,
    vectors.map(([name, { shape, data }]) => floatInitializer(name, shape, data)),
  )
}

/** Every operator of these graphs is in that operator set as it is. */
function ofOlderVersion(model: ModelProto): void {
  model.irVersion = IR_VERSION
  for (const set of model.opsetImport) if (set.domain === '') set.version = OPSET
}

/** The weights without biases that add nothing. Tickets have no biases, and their dense models zeros. */
function withoutZeroBiases(config: BaseConfig, weights: ReadonlyMap<string, WeightTensor>): Map<string, WeightTensor> {
  const others = new Set(parametersOf(config).flatMap(({ kind, name }) => (kind === 'bias' ? [] : [name])))
  const isBias = (name: string) => name.endsWith('.bias') && !others.has(name)
  return new Map([...weights].filter(([name, { data }]) => !isBias(name) || data.some((value) => value !== 0)))
}
