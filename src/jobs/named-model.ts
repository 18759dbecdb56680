/** Models that the settings of a run name by their content: the teacher that it learns from, the model that it starts from. */
import { join, resolve } from 'node:path'
import type { Tokenizer } from '../data/index.js'
import { type BaseConfig, familyOf, type ModelWeights } from '../families/index.js'
import { readTextIfThere } from '../files/files.js'
import { isFile } from '../files/path-kind.js'
import { parseRunRecord, type RunRecord } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { float32Bytes, InputError } from '../safetensors/index.js'
import { canonicalJson } from '../search/fingerprint.js'
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
interface Student {
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

/** The models of a run; filled as they are opened, so that they can be closed whatever comes after. */
export interface RunModels {
  teacher?: NamedModel
}

/** What opens them: paths, and the contents that who asks for the run expects there, if any. */
interface ModelPaths {
  readonly teacher?: string | undefined
}

/**
 * Opens the models of a run into `models`.
 * @param expected contents that the settings name already, those of a job
 * @returns the contents, for the settings
 * @throws as {@link openTeacher} does; InputError for another content than is expected
 */
export async function openRunModels(
  paths: ModelPaths,
  expected: ModelPaths,
  student: Student,
  models: RunModels,
): Promise<ModelPaths> {
  if (paths.teacher === undefined) {
    if (expected.teacher !== undefined) throw new RangeError('"teacher" expected a path beside its content, got none')
    return {}
  }
  models.teacher = await openTeacher(paths.teacher, student)
  const { path, sha256 } = models.teacher
  if (expected.teacher !== undefined && expected.teacher !== sha256) {
    throw new InputError(
      `${path}: holds another model (${sha256.slice(0, 8)}) than is asked for (${expected.teacher.slice(0, 8)})`,
    )
  }
  return { teacher: sha256 }
}

export const closeRunModels = async ({ teacher }: RunModels): Promise<void> => teacher?.close()

/** What `run.json` says of the teacher. @param seconds spent in it before */
export function teacherRecord({ teacher }: RunModels, seconds = 0): Pick<RunRecord, 'teacher'> {
  if (teacher === undefined) return {}
  const { path, source } = teacher
  return { teacher: { path, parameters: source.parameters, trainingTokens: source.trainingTokens, seconds } }
}

export const modelNotes = ({ teacher }: RunModels): readonly string[] => teacher?.notes ?? []

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
  if (tokenizer.name === 'letters') return []
  if (source.tokenizer === null && !source.hasOtherTokenizer) {
    return [`${path}: names no tokenizer: its ${own.vocabulary} tokens are taken for those of the run`]
  }
  const different = differentToken(await loadModelTokenizer(source), tokenizer)
  if (different !== undefined) {
    refuse('the tokenizer of the run', `one whose token ${different} stands for another text (--tokenizer ${path})`)
  }
  return []
}

/** The first token that stands for other bytes in one of two tokenizers. */
function differentToken(a: Tokenizer, b: Tokenizer): number | undefined {
  for (let token = 0; token < b.vocabulary; token++) {
    const [x, y] = [a, b].map((tokenizer) => tokenizer.decode([token], { continues: true }))
    if (x.length !== y.length || x.some((byte, i) => byte !== y[i])) return token
  }
  return undefined
}
