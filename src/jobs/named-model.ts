/** Models that the settings of a run name by their content: the teacher that it learns from, the model that it starts from. */
import { join, resolve } from 'node:path'
import type { Tokenizer } from '../data/index.js'
import { type BaseConfig, familyOf, type ModelWeights, parametersOf } from '../families/index.js'
import { readTextIfThere } from '../files/files.js'
import { isFile } from '../files/path-kind.js'
import { optionOf } from '../files/run-difference.js'
import { parseRunRecord, type RunRecord } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { float32Bytes, InputError } from '../safetensors/index.js'
import { canonicalJson, differences } from '../search/fingerprint.js'
import { type ModelSource, openModelSource } from './model-source.js'
import { loadModelTokenizer } from './searched-text.js'

/** A model that a run is handed, read. */
export interface NamedModel {
  /** Absolute; of the folder of a run that of its result. */
  readonly path: string
  /** SHA-256 of its configuration and its weights, whatever file they lie in; of a pruned ticket the ticket's. */
  readonly sha256: string
  readonly source: ModelSource
  /** Undefined for a pruned ticket, whose heads no dense model of its target's size holds. */
  readonly weights: ModelWeights | undefined
  /** What the user should know, a line each. */
  readonly notes: readonly string[]
  close(): Promise<void>
}

/** What a model is asked to fit. */
export interface Student {
  readonly config: BaseConfig
  readonly tokenizer: Tokenizer
}

/**
 * Opens a teacher and reads its weights.
 * @param given a ticket, a model of `slt train`, the folder of one of these runs, a Hugging Face folder, or a GGUF file
 * @throws InputError in one line for what is no sound model, or none that can teach this student: another task, vocabulary or tokenizer, a shorter context
 */
export const openTeacher = (given: string, student: Student): Promise<NamedModel> =>
  openNamed(given, (source) => checkTeacher(source, student))

/**
 * Opens the model that scores start from, and reads its weights.
 * @param given as of {@link openTeacher}
 * @throws InputError in one line for what is no sound model, one of another configuration or tokenizer, or a pruned ticket
 */
export const openStart = (given: string, student: Student): Promise<NamedModel> =>
  openNamed(given, (source) => checkStart(source, student))

/** What a run is handed, by the names of the options. */
const openers = { teacher: openTeacher, start: openStart }
type ModelName = keyof typeof openers
const modelNames = Object.keys(openers) as ModelName[]

/** The models of a run; filled as they are opened, so that they can be closed whatever comes after. */
export type RunModels = { [Name in ModelName]?: NamedModel }

/** Paths of models, or their contents. */
export type ModelTexts = { readonly [Name in ModelName]?: string | undefined }

/**
 * Opens the models of a run into `models`.
 * @param expected contents that the settings name already, those of a job
 * @returns the contents, for the settings
 * @throws as {@link openTeacher} and {@link openStart} do; InputError for another content than is expected
 */
export async function openRunModels(
  paths: ModelTexts,
  expected: ModelTexts,
  student: Student,
  models: RunModels,
): Promise<ModelTexts> {
  for (const name of modelNames) {
    const [given, wanted] = [paths[name], expected[name]]
    if (given === undefined) {
      if (wanted !== undefined) throw new RangeError(`"${name}" expected a path beside its content, got none`)
      continue
    }
    const model = await openers[name](given, student)
    models[name] = model
    if (wanted === undefined || wanted === model.sha256) continue
    const [found, asked] = [model.sha256, wanted].map((sha256) => sha256.slice(0, 8))
    throw new InputError(`${model.path}: holds another model (${found}) than is asked for (${asked})`)
  }
  return contentsOf(models)
}

const contentsOf = (models: RunModels): ModelTexts =>
  Object.fromEntries(Object.entries(models).map(([name, { sha256 }]) => [name, sha256]))

/** The paths of the models that a run goes on with: what is given, or what it began with. */
export const resumedPaths = (given: ModelTexts, { teacher, start }: RunRecord): ModelTexts => ({
  teacher: given.teacher ?? teacher?.path,
  start: given.start ?? start,
})

/**
 * What is asked for of a run that goes on: the contents of the models that are given.
 * @throws InputError for a model of the record that is not what the run began with
 */
export function resumedContents(run: string, given: ModelTexts, models: RunModels, settings: ModelTexts): ModelTexts {
  for (const name of modelNames) {
    const model = models[name]
    if (given[name] !== undefined || model === undefined || model.sha256 === settings[name]) continue
    const what = { teacher: 'the teacher', start: 'the model that it started from' }[name]
    throw new InputError(
      `${run}: ${what}, ${model.path}, has changed since the run began: restore it, or start anew with another --out`,
    )
  }
  const contents = contentsOf(models)
  return Object.fromEntries(
    modelNames.filter((name) => given[name] !== undefined).map((name) => [name, contents[name]]),
  )
}

export async function closeRunModels(models: RunModels): Promise<void> {
  for (const model of Object.values(models)) await model.close()
}

/** What `run.json` says of the models. @param seconds spent in the teacher before */
export function modelRecords({ teacher, start }: RunModels, seconds = 0): Pick<RunRecord, 'teacher' | 'start'> {
  const records: Pick<RunRecord, 'start'> = start === undefined ? {} : { start: start.path }
  if (teacher === undefined) return records
  const { path, source } = teacher
  const { parameters, trainingTokens } = source
  return { ...records, teacher: { path, parameters, trainingTokens, seconds } }
}

export const modelNotes = (models: RunModels): readonly string[] => Object.values(models).flatMap(({ notes }) => notes)

/** Opens a model and hands it over when it passes the check. */
async function openNamed(given: string, check: (source: ModelSource) => Promise<string[]>): Promise<NamedModel> {
  const path = resolve(await resultOf(given))
  const source = await openModelSource(path)
  try {
    const notes = [...source.warnings, ...(await check(source))]
    const isPruned = source.ticket?.kind === 'pruned'
    const weights = isPruned ? undefined : await source.weights()
    const sha256 = weights === undefined ? source.ticket!.sha256 : contentOf(source.config, weights)
    return { path, sha256, source, weights, notes, close: source.close }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Of the folder of a run its result. @throws InputError for a run that is not finished */
async function resultOf(path: string): Promise<string> {
  if (await isFile(join(path, 'config.json'))) return path
  const name = join(path, 'run.json')
  if (!(await isFile(name))) return path
  const { out } = parseRunRecord(name, (await readTextIfThere(name)) ?? '')
  if (await isFile(out)) return out
  throw new InputError(`${path}: this run is not finished, its result is not there (--resume ${path} goes on)`)
}

/** SHA-256 of a model's configuration and weights. */
function contentOf(config: BaseConfig, weights: ModelWeights): string {
  const hash = nodeSha256()
  const update = (value: unknown) => hash.update(new TextEncoder().encode(canonicalJson(value)))
  update(config)
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    update({ name, shape })
    hash.update(float32Bytes(data))
  }
  return hash.digest()
}

/** @returns notes @throws InputError for a model that cannot teach the student */
async function checkTeacher(source: ModelSource, { config, tokenizer }: Student): Promise<string[]> {
  const { path, config: own, seed } = source
  const [family, student] = [familyOf(own), familyOf(config)]
  const refuse = (expected: string, got: string) => {
    throw new InputError(`${path}: "teacher" expected ${expected}, got ${got}`)
  }
  const does = { causal: 'predicts the next token', encoder: 'predicts hidden tokens' }
  if (family.task !== student.task) {
    refuse(
      `a model that ${does[student.task]}, as a ${student.title} does`,
      `a ${family.title}, which ${does[family.task]}`,
    )
  }
  if (family.task === 'encoder' && seed === null) {
    refuse('an encoder that slt search or slt train made', `a ${family.title} whose head for hidden tokens is not read`)
  }
  if (own.vocabulary !== config.vocabulary) {
    refuse(`the ${config.vocabulary} tokens of the run`, `a model of ${own.vocabulary}`)
  }
  if (own.positions < config.positions) {
    refuse(`a context of at least ${config.positions} tokens`, `one of ${own.positions}`)
  }
  return checkTokens('teacher', source, tokenizer)
}

/** @returns notes @throws InputError for a model whose weights are not those of such a network */
async function checkStart(source: ModelSource, { config, tokenizer }: Student): Promise<string[]> {
  const { path, ticket } = source
  if (ticket?.kind === 'pruned') throw new InputError(`${path}: "start" expected weights, got a pruned ticket`)
  const different = differences(source.config, config, (field) => optionOf(`settings.config.${field}`))
  if (different !== undefined) {
    throw new InputError(`${path}: "start" expected the configuration of the run, got another: ${different}`)
  }
  const biases = [...(await source.weights()).keys()].filter((name) => isBias(config, name))
  const note = `${path}: its biases are not taken: a searched network has none`
  return [...(await checkTokens('start', source, tokenizer)), ...(biases.length > 0 ? [note] : [])]
}

const isBias = (config: BaseConfig, name: string): boolean =>
  parametersOf(config).some((parameter) => parameter.name === name && parameter.kind === 'bias')

/** @returns notes @throws InputError where a token stands for another text than in the run */
async function checkTokens(option: ModelName, source: ModelSource, tokenizer: Tokenizer): Promise<string[]> {
  const { path, config } = source
  if (tokenizer.name === 'letters') return []
  if (source.tokenizer === null && !source.hasOtherTokenizer) {
    return [`${path}: names no tokenizer: its ${config.vocabulary} tokens are taken for those of the run`]
  }
  const different = differentToken(await loadModelTokenizer(source), tokenizer)
  if (different === undefined) return []
  throw new InputError(
    `${path}: "${option}" expected the tokenizer of the run, got one whose token ${different} stands for another text (--tokenizer ${path})`,
  )
}

/** The first token that stands for other bytes in one of two tokenizers. */
function differentToken(a: Tokenizer, b: Tokenizer): number | undefined {
  for (let token = 0; token < b.vocabulary; token++) {
    const [x, y] = [a, b].map((tokenizer) => tokenizer.decode([token], { continues: true }))
    if (x.length !== y.length || x.some((byte, i) => byte !== y[i])) return token
  }
  return undefined
}
