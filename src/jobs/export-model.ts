import { basename, join } from 'node:path'
import type { TokenizerName } from '../data/index.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import { storedTensors } from '../families/index.js'
import { openFile } from '../files/files.js'
import { checkOutput, writeOutputFile, writeOutputFolder } from '../files/output-folder.js'
import {
  checkTrainingBatch,
  denseTrainingFile,
  generationConfigFile,
  modelCard,
  modelConfigFile,
  modelOnnxFile,
  type OutputFile,
  ticketTrainingFile,
  tokenizerFiles,
  weightsFile,
} from '../interop/index.js'
import { isMissingFile } from '../safetensors/index.js'
import { aboutModel, commandOf } from './export-origin.js'
import type { ExportReport, ExportRequest } from './export-request.js'
import { type DenseExport, denseExport } from './export-weights.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { loadModelTokenizer } from './searched-text.js'

/** What progress is of while heads are factored: then it counts heads, not bytes. */
export const HEADS = 'heads'

/**
 * Exports a model. Everything is read, checked and made before anything is written, and what is written appears whole.
 * @throws InputError for a file, RangeError for a value, the signal's reason when it aborts
 */
export async function exportModel(request: ExportRequest): Promise<ExportReport> {
  const { out, to, force, heads = 'exact', signal } = request
  const onProgress = (done: number, total: number, what: string) => request.onProgress?.(done, total, what)
  const isFile = /\.onnx$/i.test(out)
  if (to === 'onnx-training' && !isFile) throw new RangeError(`"out" expected a name that ends with .onnx, got ${out}`)
  if (to === 'huggingface' && isFile) throw new RangeError(`"out" expected a folder, got ${out}`)
  await checkOutput(out, !isFile, { inputs: [request.source], force })
  const source = await openModelSource(request.source, request)
  try {
    const tokenizer = request.tokenizer === undefined ? source.tokenizer : request.tokenizer
    if (tokenizer !== null) await loadModelTokenizer(source, tokenizer) // does its vocabulary fit?
    if (heads !== 'exact' && source.kind !== 'pruned') {
      throw new RangeError(`"heads" expected a pruned ticket to choose for, got a ${source.kind} model`)
    }
    if (to === 'onnx-training') checkTrainingBatch(source.config.positions, trainingOptions(request, source))
    const onHead = (done: number, total: number) => onProgress(done, total, HEADS)
    const model =
      to === 'onnx-training' && source.kind === 'searched'
        ? null
        : await denseExport(source, heads, { signal, onProgress: onHead })
    const files = isFile
      ? [await singleFile(request, source, model)]
      : await folderFiles(request, source, model!, tokenizer)
    const options = { force, signal, onProgress }
    if (isFile) await writeOutputFile(out, files[0], options)
    else await writeOutputFolder(out, files, options)
    return {
      source: request.source,
      kind: source.kind,
      to,
      out,
      files: files.map(({ path, size }) => ({ path, bytes: size })),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      config: model?.config ?? source.config,
      tokenizer,
      heads: source.kind === 'pruned' ? heads : null,
      logitDifference: model?.difference ?? null,
      warnings: source.warnings,
    }
  } finally {
    await source.close()
  }
}

/** Shape and weights of a training graph: what is asked for, else what the search had. */
function trainingOptions({ batch, length, weights }: ExportRequest, { ticket, config }: ModelSource) {
  const search = ticket?.kind === 'searched' ? ticket.metadata.search : null
  const chosen = length ?? config.positions
  return { batch: batch ?? search?.batch ?? 8, length: chosen, weights: weights ?? ('initializers' as const) }
}

async function singleFile(request: ExportRequest, source: ModelSource, model: DenseExport | null): Promise<OutputFile> {
  const path = basename(request.out)
  if (request.to === 'onnx') return modelOnnxFile(path, model!.config, model!.weights, { bits: request.bits })
  const { ticket } = source
  const options = trainingOptions(request, source)
  if (ticket?.kind !== 'searched') return denseTrainingFile(path, model!.config, model!.weights, options)
  const network = await rebuildTicket(ticket)
  return ticketTrainingFile(path, network, (name) => network.parameters.get(name)!, options)
}

/** The file that transformers.js looks for, and its `dtype`, by the bits of a weight. */
const onnxNames = {
  32: { file: 'model.onnx', dtype: 'fp32' },
  8: { file: 'model_quantized.onnx', dtype: 'q8' },
  4: { file: 'model_q4.onnx', dtype: 'q4' },
} as const

async function folderFiles(
  request: ExportRequest,
  source: ModelSource,
  { config, weights }: DenseExport,
  tokenizer: TokenizerName | null,
): Promise<OutputFile[]> {
  const isOnnx = request.to === 'onnx'
  const { file, dtype } = onnxNames[request.bits ?? 32]
  const special = await source.specialTokens(tokenizer)
  const own = source.kind === 'folder' && request.tokenizer === undefined ? await ownFiles(source) : []
  return [
    modelConfigFile(config, special, isOnnx ? 'fp32' : request.dtype),
    generationConfigFile(special),
    ...(own.length > 0 ? own : await tokenizerFiles(tokenizer, config.positions)),
    modelCard({
      name: source.name,
      config,
      about: aboutModel(source, request),
      command: commandOf(source, request),
      tokenizer,
      hasTokenizer: tokenizer !== null || own.some(({ path }) => path === 'tokenizer.json'),
      holds: isOnnx ? dtype : 'safetensors',
    }),
    isOnnx
      ? modelOnnxFile(`onnx/${file}`, config, weights, { bits: request.bits })
      : weightsFile(storedTensors(config, weights), request.dtype ?? 'fp32'),
  ]
}

/** Files that make up a tokenizer, ours or any other, and those of sentence-transformers, which say how texts are embedded. */
const ownNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'special_tokens_map.json',
  'added_tokens.json',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
]

/** The files of a folder beside its configuration and weights, as they are. */
async function ownFiles({ path: folder }: ModelSource): Promise<OutputFile[]> {
  const files: OutputFile[] = []
  for (const name of ownNames) {
    const bytes = await readIfThere(join(folder, name))
    if (bytes) files.push({ path: name, size: bytes.length, chunks: () => [bytes] })
  }
  return files
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await openFile(path)
    return await file.read(0, file.size).finally(file.close)
  } catch (error) {
    if (isMissingFile(error)) return undefined
    throw error
  }
}
