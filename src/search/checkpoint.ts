/**
 * The state of a run as a safetensors file: every array that a further step depends on, and where the run stood. Its hash
 * is SHA-256 over the head's text and then the data, so that a torn or changed file is never taken for a whole one.
 */
import {
  type ByteSource,
  type Dtype,
  float32Bytes,
  InputError,
  openSafetensors,
  parseJson,
  planSafetensors,
  quoted,
} from '../safetensors/index.js'
import { littleEndian } from '../safetensors/integers.js'
import { hashOf, hashTicket } from '../ticket/hash.js'
import type { CreateSha256 } from '../ticket/index.js'

/** An array of the state, as it lies in memory: checkpoints read it and restoring writes it in place. */
export interface StateTensor {
  readonly name: string
  readonly values: Float32Array | Uint8Array
}

/** Where a run stood. */
export interface CheckpointHead {
  /** Steps done, an integer >= 0. */
  readonly step: number
  /** Seconds spent on them. */
  readonly seconds: number
  /** Lengths in bytes of the run's logs, by name, so that they can be cut back to this step. */
  readonly logs: Readonly<Record<string, number>>
  /** What determines the run's result (settings and the corpus): only an equal one may go on from here. */
  readonly identity: object
}

/** An opened checkpoint: structure and hash checked. */
export interface Checkpoint extends CheckpointHead {
  /** Copies the saved arrays into the state. InputError, and no array touched, when names or lengths differ. */
  restore(state: readonly StateTensor[]): Promise<void>
}

const HEAD_KEY = 'slt-checkpoint'
const HASH_KEY = 'sha256'
const VERSION = '1'

/** Writes a checkpoint's bytes from offset 0. */
export async function writeCheckpoint(
  sink: { write(offset: number, bytes: Uint8Array): Promise<void> },
  head: CheckpointHead,
  state: readonly StateTensor[],
  createSha256: CreateSha256,
): Promise<void> {
  const { step, seconds, logs, identity } = head
  const text = JSON.stringify({ version: VERSION, step, seconds, logs, identity })
  const plans = state.map(({ name, values }) => ({ name, dtype: dtypeOf(values), shape: [values.length] }))
  const bytes = state.map(({ values }) => bytesOf(values))
  const sha256 = hashOf(createSha256, new TextEncoder().encode(text), ...bytes)
  const { header, tensors } = planSafetensors(plans, { [HEAD_KEY]: text, [HASH_KEY]: sha256 })
  await sink.write(0, header)
  for (const [i, { name }] of state.entries()) await sink.write(tensors.get(name)!.byteOffset, bytes[i])
}

/**
 * Opens a checkpoint and checks it whole.
 * @throws InputError in one line when it is torn, changed or no checkpoint
 */
export async function openCheckpoint(source: ByteSource, createSha256: CreateSha256): Promise<Checkpoint> {
  const file = await openSafetensors(source)
  const text = file.metadata.get(HEAD_KEY)
  if (text === undefined) throw new InputError(`${source.name}: not a checkpoint of a search`)
  assertVersion(source.name, text) // first: another version may hash otherwise
  const actual = await hashTicket(text, source, file.dataOffset, source.size, createSha256)
  if (file.metadata.get(HASH_KEY) !== actual) {
    throw new InputError(`${source.name}: wrong hash: the checkpoint is torn or was changed`)
  }
  const { step, seconds, logs, identity } = readHead(source.name, text)
  return {
    step,
    seconds,
    logs,
    identity,
    async restore(state) {
      const fits = ({ name, values }: StateTensor) => {
        const info = file.tensors.get(name)
        return info?.dtype === dtypeOf(values) && info.byteLength === values.byteLength
      }
      const names = new Set(state.map(({ name }) => name))
      const wrong = state.find((each) => !fits(each))?.name ?? [...file.tensors.keys()].find((name) => !names.has(name))
      if (wrong !== undefined) {
        throw new InputError(`${source.name}: does not hold the arrays of this run, but another ${quoted(wrong)}`)
      }
      for (const { name, values } of state) {
        const bytes = await file.readTensor(name)
        if (values instanceof Uint8Array) values.set(bytes)
        else copyFloats(bytes, values)
      }
    },
  }
}

/** @throws InputError unless this version of the program wrote the head, or it is torn */
function assertVersion(name: string, text: string): void {
  let version: unknown
  try {
    version = (parseJson(text) as { version?: unknown } | null)?.version
  } catch {
    return // the hash will not be right
  }
  if (version === VERSION) return
  throw new InputError(
    `${name}: checkpoint version ${quoted(version)} is unknown: another version of this program wrote it`,
  )
}

/** @throws InputError when the fields are not those of a run: another program wrote it */
function readHead(name: string, text: string): CheckpointHead {
  const { step, seconds, logs, identity } = parseJson(text) as Record<keyof CheckpointHead, unknown>
  const check = (key: string, value: unknown, isSound: boolean, expected: string) => {
    if (isSound) return
    throw new InputError(`${name}: not a checkpoint of a search: "${key}" expected ${expected}, got ${quoted(value)}`)
  }
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  check('step', step, isCount(step), 'an integer >= 0')
  check('seconds', seconds, Number.isFinite(seconds) && (seconds as number) >= 0, 'a number >= 0')
  check('logs', logs, isObject(logs) && Object.values(logs as object).every(isCount), 'lengths in bytes')
  check('identity', identity, isObject(identity), 'an object')
  return { step, seconds, logs, identity } as CheckpointHead
}

/** The first array of the state that holds an infinity or NaN. */
export function firstNotFinite(state: readonly StateTensor[]): string | undefined {
  return state.find(({ values }) => values instanceof Float32Array && !isFiniteThroughout(values))?.name
}

function isFiniteThroughout(values: Float32Array): boolean {
  let sum = 0 // x * 0 is NaN for infinities and NaN, and 0 for the rest
  for (let i = 0; i < values.length; i++) sum += values[i] * 0
  return sum === 0
}

const dtypeOf = (values: StateTensor['values']): Dtype => (values instanceof Uint8Array ? 'U8' : 'F32')

/** Little-endian bytes: a view of the values where the machine keeps them so. */
function bytesOf(values: StateTensor['values']): Uint8Array {
  if (values instanceof Uint8Array) return values
  return littleEndian ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : float32Bytes(values)
}

function copyFloats(bytes: Uint8Array, values: Float32Array): void {
  if (littleEndian) {
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes)
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true)
}
