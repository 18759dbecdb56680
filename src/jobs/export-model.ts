import { basename, join } from 'node:path'
import { isTokenizerName, type Tokenizer } from '../data/index.js'
import { loadKernels } from '../engine/node.js'
import { rebuildTicket } from '../engine/rebuild-ticket.js'
import { makeTernary, whyNotTernary } from '../engine/ternary-ticket.js'
import { familyOf, ggufLayoutOf, storedTensors } from '../families/index.js'
import { checkOutput, writeOutputFile, writeOutputFolder } from '../files/output-folder.js'
import { isFile } from '../files/path-kind.js'
import {
  checkTrainingBatch,
  denseTrainingFile,
  generationConfigFile,
  type HeadForm,
  leftOutLines,
  modelCard,
  modelConfigFile,
  modelOnnxFile,
  type OpenFile,
  type OutputFile,
  type SpecialTokens,
  ternaryOnnxFile,
  ticketTrainingFile,
  tokenizerFiles,
  weightsFile,
} from '../interop/index.js'
import { openIfThere } from '../interop/weight-files.js'
import { resultName } from '../prune/compare-results.js'
import { InputError, parseJson } from '../safetensors/index.js'
import { endsOf } from '../search/continue-text.js'
import { choiceOf, type SearchedTicket } from '../ticket/index.js'
import { ggufExport } from './export-gguf.js'
import { aboutModel, commandOf } from './export-origin.js'
import type { ExportForm, ExportReport, ExportRequest } from './export-request.js'
import { type DenseExport, denseExport } from './export-weights.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { tokenizerAt } from './own-tokenizer.js'
import { loadModelTokenizer } from './searched-text.js'

/** What progress is of while heads are factored: then it counts heads, not bytes. */
export const HEADS = 'heads'

/**
 * Exports a model. Everything is read, checked and made before anything is written, and what is written appears whole.
 * @throws InputError for a file, RangeError for a value, the signal's reason when it aborts
 */
export async function exportModel(asked: ExportRequest): Promise<ExportReport> {
  const { out, to, force, signal } = asked
  const onProgress = (done: number, total: number, what: string) => asked.onProgress?.(done, total, what)
  const isAlone = isSingleFile(to, out)
  await checkOutput(out, !isAlone, { inputs: [asked.source], force })
  const source = await openModelSource(asked.source, asked)
  try {
    if (to === 'gguf') ggufLayoutOf(source.config) // does llama.cpp run the family?
    const only = asked.heads === undefined && isRotary(source)
    const heads = asked.heads ?? (only ? 'factored' : 'exact')
    const request = only ? { ...asked, heads } : asked
    const name = request.tokenizer === undefined ? source.tokenizer : request.tokenizer
    const loaded = name === null ? null : await loadModelTokenizer(source, name) // does its vocabulary fit?
    const tokenizer = name !== null && isTokenizerName(name) ? name : null
    if (heads !== 'exact' && source.kind !== 'pruned') {
      throw new RangeError(`"heads" expected a pruned ticket to choose for, got a ${source.kind} model`)
    }
    if (to === 'onnx-training' && source.kind === 'pruned') expectTrainable(source, heads)
    if (to === 'onnx-training') checkTrainingBatch(source.config.positions, trainingOptions(request, source))
    if (request.bits === 2) expectTernary(source)
    const onHead = (done: number, total: number) => onProgress(done, total, HEADS)
    const model =
      (to === 'onnx-training' && source.kind === 'searched') || request.bits === 2
        ? null
        : await denseExport(source, heads, { signal, onProgress: onHead })
    const special = to === 'gguf' || !isAlone ? await specialTokensFor(source, name, loaded) : null
    const own = request.tokenizer === undefined ? source.openTokenizer : null
    const gguf = to === 'gguf' ? await ggufExport(request, source, model!, { name, own, special: special! }) : null
    const files = gguf
      ? [gguf.file]
      : isAlone
        ? [await singleFile(request, source, model)]
        : await folderFiles(request, source, model, { name, special: special! })
    const options = { force, signal, onProgress }
    if (isAlone) await writeOutputFile(out, files[0], options)
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
      results: resultName(source.config),
      resultDifference: model?.difference ?? null,
      warnings: [
        ...source.warnings,
        ...leftOutLines(source.path, source.leftOut, 'exported'),
        ...(gguf?.notes ?? []),
        ...(only ? [`${source.path}: heads of rotary pairs have the form --heads factored alone, which is taken`] : []),
      ],
    }
  } finally {
    await source.close()
  }
}

/** Whether an export is one file, by its name. @throws RangeError for a name that its form has not */
function isSingleFile(to: ExportForm, out: string): boolean {
  const ending = /\.(?:onnx|gguf)$/i.exec(out)?.[0].toLowerCase()
  const endings = { huggingface: [], onnx: ['.onnx'], 'onnx-training': ['.onnx'], gguf: ['.gguf'] }[to] as string[]
  const mustBe = to === 'onnx-training' || to === 'gguf'
  if (ending === undefined ? !mustBe : endings.includes(ending)) return ending !== undefined
  const expected = [...(mustBe ? [] : ['folder']), ...endings.map((own) => `name that ends with ${own}`)]
  throw new RangeError(`"out" expected a ${expected.join(' or a ')}, got ${out}`)
}

/** Whether a ticket has rotary heads of pairs, whose matrices of full rank no model of the family holds. */
const isRotary = ({ ticket }: ModelSource): boolean =>
  ticket?.kind === 'pruned' && choiceOf(ticket.metadata.construction).attention === 'rotary'

/** The loss of an encoder reads hidden states by the token embedding: where they are several copies, their logits would be as many times too large. */
function expectTrainable({ config }: ModelSource, heads: HeadForm): void {
  if (heads !== 'exact' || familyOf(config).task !== 'encoder') return
  throw new RangeError(
    `"heads" expected factored for the training graph of a pruned ${familyOf(config).title}, got exact: its hidden states would be copies of the ticket's`,
  )
}

/** Shape and weights of a training graph: what is asked for, else what the search had. */
function trainingOptions({ batch, length, weights }: ExportRequest, { ticket, config }: ModelSource) {
  const search = ticket?.kind === 'searched' ? ticket.metadata.search : null
  const chosen = length ?? config.positions
  return { batch: batch ?? search?.batch ?? 8, length: chosen, weights: weights ?? ('initializers' as const) }
}

async function singleFile(request: ExportRequest, source: ModelSource, model: DenseExport | null): Promise<OutputFile> {
  const path = basename(request.out)
  if (request.to === 'onnx') return inferenceFile(path, request, source, model)
  const { ticket } = source
  const options = trainingOptions(request, source)
  if (ticket?.kind !== 'searched') return denseTrainingFile(path, model!.config, model!.weights, options)
  const network = await rebuildTicket(ticket)
  return ticketTrainingFile(path, network, (name) => network.parameters.get(name)!, options)
}

/** @throws InputError for a model whose weights are no signed constants */
function expectTernary({ path, ticket }: ModelSource): void {
  const reason =
    ticket?.kind === 'searched' ? whyNotTernary(ticket) : 'only a ticket that a search found has signed constants'
  if (reason !== undefined) throw new InputError(`${path}: cannot be exported with --bits 2: ${reason}`)
}

/** @param model null where its weights have 2 bits */
async function inferenceFile(
  path: string,
  { bits }: ExportRequest,
  { config, ticket }: ModelSource,
  model: DenseExport | null,
): Promise<OutputFile> {
  if (model === null) {
    return ternaryOnnxFile(path, config, await makeTernary(ticket as SearchedTicket, await loadKernels()))
  }
  return modelOnnxFile(path, model.config, model.weights, { bits: bits === 2 ? undefined : bits })
}

/** The file that transformers.js looks for, and its `dtype`, by the bits of a weight. */
const onnxNames = {
  32: { file: 'model.onnx', dtype: 'fp32' },
  8: { file: 'model_quantized.onnx', dtype: 'q8' },
  4: { file: 'model_q4.onnx', dtype: 'q4' },
  2: { file: 'model_q2.onnx', dtype: 'q2' },
} as const

async function folderFiles(
  request: ExportRequest,
  source: ModelSource,
  model: DenseExport | null,
  { name, special }: { readonly name: string | null; readonly special: SpecialTokens },
): Promise<OutputFile[]> {
  const isOnnx = request.to === 'onnx'
  const config = model?.config ?? source.config
  const { file, dtype } = onnxNames[request.bits ?? 32]
  const tokenizer = name !== null && isTokenizerName(name) ? name : null
  const isForeign = name !== null && tokenizer === null
  const open = isForeign
    ? (await tokenizerAt(name)).openTokenizer
    : request.tokenizer === undefined
      ? source.openTokenizer
      : null
  const own = open === null ? [] : await ownFiles(open, config.width)
  return [
    modelConfigFile(config, special, isOnnx ? 'fp32' : request.dtype),
    ...(familyOf(config).task === 'causal' ? [generationConfigFile(special)] : []),
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
      ? await inferenceFile(`onnx/${file}`, request, source, model)
      : weightsFile(storedTensors(config, model!.weights), request.dtype ?? 'fp32'),
  ]
}

/** Of a folder that holds a tokenizer and no model, what ends a text is told by the tokenizer. */
async function specialTokensFor(
  source: ModelSource,
  name: string | null,
  loaded: Tokenizer | null,
): Promise<SpecialTokens> {
  const isBare = name !== null && !isTokenizerName(name) && !(await isFile(join(name, 'config.json')))
  if (!isBare) return source.specialTokens(name)
  const [end = null] = endsOf(loaded!)
  return { bos: null, eos: end, stops: end }
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

/**
 * The files of a folder beside its configuration and weights, as they are; but that pooling names the width of what is exported, which exact
 * heads make larger.
 * @param width d of the exported model
 */
async function ownFiles(open: OpenFile, width: number): Promise<OutputFile[]> {
  const files: OutputFile[] = []
  for (const name of ownNames) {
    const found = await readIfThere(open, name)
    if (found === undefined) continue
    const bytes = name.startsWith('1_Pooling/') ? withWidth(found, width) : found
    files.push({ path: name, size: bytes.length, chunks: () => [bytes] })
  }
  return files
}

/** A configuration of pooling with another number of dimensions, by either name that versions have for it. */
function withWidth(bytes: Uint8Array, width: number): Uint8Array {
  const json = parseJson(new TextDecoder().decode(bytes)) as Record<string, unknown>
  const names = ['word_embedding_dimension', 'embedding_dimension'].filter((key) => json[key] !== undefined)
  if (names.every((key) => json[key] === width)) return bytes
  const changed = { ...json, ...Object.fromEntries(names.map((key) => [key, width])) }
  return new TextEncoder().encode(`${JSON.stringify(changed, null, 2)}\n`)
}

async function readIfThere(open: OpenFile, name: string): Promise<Uint8Array | undefined> {
  const { source } = await openIfThere(open, name)
  return source?.read(0, source.size).finally(() => source.close?.())
}
