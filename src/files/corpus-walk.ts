/** The texts of a folder. Links are followed, but no folder and no file is read twice. */
import { opendir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { refuseSystem } from './files.js'

/** A text that was found. */
export interface FoundText {
  readonly path: string
  /** Within the folder, with slashes. */
  readonly name: string
  /** Bytes, >= 1. */
  readonly bytes: number
}

export interface WalkOptions {
  /**
   * Take hidden files too, and no `.txt.gz`: the texts that runs without a list of their files were started on, before there
   * were such lists.
   */
  readonly asBefore?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** @param bytes of the texts that were found so far */
  onFound?(bytes: number, path: string): void
}

/** What a folder holds. */
export interface Walk {
  /** Without the empty ones, sorted by their names' UTF-16 code units. */
  readonly texts: readonly FoundText[]
  /** Empty texts that were left out. */
  readonly empty: number
  /** What was left out and why, a line each. */
  readonly notes: readonly string[]
}

/** Texts that are found between two reports. */
const REPORT_EVERY = 256

/** Folders that systems and programs put beside one's own files; their names need no dot to be hidden. */
const isHidden = (name: string): boolean => name.startsWith('.') || name === '__MACOSX'

/**
 * Finds the texts of a folder at any depth: files named `.txt` or `.txt.gz`, in any case. Hidden files and folders are left out
 * (a dot in front, `__MACOSX`). Folders are visited under their real path before links to them, so that their files have the
 * same names whatever links there are; a link to a folder that holds this one is not followed.
 * A link named `.txt` or `.txt.gz` that leads nowhere is left out, with a note.
 * @throws InputError for what cannot be read; the signal's reason when it aborts
 */
export async function findTexts(folder: string, options: WalkOptions): Promise<Walk> {
  const { asBefore = false, signal, onFound } = options
  const isText = (name: string) => (asBefore ? /\.txt$/i : /\.txt(\.gz)?$/i).test(name)
  const root = await realpath(folder).catch((error) => refuseSystem(folder, error))
  const texts: FoundText[] = []
  const seen = new Set<string>() // real paths of folders, and of texts
  const hidden: string[] = []
  const upward: string[] = []
  const dangling: string[] = []
  let [bytes, empty, again] = [0, 0, 0]

  const add = (name: string, real: string, size: number) => {
    seen.add(real)
    if (size === 0) empty++
    else texts.push({ path: join(folder, name), name, bytes: size })
    bytes += size
    if (texts.length % REPORT_EVERY === 1) onFound?.(bytes, join(folder, name))
  }

  /** Adds the texts of a folder, and finds the folders and the links in it. */
  const visit = async ({ name, real }: Place, folders: Place[], links: string[]) => {
    const path = join(folder, name)
    const entries = await opendir(path, { bufferSize: 256 }).catch((error) => refuseSystem(path, error))
    for await (const entry of entries) {
      signal?.throwIfAborted()
      const inside = name === '' ? entry.name : `${name}/${entry.name}`
      const place = { name: inside, real: join(real, entry.name) }
      if (isHidden(entry.name) && !asBefore) {
        if (entry.isDirectory() || isText(entry.name)) hidden.push(inside)
      } else if (entry.isSymbolicLink()) links.push(inside)
      else if (entry.isDirectory()) folders.push(place)
      else if (entry.isFile() && isText(entry.name)) {
        add(inside, place.real, (await statOf(join(folder, inside))).size)
      }
    }
  }

  const links: string[] = []
  const fileLinks: string[] = []
  const folders: Place[] = [{ name: '', real: root }]
  const visitAll = async () => {
    for (let place = folders.pop(); place !== undefined; place = folders.pop()) {
      if (seen.has(place.real)) continue // a link led here before
      seen.add(place.real)
      await visit(place, folders, links)
    }
  }
  await visitAll()
  while (links.length > 0) {
    for (const link of links.splice(0).sort()) {
      signal?.throwIfAborted()
      const target = await targetOf(join(folder, link), isText(link))
      if (target === undefined) continue
      if (target === 'nowhere') {
        dangling.push(link)
        continue
      }
      if (target.isFile) {
        if (isText(link)) fileLinks.push(link)
      } else if (seen.has(target.real)) again++
      else if (isInside(root, target.real)) upward.push(link)
      else {
        folders.push({ name: link, real: target.real })
        await visitAll()
      }
    }
  }
  for (const link of fileLinks) {
    signal?.throwIfAborted()
    const target = await targetOf(join(folder, link), true)
    if (target === undefined || target === 'nowhere' || !target.isFile) continue // changed meanwhile
    if (seen.has(target.real)) again++
    else add(link, target.real, target.size)
  }

  texts.sort((a, b) => (a.name < b.name ? -1 : 1))
  const notes: string[] = []
  const note = (line: string) => notes.push(`${folder}: ${line}`)
  if (hidden.length > 0) note(`left out what is hidden: ${listed(hidden)}`)
  if (again > 0) note(`left out ${again} ${again === 1 ? 'link' : 'links'} to what is read already`)
  if (upward.length > 0) note(`left out links to a folder that holds this one: ${listed(upward)}`)
  if (dangling.length > 0) note(`left out links that lead nowhere: ${listed(dangling)}`)
  return { texts, empty, notes }
}

/** A folder: its name within the one that is walked, and its real path. */
interface Place {
  readonly name: string
  readonly real: string
}

const statOf = (path: string) => stat(path).catch((error) => refuseSystem(path, error))

/** Whether a real path lies below a folder's. */
const isInside = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)

/** Where a link leads; `nowhere` where its target is missing; undefined for what is no text: neither a file nor a folder, or unreadable under another name. */
async function targetOf(path: string, isText: boolean) {
  try {
    const info = await stat(path)
    if (!info.isFile() && !info.isDirectory()) return undefined
    return { isFile: info.isFile(), size: info.size, real: await realpath(path) }
  } catch (error) {
    if (!isText) return undefined
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nowhere' : refuseSystem(path, error)
  }
}

/** Some names, the first three in full. */
export function listed(names: readonly string[]): string {
  const first = [...names].sort().slice(0, 3).join(', ')
  return names.length > 3 ? `${first} and ${(names.length - 3).toLocaleString('en-US')} more` : first
}
