/**
 * The folder of a run: `run.json` (what was asked for), `corpus.jsonl` (the files that were read), `metrics.jsonl`, `samples.txt`, `checkpoint.safetensors` and the
 * one before it, and a lock. Every change leaves a whole checkpoint behind, whenever the process or the machine stops.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../safetensors/index.js'
import {
  type Checkpoint,
  type CheckpointHead,
  openCheckpoint,
  type StateTensor,
  writeCheckpoint,
} from '../search/checkpoint.js'
import { writeFully } from './file-handle.js'
import {
  type FileSource,
  makeFolder,
  openFile,
  readTextIfThere,
  refuseSystem,
  syncFolder,
  writeTextAtomically,
} from './files.js'
import { type Lock, takeLock } from './lock-file.js'
import { nodeSha256 } from './sha256.js'

/** A log of a run: text that only grows, and is cut back when the run goes on from an earlier step. */
export interface RunLog {
  append(text: string): void
}

/** An open run folder, locked. */
export interface RunFolder {
  readonly path: string
  readonly metrics: RunLog
  readonly samples: RunLog
  /** Whether there is a checkpoint, sound or not. */
  hasCheckpoint(): Promise<boolean>
  /** The text of `run.json`; undefined when there is none. */
  readRun(): Promise<string | undefined>
  writeRun(text: string): Promise<void>
  /** Writes `corpus.jsonl`. */
  writeFiles(text: string): Promise<void>
  /** The text of `corpus.jsonl`; undefined when there is none. */
  readFiles(): Promise<string | undefined>
  /** Removes checkpoints and logs. */
  clear(): Promise<void>
  /**
   * Opens the newest checkpoint, checked whole; where it is torn or missing, the one before it, which is said.
   * Close it when done.
   * @throws InputError when neither is sound
   */
  openCheckpoint(warn: (line: string) => void): Promise<Checkpoint & { close(): Promise<void> }>
  /** Cuts the logs back to the lengths that a checkpoint gives. */
  cutLogs(logs: CheckpointHead['logs']): void
  /**
   * Saves; the last checkpoint becomes the previous one, and stays as it was when saving fails.
   * @param isDurable whether it waits for the disk (default). Else a power cut within the next seconds can tear what is saved, and then the
   *   checkpoint before it is taken
   */
  saveCheckpoint(head: Omit<CheckpointHead, 'logs'>, state: readonly StateTensor[], isDurable?: boolean): Promise<void>
  /** Closes the logs and gives the lock back. */
  close(): Promise<void>
}

const RUN = 'run.json'
const FILES = 'corpus.jsonl'
const CHECKPOINT = 'checkpoint.safetensors'
const PREVIOUS = 'checkpoint.previous.safetensors'
/** How to go on from a run that cannot be resumed. */
export const ANEW = 'the same command with --force instead of --resume starts anew'

const PARTIAL = 'checkpoint.partial'
const logNames = ['metrics.jsonl', 'samples.txt']

/**
 * Opens the folder of a run and locks it.
 * @param path made when missing, unless `existing`
 * @throws InputError when it cannot be made or another process runs in it
 */
export async function openRunFolder(path: string, { existing = false } = {}): Promise<RunFolder> {
  if (!existing) await makeFolder(path)
  else if (!(await isThere(join(path, RUN)))) {
    const beside = `${path}.run`
    const advice = (await isThere(join(beside, RUN))) ? `; ${beside} is one` : ''
    throw new InputError(`${path}: not the folder of a run (no ${RUN} in it)${advice}`)
  }
  const lock = await takeLock(join(path, 'lock'), 'run')
  const logs = new Map<string, Log>()
  const close = async () => {
    for (const log of logs.values()) log.close()
    await lock.release()
  }
  try {
    for (const name of logNames) logs.set(name, openLog(join(path, name)))
    return { ...folderAt(path, logs, lock), close }
  } catch (error) {
    await close()
    throw error
  }
}

function folderAt(path: string, logs: ReadonlyMap<string, Log>, lock: Lock): Omit<RunFolder, 'close'> {
  const [checkpoint, previous, partial] = [CHECKPOINT, PREVIOUS, PARTIAL].map((name) => join(path, name))
  let isTorn = false // the newest checkpoint, which then must not take the place of the one before it
  return {
    path,
    metrics: logs.get('metrics.jsonl')!,
    samples: logs.get('samples.txt')!,
    hasCheckpoint: async () => (await isThere(checkpoint)) || (await isThere(previous)),
    readRun: () => readTextIfThere(join(path, RUN)),
    readFiles: () => readTextIfThere(join(path, FILES)),
    writeRun: (text) => writeTextAtomically(join(path, RUN), text, { replaces: 'anything' }),
    writeFiles: (text) => writeTextAtomically(join(path, FILES), text, { replaces: 'anything' }),
    async clear() {
      for (const file of [checkpoint, previous, partial]) await rm(file, { force: true })
      for (const log of logs.values()) log.cut(0)
    },
    async openCheckpoint(warn) {
      const newest = await openWhole(checkpoint)
      if ('step' in newest) return newest
      const older = await openWhole(previous)
      if (!('step' in older)) {
        throw new InputError(`${newest.error.message}; no checkpoint before it is sound either: ${ANEW}`)
      }
      isTorn = true
      warn(`${newest.error.message}; going on from the checkpoint before it, step ${older.step}`)
      return older
    },
    cutLogs(lengths) {
      for (const [name, log] of logs) log.cut(lengths[name] ?? 0)
    },
    async saveCheckpoint(head, state, isDurable = true) {
      await lock.assertHeld()
      if (isDurable) for (const log of logs.values()) log.sync()
      const lengths = Object.fromEntries([...logs].map(([name, log]) => [name, log.size()]))
      try {
        const handle = await open(partial, 'w')
        try {
          const sink = { write: (offset: number, bytes: Uint8Array) => writeFully(handle, bytes, offset) }
          await writeCheckpoint(sink, { ...head, logs: lengths }, state, nodeSha256)
          if (isDurable) await handle.sync()
        } finally {
          await handle.close()
        }
        // Between the two renames the previous checkpoint is the newest: openCheckpoint takes it.
        if (!isTorn && (await isThere(checkpoint))) await rename(checkpoint, previous)
        await rename(partial, checkpoint)
        isTorn = false
        if (isDurable) await syncFolder(path)
      } catch (error) {
        await rm(partial, { force: true }).catch(() => undefined)
        refuseSystem(checkpoint, error)
      }
    },
  }
}

/** What a folder holds: `run`, with the name of a file that has steps of it; or `foreign`, a file that a run here would overwrite. */
export type FolderContent =
  | { readonly kind: 'run'; readonly file: string | undefined }
  | { readonly kind: 'foreign'; readonly file: string }

/** Looks whether a run may start in a folder; undefined where there is nothing that it would overwrite. */
export async function contentOf(path: string): Promise<FolderContent | undefined> {
  const names = [CHECKPOINT, PREVIOUS, ...logNames]
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const file = names.find((_, i) => sizes[i] > 0)
  if (await isThere(join(path, RUN))) return { kind: 'run', file }
  return file === undefined ? undefined : { kind: 'foreign', file }
}

/** A checkpoint that is whole, its file still open, or the reason why there is none. */
async function openWhole(path: string): Promise<(Checkpoint & { close(): Promise<void> }) | { error: InputError }> {
  let file: FileSource | undefined
  try {
    file = await openFile(path)
    return { ...(await openCheckpoint(file, nodeSha256)), close: file.close }
  } catch (error) {
    await file?.close()
    if (!(error instanceof InputError)) throw error
    return { error }
  }
}

interface Log extends RunLog {
  size(): number
  /** Cuts to at most `length` bytes, and to whole lines. */
  cut(length: number): void
  sync(): void
  close(): void
}

function openLog(path: string): Log {
  const clear = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      return refuseSystem(path, error)
    }
  }
  const file = clear(() => openSync(path, 'a+'))
  let size = endOfLines(file, Number.POSITIVE_INFINITY)
  return {
    size: () => size,
    append(text) {
      const bytes = new TextEncoder().encode(text)
      for (let at = 0; at < bytes.length; ) at += clear(() => writeSync(file, bytes, at))
      size += bytes.length
    },
    cut(length) {
      size = endOfLines(file, length)
      clear(() => ftruncateSync(file, size))
    },
    sync: () => clear(() => fdatasyncSync(file)),
    close: () => closeSync(file),
  }
}

/** Where the last whole line ends that ends within `length` bytes. */
function endOfLines(file: number, length: number): number {
  const chunk = new Uint8Array(65536)
  let [at, end] = [0, 0]
  while (at < length) {
    const read = readSync(file, chunk, 0, Math.min(chunk.length, length - at), at)
    if (read === 0) break
    const newline = chunk.subarray(0, read).lastIndexOf(10)
    if (newline >= 0) end = at + newline + 1
    at += read
  }
  return end
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
