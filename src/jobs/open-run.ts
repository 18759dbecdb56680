/** Opens the run that is asked for: settings, corpus and run folder, checked before any work. */
import { basename, join, resolve } from 'node:path'
import type { Corpus } from '../data/index.js'
import { type DeviceName, type OpenedRunner, openGraphRunner } from '../engine/device.js'
import type { Replaces } from '../files/place-file.js'
import { fileDifferences, settingDifferences } from '../files/run-difference.js'
import { contentOf, openRunFolder, type RunFolder } from '../files/run-folder.js'
import {
  formatFiles,
  formatRunRecord,
  identityOf,
  parseRunRecord,
  type RunRecord,
  recordParts,
} from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { InputError } from '../safetensors/index.js'
import { choiceOfBytes } from '../search/budget.js'
import { fingerprintOf } from '../search/fingerprint.js'
import { checkFoundTicket } from '../search/found-ticket.js'
import { chooseConfig, chooseSettings, resumedSettings, type SettingsChoice } from '../search/settings.js'
import { choiceOn, expectSameBase } from './base-network.js'
import {
  closeRunModels,
  modelNotes,
  modelRecords,
  openRunModels,
  type RunModels,
  resumedContents,
  resumedPaths,
} from './named-model.js'
import { withArithmetic } from './run-arithmetic.js'
import { refuseConflict } from './run-conflict.js'
import { type CorpusRequest, corpusNotes, corpusOf, filesOf } from './run-corpus.js'
import { type OutputRequest, outputOf, placeOutput, resumedOutput, runFolderOf } from './run-output.js'
import { openRunTokenizer } from './search-tokenizer.js'

/** What a run is asked for. */
export interface RunRequest extends OutputRequest, CorpusRequest {
  readonly kind: 'search' | 'train'
  /** The settings that were given; the others have defaults, or are the resumed run's. */
  readonly choice: Partial<SettingsChoice>
  readonly data?: string | undefined
  /** Most bytes of the ticket, which choose what of its size is not given: see `choiceOfBytes`. */
  readonly bytes?: number | undefined
  /** A searched ticket: the search finds another mask on its random network, which no setting may describe otherwise. */
  readonly on?: string | undefined
  /** `bytes`, `gpt2`, or a folder with a `tokenizer.json`. Default: `bytes`, or that of the ticket `on`. */
  readonly tokenizer?: string | undefined
  /** A model whose distributions are learned too, see `openTeacher`; `choice` says how much. Default: none, or the resumed run's. */
  readonly teacher?: string | undefined
  /** A trained model of the same configuration that the scores start from. Default: random scores, or as the resumed run began. */
  readonly start?: string | undefined
  /** Folder of the run. Default: `<out>.run`, of a mask in a file of several `<into>.<mask>.run`. */
  readonly run?: string | undefined
  /** Folder of a run to go on with; `data` is then the run's. */
  readonly resume?: string | undefined
  /** Start anew where there is a run. */
  readonly force?: boolean | undefined
  readonly cadence?: Partial<RunRecord['cadence']> | undefined
  /** Chooses what the linear maps of a new run are computed in by what is faster on this machine, in place of `choice.arithmetic`. */
  readonly arithmetic?: 'auto' | undefined
  readonly device?: DeviceName | undefined
  readonly threads?: number | undefined
}

const defaultCadence: RunRecord['cadence'] = {
  validateEvery: 100,
  validWindows: 32,
  sampleEvery: 500,
  checkpointEvery: 0,
  checkpointSeconds: 60,
}

/** A run that is ready to start or to go on; its folder is locked. */
export interface OpenRun {
  readonly folder: RunFolder
  readonly record: RunRecord
  readonly corpus: Corpus
  readonly opened: OpenedRunner
  readonly models: RunModels
  /** What the result may replace. */
  readonly replaces: Replaces
  /** What the user should know, a line each. */
  readonly notes: readonly string[]
}

/**
 * Opens the run; close its folder and its models when done.
 * @throws RangeError or TypeError for a setting, InputError for a file, a folder, or a run of another configuration
 */
export async function openRun(request: RunRequest): Promise<OpenRun> {
  const { resume, run, force } = request
  if (resume === undefined) return openWith(openNew, request)
  if (request.bytes !== undefined) {
    throw new RangeError(`"bytes" expected nothing to choose beside --resume ${resume}, got ${request.bytes}`)
  }
  if (run !== undefined) throw new RangeError(`"run" expected nothing beside --resume ${resume}, got ${run}`)
  if (force) throw new RangeError(`"force" expected nothing to resume, got --resume ${resume}`)
  return openWith(openOld, request)
}

/** Closes the models again where the run cannot be opened. */
async function openWith(
  open: (request: RunRequest, models: RunModels) => Promise<OpenRun>,
  request: RunRequest,
): Promise<OpenRun> {
  const models: RunModels = {}
  return open(request, models).catch(async (error) => {
    await closeRunModels(models)
    throw error
  })
}

/** Checks everything that can be checked before work starts, the corpus first. */
async function openNew(request: RunRequest, models: RunModels): Promise<OpenRun> {
  const { kind, data, valid, force } = request
  const choice = await choiceOn({ ...request, on: request.on ?? request.into })
  const { task } = choice
  if (data === undefined && !task) {
    throw new RangeError('"data" expected a file or folder of text (or --task, or --resume a run)')
  }
  const { tokenizer, recorded, sha256 } = await openRunTokenizer(request, choice)
  // Heads need not divide a width that a budget has yet to choose.
  const isFree = request.bytes !== undefined && choice.width === undefined
  const sized = isFree ? { ...choice, heads: undefined, keyHeads: undefined } : choice
  const student = { config: choice.on?.config ?? chooseConfig(sized, tokenizer), tokenizer }
  const contents = await openRunModels(request, choice, student, models)
  const whole = { ...choice, kind, ...contents }
  const usual = chooseSettings({ ...sized, kind, ...contents }, tokenizer)
  const corpus = await corpusOf(request, data ?? '', tokenizer, usual)
  const asked =
    request.bytes === undefined
      ? usual
      : chooseSettings(choiceOfBytes(whole, request.bytes, tokenizer, corpus.train), tokenizer)
  const name = task ? task.name : basename(resolve(data!))
  const output = outputOf(request, kind, name)
  const path = resolve(request.run ?? runFolderOf(output))
  const content = force ? undefined : await contentOf(path)
  if (content?.kind === 'foreign') {
    throw new InputError(`${path}: holds ${content.file}, but no run (--force replaces it, --run names another folder)`)
  }
  const writable = () => placeOutput(output, asked, { ...request, inputs: filesOf(data, valid, request.on) })
  const known = content?.kind === 'run' ? undefined : await writable()
  const opened = await openGraphRunner({ device: request.device, threads: request.threads })
  const { settings, notes: chosen } = await withArithmetic(asked, request.arithmetic, opened)
  const identity = identityOf(settings, corpus, sha256)
  const started: RunRecord = {
    data: task ? '' : resolve(data!),
    valid: valid === undefined ? null : resolve(valid),
    tokenizer: recorded,
    identity,
    fingerprint: fingerprintOf(nodeSha256, identity),
    name: task ? corpus.name : name,
    coding: request.coding ?? 'range',
    ...output,
    ...(choice.on?.ticket && { base: { name: choice.on.name, ticket: choice.on.ticket } }),
    cadence: { ...defaultCadence, ...request.cadence },
    device: opened.device,
    threads: request.threads ?? null,
    raw: request.raw ?? false,
    read: recordParts(corpus.parts),
    ...modelRecords(models),
  }
  checkResult(started)
  const folder = await openRunFolder(path)
  try {
    if (content?.kind === 'run') await refuseConflict(path, folder, started, corpus, content.file)
    const place = known ?? (await writable()) // a run that is there is spoken of first
    const record = { ...started, ...place.output }
    await folder.clear()
    if (corpus.parts.length > 0) await folder.writeFiles(formatFiles(corpus.parts))
    await folder.writeRun(formatRunRecord(record))
    const notes = [...corpusNotes(request, corpus), ...modelNotes(models), ...chosen, ...place.notes]
    return { folder, record, corpus, opened, models, replaces: place.replaces, notes }
  } catch (error) {
    await folder.close()
    throw error
  }
}

/** A ticket that could not be written would be found out after the last step: it is refused before the first. */
function checkResult({ identity: { settings, corpus }, name, coding }: RunRecord): void {
  if (settings.kind === 'search') checkFoundTicket(settings, { sha256: corpus }, { name, coding })
}

/** Opens a run to go on with; what is given beside it must be the run's, but for what its result does not depend on. */
async function openOld(request: RunRequest, models: RunModels): Promise<OpenRun> {
  const path = resolve(request.resume!)
  const folder = await openRunFolder(path, { existing: true })
  try {
    const there = parseRunRecord(join(path, 'run.json'), (await folder.readRun()) ?? '')
    const { settings } = there.identity
    if (settings.kind !== request.kind) throw new InputError(`${path}: is a run of slt ${settings.kind}`)
    const data = request.data ?? there.data
    const valid = request.valid ?? there.valid ?? undefined
    const raw = request.raw ?? there.raw
    const task = request.choice.task ?? settings.task
    await expectSameBase(path, settings, request)
    if (request.arithmetic !== undefined)
      throw new RangeError(
        `"arithmetic" expected nothing to choose beside --resume ${path}: a run keeps its own, got auto`,
      )
    const named = { ...request, tokenizer: request.tokenizer ?? there.tokenizer }
    const { tokenizer, recorded, sha256 } = await openRunTokenizer(named, { task })
    const student = { config: settings.config, tokenizer }
    await openRunModels(resumedPaths(request, there), request.choice, student, models)
    const choice = { ...request.choice, ...resumedContents(path, request, models, settings) }
    const given = Object.keys(choice).length > 0 || tokenizer.name !== settings.tokenizer
    const asked = given ? resumedSettings(settings, choice, tokenizer) : settings
    const reading = {
      asBefore: there.read === null,
      // As texts were read before special tokens were; no run of those read a folder's tokenizer.
      splitSpecialTokens: there.identity.specialTokens === undefined && there.identity.tokenizer === undefined,
    }
    const corpus = await corpusOf({ ...request, ...reading, valid, raw }, data, tokenizer, asked)
    const identity = identityOf(asked, corpus, sha256)
    const different = settingDifferences(there.identity, identity)
    if (different !== undefined) {
      const advice = 'this cannot change on resuming: leave it out, or start anew with another --out'
      throw new InputError(`${path}: is a run of another configuration: ${different} (${advice})`)
    }
    if (fingerprintOf(nodeSha256, identity) !== there.fingerprint) {
      const changed =
        (request.data ?? request.valid) ? 'is not the one that the run began with' : 'has changed since the run began'
      const files = fileDifferences(await folder.readFiles(), corpus.parts)
      const advice = 'restore it, or start anew with --data and --force or another --out'
      throw new InputError(`${path}: the text ${changed}${files}: ${advice}`)
    }
    const asking = { ...request, inputs: filesOf(data, valid, request.on) }
    const own = { ...there, folder: path }
    const { replaces, output, notes: placed } = await placeOutput(resumedOutput(request, there), settings, asking, own)
    const threads = request.threads ?? there.threads
    const device = request.device ?? there.device
    const opened = await openGraphRunner({ device, threads: threads ?? undefined })
    await withArithmetic(settings, undefined, opened) // refused before the run is said to be on this device
    const isMoved = opened.device !== there.device || threads !== there.threads
    const moved = `the run was on ${there.device}: elsewhere, or on other threads, the last bits may differ`
    const { mask: _, into: __, replaced: ___, ...same } = there
    const record: RunRecord = {
      ...same,
      ...output,
      data: task ? '' : resolve(data),
      valid: valid === undefined ? null : resolve(valid),
      tokenizer: recorded,
      cadence: { ...there.cadence, ...request.cadence },
      device: opened.device,
      threads,
      raw,
      ...modelRecords(models, there.teacher?.seconds),
    }
    checkResult(record)
    await folder.writeRun(formatRunRecord(record))
    const notes = [...corpusNotes(request, corpus), ...modelNotes(models), ...(isMoved ? [moved] : []), ...placed]
    return { folder, record, corpus, opened, models, replaces, notes }
  } catch (error) {
    await folder.close()
    throw error
  }
}
