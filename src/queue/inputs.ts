/** Files and folders that jobs read: whoever asks for jobs puts them into the store, whoever runs one lays them out as they were. */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { makeFolder, refuseSystem } from '../files/files.js'
import { nodeSha256 } from '../files/sha256.js'
import { InputError } from '../safetensors/index.js'
import { fingerprintOf } from '../search/fingerprint.js'
import { type JobInput, placeOfOnce } from './job.js'
import { fetchFile, type StoredFile, storeFile, UnusableContent } from './objects.js'
import { staysWithin } from './read-job.js'
import type { Store } from './store.js'

/**
 * Puts a file, or the files of a folder at any depth, into the store. Hidden files and folders (a dot in front) are left out, links are followed.
 * @param only of a folder: the paths of some files in it with slashes, or which files
 * @throws InputError when it cannot be read or stored, or a folder has no such files
 */
export async function storeInput(
  store: Store,
  path: string,
  only: readonly string[] | ((path: string) => boolean) = () => true,
): Promise<JobInput> {
  const root = resolve(path)
  const name = basename(root)
  const found = await stat(root).catch((error) => refuseSystem(path, error))
  if (!found.isDirectory()) return { name, isFolder: false, files: { [name]: await storeFile(store, root) } }
  const files: Record<string, StoredFile> = {}
  const names = typeof only === 'function' ? (await filesOf(root)).filter(only) : only
  const strange = names.find((each) => !staysWithin(each))
  if (strange !== undefined) throw new InputError(`${join(path, strange)}: a job takes no file with such a name`)
  for (const each of names) files[each] = await storeFile(store, join(root, each))
  if (Object.keys(files).length === 0) throw new InputError(`${path}: is a folder without files`)
  return { name, isFolder: true, files }
}

/** The files of a folder that a folder's tokenizer is read from. */
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json']

/**
 * Puts the tokenizer of a folder into the store, without the model that may lie beside it. The folder's name does not count.
 * @throws InputError when a file cannot be stored, or the folder has no `tokenizer.json`
 */
export async function storeTokenizer(store: Store, folder: string): Promise<JobInput> {
  const files: Record<string, StoredFile> = {}
  for (const name of TOKENIZER_FILES) {
    const path = join(folder, name)
    if (await isThere(path)) files[name] = await storeFile(store, path)
  }
  if (files['tokenizer.json'] === undefined)
    throw new InputError(
      `${folder}: a job takes the tokenizer of a folder with a tokenizer.json, not that of a GGUF file`,
    )
  return { name: 'tokenizer', isFolder: true, files }
}

/** Paths within a folder, with slashes, in order. */
async function filesOf(root: string, within = ''): Promise<string[]> {
  const names = await readdir(join(root, within)).catch((error) => refuseSystem(join(root, within), error))
  const found: string[] = []
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue
    const path = within === '' ? name : `${within}/${name}`
    const { isDirectory, isFile } = await kindOf(join(root, path))
    if (isDirectory) found.push(...(await filesOf(root, path)))
    else if (isFile) found.push(path)
  }
  return found
}

async function kindOf(path: string) {
  const found = await stat(path).catch((error) => refuseSystem(path, error))
  return { isDirectory: found.isDirectory(), isFile: found.isFile() }
}

/** The hash of an input's name and content. */
export const hashOfInput = (input: JobInput): string => fingerprintOf(nodeSha256, input)

/**
 * Lays an input out on this machine, unless it lies there already.
 * @param id of the job that reads it
 * @param cache a folder for inputs of any jobs; what is in it is whole
 * @returns the path of the file or folder
 */
export async function layOut(store: Store, input: JobInput, id: string, cache: string): Promise<string> {
  const { name, isFolder, files, once } = input
  checkPaths(input)
  const folder = join(cache, hashOfInput(input))
  const path = join(folder, name)
  if (await isThere(folder)) return path
  const partial = `${folder}.${randomBytes(6).toString('hex')}.tmp`
  try {
    for (const [within, file] of Object.entries(files)) {
      const to = isFolder ? join(partial, name, within) : join(partial, within)
      await makeFolder(dirname(to))
      await fetchFile(store, file, to, once ? placeOfOnce(id) : undefined)
    }
    await rename(partial, folder).catch(async (error) => {
      if (!(await isThere(folder))) throw error // else another process has laid it out meanwhile
    })
    return path
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** @throws UnusableContent for names that would lead out of the cache: a job comes from a queue that others may write to */
function checkPaths({ name, isFolder, files }: JobInput): void {
  const paths = [name, ...Object.keys(files)]
  const bad = paths.find((path) => !staysWithin(path))
  if (bad !== undefined || name.includes('/'))
    throw new UnusableContent(`input "${bad ?? name}" expected a path without ".."`)
  if (!isFolder && (paths.length !== 2 || paths[1] !== name))
    throw new UnusableContent(`input "${name}" expected one file`)
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
