/** Copies what the runs of a sweep have made, tickets and trained models, out of its store. */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../files/files.js'
import { describeFile, fetchFile } from './objects.js'
import type { RunState } from './run-state.js'
import type { Store } from './store.js'

/** A run's model as a file. */
export interface RunModel {
  readonly label: string
  readonly path: string
}

/** The names that jobs give to what they make, and how a file of it ends. */
const ENDINGS = { ticket: '.slt.safetensors', model: '.safetensors' }

/**
 * Copies the models of all runs that are done into a folder. Those that are there already are left as they are.
 * @returns the file of each run that made a model
 * @throws InputError when the store does not have one, or has another content under its hash
 */
export async function bringModels(
  runs: readonly RunState[],
  store: Store,
  folder: string,
  signal: AbortSignal,
): Promise<RunModel[]> {
  await makeFolder(folder)
  const names = fileNames(runs)
  const models: RunModel[] = []
  for (const [i, { label, files = {} }] of runs.entries()) {
    signal.throwIfAborted()
    const kind = (['ticket', 'model'] as const).find((each) => files[each] !== undefined)
    if (kind === undefined) continue
    const path = join(folder, names[i] + ENDINGS[kind])
    const there = await describeFile(path).catch(() => undefined)
    if (there?.sha256 !== files[kind]) await copyOver(store, files[kind], path)
    models.push({ label, path })
  }
  return models
}

/** Copies a file beside its place first, so that the place never holds a part of it. */
async function copyOver(store: Store, sha256: string, path: string): Promise<void> {
  const partial = `${path}.${process.pid}.tmp`
  await rm(partial, { force: true })
  await fetchFile(store, { sha256, bytes: 0 }, partial)
  await rename(partial, path)
}

/** A name for each run that is fit for a file, after what sets it apart: `keep-0.3_seed-1`. */
export function fileNames(runs: readonly Pick<RunState, 'label' | 'varied'>[]): string[] {
  const used = new Set<string>()
  return runs.map(({ label, varied }) => {
    const parts = Object.entries(varied).map(([name, value]) => `${name}-${plain(value)}`)
    const name = parts.join('_').slice(0, 150) || plain(label)
    let own = name
    for (let times = 2; used.has(own.toLowerCase()); times++) own = `${name}_${times}`
    used.add(own.toLowerCase())
    return own
  })
}

/** Of a path its last part; letters, digits, dots and dashes stay. */
const plain = (value: string): string =>
  value
    .replace(/[/\\]+$/, '')
    .replace(/^.*[/\\]/, '')
    .replace(/[^A-Za-z0-9.+-]+/g, '-')
    .replace(/^\.+/, '')
