/** Writes exports: a file or a folder of files, whole or not at all. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { OutputFile } from '../interop/index.js'
import { InputError, quoted } from '../safetensors/index.js'
import {
  type AtomicOptions,
  type ByteSink,
  makeFolder,
  refuseSystem,
  removeAtExit,
  syncFolder,
  writeAtomically,
} from './files.js'
import { expectPath, type OutputRules, refuseInputs } from './output-path.js'

/** How an export is written. */
export interface WriteOptions {
  /** Replaces what is there. */
  readonly force?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** @param done of `total` bytes; @param file that is being written */
  onProgress?(done: number, total: number, file: string): void
}

/** What a model folder may hold. A folder with anything else is never replaced. */
const modelFiles =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|modules|sentence_bert_config|config_sentence_transformers)\.json$|^(merges|vocab)\.txt$|^1_Pooling$|^README\.md$|^LICENSE$|^\.gitattributes$|\.safetensors(\.index\.json)?$|^onnx$/

/**
 * Checks that an export may go to a path, before any work.
 * @param isFolder whether it will be a folder of files, or one file
 * @throws RangeError when the path is empty; InputError when something is there that may not be replaced
 */
export async function checkOutput(
  path: string,
  isFolder: boolean,
  { inputs = [], force = false }: OutputRules = {},
): Promise<void> {
  expectPath(path)
  await refuseInputs(path, inputs)
  const there = await lstat(path).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return refuseSystem(path, error)
  })
  if (!there) return
  if (!isFolder) {
    if (!there.isFile()) throw new InputError(`${path}: is there already, and is no file`)
    if (!force) throw new InputError(`${path}: is there already (--force replaces it)`)
    return
  }
  if (there.isSymbolicLink())
    throw new InputError(`${path}: is a link, which a folder cannot replace: name where it leads`)
  if (!there.isDirectory()) throw new InputError(`${path}: is there already, and is no folder`)
  const entries = await readdir(path).catch((error) => refuseSystem(path, error))
  if (entries.length === 0) return
  if (!force) throw new InputError(`${path}: the folder is not empty (--force replaces a model in it)`)
  const foreign = await foreignEntry(path)
  if (foreign !== undefined) {
    throw new InputError(`${path}: holds ${quoted(foreign)}, which is no part of a model: not replaced`)
  }
}

/**
 * Writes one file, replacing the path at the end.
 * @throws InputError when it cannot be written; the signal's reason when it aborts, which leaves nothing behind
 */
export async function writeOutputFile(path: string, file: OutputFile, options: WriteOptions = {}): Promise<void> {
  await checkOutput(path, false, options)
  await makeFolder(dirname(resolve(path)))
  const replaces = options.force ? 'anything' : 'nothing'
  await writeFile(path, file, createCounter(file.size, options), options.signal, { replaces })
}

/**
 * Writes a folder of files beside its final place and renames it at the end: there is the whole model or what was before.
 * @throws as {@link writeOutputFile}
 */
export async function writeOutputFolder(
  path: string,
  files: readonly OutputFile[],
  options: WriteOptions = {},
): Promise<void> {
  const { force = false, signal } = options
  await checkOutput(path, true, options)
  const place = resolve(path)
  await makeFolder(dirname(place))
  const beside = (suffix: string) =>
    join(dirname(place), `.${basename(place)}.${randomBytes(6).toString('hex')}.${suffix}`)
  const temporary = beside('tmp')
  await mkdir(temporary).catch((error) => refuseSystem(path, error))
  const finish = removeAtExit(temporary)
  try {
    const count = createCounter(
      files.reduce((sum, { size }) => sum + size, 0),
      options,
    )
    for (const file of files) {
      const target = join(temporary, ...file.path.split('/'))
      await makeFolder(dirname(target))
      await writeFile(target, file, count, signal, { shown: join(path, file.path) })
    }
    await replaceFolder(temporary, place, beside('old'), force).catch((error) => refuseSystem(path, error))
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  } finally {
    finish()
  }
  await syncFolder(dirname(place))
}

/**
 * Puts a folder in the place of another, or of none. What came there while the model was written stays: anything without `force`, and
 * with it whatever is no part of a model.
 */
async function replaceFolder(from: string, to: string, aside: string, force: boolean): Promise<void> {
  const moved = force && (await moveAside(to, aside))
  try {
    if (moved) {
      const foreign = await foreignEntry(aside)
      if (foreign !== undefined) throw new InputError(`${to}: ${JSON.stringify(foreign)} was put into it: not replaced`)
    }
    if (process.platform === 'win32' && !force) await rmdir(to).catch(() => undefined) // there a rename replaces no folder
    await rename(from, to).catch((error: NodeJS.ErrnoException) => {
      // A rename takes the place of an empty folder, and of nothing else.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(error.code ?? '')) throw error
      throw new InputError(`${to}: something was put there while the model was written: not replaced`, { cause: error })
    })
  } catch (error) {
    if (moved) await rename(aside, to)
    throw error
  }
  if (moved) await rm(aside, { recursive: true, force: true })
}

/** Whether there was something to move. */
function moveAside(from: string, aside: string): Promise<boolean> {
  return rename(from, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

/** The first entry of a folder that is no part of a model. */
async function foreignEntry(path: string): Promise<string | undefined> {
  const entries = await readdir(path).catch((error) => refuseSystem(path, error))
  const onnx = entries.includes('onnx') ? await readdir(join(path, 'onnx')).catch(() => ['onnx']) : []
  return entries.find((name) => !modelFiles.test(name)) ?? onnx.find((name) => !name.endsWith('.onnx'))
}

type Count = (bytes: number, file: string) => void

function createCounter(total: number, { onProgress }: WriteOptions): Count {
  let done = 0
  return (bytes, file) => {
    done += bytes
    onProgress?.(done, total, file)
  }
}

function writeFile(
  path: string,
  file: OutputFile,
  count: Count,
  signal: AbortSignal | undefined,
  options: AtomicOptions,
): Promise<void> {
  const write = async (sink: ByteSink) => {
    let offset = 0
    for (const chunk of file.chunks()) {
      signal?.throwIfAborted()
      await sink.write(offset, chunk)
      offset += chunk.length
      count(chunk.length, file.path)
      await new Promise((resolve) => setImmediate(resolve)) // lets a signal in
    }
    if (offset !== file.size) throw new Error(`${file.path}: ${offset} bytes were written instead of ${file.size}`)
  }
  return writeAtomically(path, write, options)
}
