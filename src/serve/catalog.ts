/** What the served folders hold, under opaque ids: a path of a client never reaches the file system. */
import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { refuseSystem } from '../files/files.js'
import { InputError } from '../safetensors/index.js'
import { isInside } from './open-inside.js'
import { type Found, scanFolders } from './scan.js'

/** Something that was found, with its id. */
export interface Entry extends Found {
  /** 16 hexadecimal digits of the hash of kind and path, so that a link holds after a restart. */
  readonly id: string
}

/** The folders that are served. */
export interface Catalog {
  /** Their own names. */
  readonly folders: readonly string[]
  /** All of a kind, from a scan that is a few seconds old at most. */
  list(kind: Entry['kind']): Promise<{ entries: readonly Entry[]; truncated: string | null }>
  /** The entry of an id, which a scan has found. */
  find(kind: Entry['kind'], id: string): Promise<Entry | undefined>
  /**
   * Where a path that a file names lies among the served folders, by its names alone; undefined where it lies outside of all.
   * @returns the folder's real path, and the path below it
   */
  placeOf(path: string): { root: string; path: string } | undefined
  /** The id that a path has, whether it is there or not. */
  idOf(kind: Entry['kind'], path: string): string
}

interface Scan {
  readonly at: number
  readonly entries: ReadonlyMap<string, Entry>
  readonly truncated: string | null
}

/** A scan is used for so many milliseconds, and for ten times as long as it took. */
const FRESH = 2000

/**
 * Opens folders for serving.
 * @throws InputError when one is missing or no folder
 */
export async function openCatalog(
  folders: readonly string[],
  now: () => number = () => performance.now(),
): Promise<Catalog> {
  const roots: string[] = []
  const names: { name: string; root: string }[] = []
  for (const folder of folders) {
    const root = await realpath(folder).catch((error) => refuseSystem(folder, error))
    if (!(await stat(root)).isDirectory()) throw new InputError(`${folder}: is no folder; give the folder it lies in`)
    if (!roots.includes(root)) roots.push(root)
    names.push({ name: root, root }, { name: resolve(folder), root }) // as it was given: links may lead to it
  }
  let last: Scan | undefined
  let fresh = FRESH
  let running: Promise<Scan> | undefined
  const scan = async (): Promise<Scan> => {
    const start = now()
    const { found, truncated } = await scanFolders(roots)
    const at = now()
    fresh = Math.max(FRESH, 10 * (at - start))
    const entries = new Map(found.map((one) => [idOf(one.kind, one.path), { ...one, id: idOf(one.kind, one.path) }]))
    last = { at, entries, truncated }
    return last
  }
  const current = async (): Promise<Scan> => {
    if (last !== undefined && now() - last.at < fresh) return last
    running ??= scan().finally(() => {
      running = undefined
    })
    return running
  }
  return {
    folders: roots.map((root) => basename(root) || root),
    async list(kind) {
      const { entries, truncated } = await current()
      return { entries: [...entries.values()].filter((entry) => entry.kind === kind), truncated }
    },
    async find(kind, id) {
      const known = last?.entries.get(id) ?? (await current()).entries.get(id)
      return known?.kind === kind ? known : undefined
    },
    placeOf(path) {
      const found = names.find(({ name }) => isInside(name, path))
      return found && { root: found.root, path: join(found.root, relative(found.name, path)) }
    },
    idOf,
  }
}

const idOf = (kind: Entry['kind'], path: string): string =>
  createHash('sha256').update(`${kind}\0${path}`).digest('hex').slice(0, 16)
