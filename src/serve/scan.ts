/** A bounded look through folders for what can be shown: runs, tickets, reports and sweeps. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'

/** Something that was found. */
export interface Found {
  readonly kind: 'run' | 'ticket' | 'report' | 'sweep'
  /** The real path of the folder that is served. */
  readonly root: string
  /** The folder of a run, report or sweep, the file of a ticket; a real path below `root`. */
  readonly path: string
  /** The path below `root`, with slashes; with the root's own name before it where several are served. */
  readonly name: string
  /** Of a report or sweep: the names of its files that are served. */
  readonly files: readonly string[]
}

/** Bounds of a scan. */
export interface ScanLimits {
  /** Folders below the one that is served, an integer >= 0. */
  readonly depth: number
  /** Files and folders looked at. */
  readonly entries: number
  /** Runs, tickets, reports and sweeps, of each. */
  readonly found: number
}

export const SCAN_LIMITS: ScanLimits = { depth: 6, entries: 50_000, found: 1000 }

/** Files of `slt reproduce` that are served. */
export const REPORT_FILE = /^(report\.html|figure-(?:[4-8]|rotary)\.(svg|json))$/

/** Files of `slt sweep` that are served as they are. */
export const SWEEP_FILE = /^(results\.(csv|json|md)|runs\.csv|figure\.svg)$/

const TICKET_FILE = /\.slt\.safetensors$/

/** Folders that hold no results, and many files. */
const skipped = new Set(['node_modules', '__pycache__'])

/**
 * Looks through folders, the nearest first. Links are not followed, names with a dot in front are passed over, and so is
 * what cannot be read.
 * @param roots real paths of folders
 * @returns what was found, and a sentence where a limit was met
 */
export async function scanFolders(
  roots: readonly string[],
  limits: ScanLimits = SCAN_LIMITS,
): Promise<{ found: Found[]; truncated: string | null }> {
  const found: Found[] = []
  const counts = { run: 0, ticket: 0, report: 0, sweep: 0 }
  const truncated = new Set<string>()
  const seen = new Set<string>()
  let entries = 0
  let level = roots.map((root) => ({ root, path: root }))
  for (let depth = 0; level.length > 0; depth++) {
    const next: typeof level = []
    for (const { root, path } of level) {
      if (seen.has(path)) continue // a folder that is served lies in another one
      seen.add(path)
      const items = await readdir(path, { withFileTypes: true }).catch(() => [])
      if (entries + items.length > limits.entries) {
        truncated.add(`only the first ${limits.entries} files and folders were looked at`)
        break
      }
      entries += items.length
      const add = (kind: Found['kind'], file = path, files: readonly string[] = []) => {
        if (counts[kind] === limits.found) truncated.add(`only ${limits.found} ${kind}s are listed`)
        else {
          counts[kind]++
          found.push({ kind, root, path: file, name: nameOf(root, file, roots.length > 1), files })
        }
      }
      const files = items.filter((item) => item.isFile()).map(({ name }) => name)
      if (files.includes('run.json') && files.includes('metrics.jsonl')) add('run')
      const report = files.filter((name) => REPORT_FILE.test(name)).sort()
      if (report.some((name) => name.startsWith('figure-'))) add('report', path, report)
      if (files.includes('sweep.json') && files.includes('state.json'))
        add('sweep', path, files.filter((name) => SWEEP_FILE.test(name)).sort())
      for (const name of files) if (TICKET_FILE.test(name) && !name.startsWith('.')) add('ticket', join(path, name))
      for (const item of items) {
        if (!item.isDirectory() || item.name.startsWith('.') || skipped.has(item.name)) continue
        if (depth < limits.depth) next.push({ root, path: join(path, item.name) })
        else truncated.add(`folders more than ${limits.depth} deep were not looked at`)
      }
    }
    level = next
  }
  return { found, truncated: truncated.size > 0 ? `${[...truncated].join('; ')}` : null }
}

function nameOf(root: string, path: string, isOneOfMany: boolean): string {
  const below = relative(root, path).split(sep).join('/')
  const own = basename(root) || root
  if (below === '') return own
  return isOneOfMany ? `${own}/${below}` : below
}

/** When the file or folder last changed, in milliseconds since 1970; undefined where it has vanished. */
export const modifiedAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
