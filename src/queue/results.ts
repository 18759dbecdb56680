/**
 * Results in a store, each once under its job's id. `results/<id>.json` is written whole or not at all and holds nothing that differs from run to run,
 * so that two workers that did the same job can be held against each other. Who made it, and how long that took, stands in `made/<id>/`.
 */
import { randomBytes } from 'node:crypto'
import { nodeSha256 } from '../files/sha256.js'
import { InputError } from '../safetensors/index.js'
import { canonicalJson, fingerprintOf } from '../search/fingerprint.js'
import type { Job, JsonObject } from './job.js'
import { hasFile, hashOfBytes, type StoredFile } from './objects.js'
import { readFiles } from './read-job.js'
import type { Store } from './store.js'

/** What a job has found. */
export interface JobResult {
  readonly values: JsonObject
  /** By the names that the kind gives them. */
  readonly files: Readonly<Record<string, StoredFile>>
}

/** Who made a result. */
export interface Making {
  readonly worker: string
  /** Of the last try, from its start or its checkpoint on. */
  readonly seconds: number
  /** ISO 8601, UTC. */
  readonly at: string
}

/** A {@link Making} in the store. */
export interface StoredMaking extends Making {
  /** Whether it found what stands under `results/`. */
  readonly agrees: boolean
}

const encoder = new TextEncoder()
const keyOf = (id: string) => `results/${id.slice(0, 2)}/${id}.json`

/**
 * The result of a job, where there is one whose files are there.
 * @param warn hears of a result that is damaged: it is moved to `damaged/`, and the job is to be run again
 */
export async function findResult(
  store: Store,
  id: string,
  warn: (line: string) => void,
): Promise<JobResult | undefined> {
  const bytes = await store.read(keyOf(id))
  if (bytes === undefined) return undefined
  const result = parseResult(bytes, id)
  const trouble =
    result === undefined
      ? 'it is not a result, or does not have the hash that it says'
      : await missingFile(store, result)
  if (trouble === undefined) return result
  warn(`${store.address}/${keyOf(id)}: ${trouble}; it is set aside, and the job is run again`)
  await setAside(store, id, bytes)
  return undefined
}

async function setAside(store: Store, id: string, bytes: Uint8Array): Promise<void> {
  await store.create(`damaged/${id}-${randomBytes(4).toString('hex')}.json`, bytes)
  await store.remove(keyOf(id))
}

async function missingFile(store: Store, { files }: JobResult): Promise<string | undefined> {
  for (const [name, file] of Object.entries(files)) {
    if (!(await hasFile(store, file))) return `its file ${name} is not whole in the store any more`
  }
  return undefined
}

/**
 * Stores the result of a job whose files are in the store already.
 * @returns whether it agrees with what is there: false where another worker stored another result first. That one stays, and this one is kept in
 *   `disagreements/<id>/`
 * @throws InputError when the store has lost the write
 */
export async function keepResult(store: Store, job: Job, result: JobResult, making: Making): Promise<boolean> {
  const bytes = formatResult(job, result)
  const key = keyOf(job.id)
  let isNew = await store.create(key, bytes)
  let there = await store.read(key)
  if (!isNew && there !== undefined && parseResult(there, job.id) === undefined) {
    await setAside(store, job.id, there) // damaged while this job ran: it is no other result
    isNew = await store.create(key, bytes)
    there = await store.read(key)
  }
  if (there === undefined)
    throw new InputError(`${store.address}/${key}: was written, and is not there: the store lost it`)
  const agrees = Buffer.from(there).equals(bytes)
  if (!agrees && isNew) throw new InputError(`${store.address}/${key}: reads back other bytes than were written`)
  const told = encoder.encode(`${canonicalJson({ ...making, agrees })}\n`)
  await store.create(`made/${job.id}/${randomBytes(8).toString('hex')}.json`, told)
  if (!agrees) await store.replace(`disagreements/${job.id}/${hashOfBytes(bytes)}.json`, bytes)
  return agrees
}

/** Whether some worker found another result for a job than the one that is kept. */
export const isDisputed = async (store: Store, id: string): Promise<boolean> =>
  (await store.list(`disagreements/${id}/`)).length > 0

/** Who made the result of a job, the earliest first: more than one where a claim ran out, or a store is shared by queues. */
export async function makingsOf(store: Store, id: string): Promise<StoredMaking[]> {
  const found: StoredMaking[] = []
  for (const key of await store.list(`made/${id}/`)) {
    const bytes = await store.read(key)
    if (bytes) found.push(JSON.parse(new TextDecoder().decode(bytes)))
  }
  return found.sort((a, b) => (a.at < b.at ? -1 : 1))
}

function formatResult({ id, kind }: Job, { values, files }: JobResult): Uint8Array {
  const content = { id, kind, values, files }
  return encoder.encode(`${canonicalJson({ sha256: fingerprintOf(nodeSha256, content), ...content })}\n`)
}

/** @returns undefined for bytes that are no result of this job as it was written */
function parseResult(bytes: Uint8Array, id: string): JobResult | undefined {
  try {
    const { sha256, ...content } = JSON.parse(new TextDecoder().decode(bytes))
    if (content.id !== id || fingerprintOf(nodeSha256, content) !== sha256) return undefined
    if (typeof content.values !== 'object' || content.values === null) return undefined
    return { values: content.values, files: readFiles('files', content.files) }
  } catch {
    return undefined
  }
}
