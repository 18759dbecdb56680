import { nodeSha256 } from '../../src/files/sha256.js'
import { InputError, memorySource } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { openSafetensors } from '../../src/safetensors/open.js'
import { hashOf } from '../../src/ticket/hash.js'
import { open } from './example.js'

export type Loose = Record<string, unknown>

/** A ticket with its metadata or tensors changed and a right hash, so that the hash is not what refuses it. */
export async function forge(
  ticket: Uint8Array,
  change: (metadata: Loose) => void,
  data: (tensors: Map<string, Uint8Array>) => void = () => {},
): Promise<Uint8Array> {
  const file = await openSafetensors(memorySource(ticket))
  const metadata: Loose = JSON.parse(file.metadata.get('slt')!)
  change(metadata)
  const bytes = new Map<string, Uint8Array>()
  for (const name of file.tensors.keys()) bytes.set(name, (await file.readTensor(name)).slice())
  data(bytes)
  const tensors = [...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape, bytes: bytes.get(name)! }))
  const slt = JSON.stringify(metadata)
  const sha256 = hashOf(nodeSha256, new TextEncoder().encode(slt), ...tensors.map((tensor) => tensor.bytes))
  return encodeSafetensors(tensors, { slt, 'slt.sha256': sha256 })
}

/** Opens a ticket of any kind and reads all of it: '' or the line that refuses it; everything else is thrown. */
export async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    const ticket = await open(bytes)
    if (ticket.kind === 'searched') for (const name of ticket.matrices.keys()) await ticket.readMask(name)
    else for (const name of ticket.pairs.keys()) await ticket.readMasks(name)
    for (const name of ticket.dense.keys()) await ticket.readDense(name)
    return ''
  } catch (error) {
    if (!(error instanceof InputError) || /[\p{Cc}\u2028\u2029]/u.test(error.message)) throw error
    return error.message
  }
}

/** Puts a value at a place in a JSON object that some numbers lead to. */
export function replaceAt(metadata: Loose, steps: readonly number[], replacement: unknown): void {
  let parent: Loose = metadata
  for (const [depth, step] of steps.entries()) {
    const keys = Object.keys(parent)
    const key = keys[step % keys.length]
    const child = parent[key]
    const inner = typeof child === 'object' && child !== null && Object.keys(child).length > 0
    if (depth === steps.length - 1 || !inner) {
      parent[key] = replacement
      return
    }
    parent = child as Loose
  }
}

/** Changes of bytes as accidents and malice make them. */
export interface Mutation {
  readonly at: number
  readonly to: number
  readonly kind: string
}

export function mutate(whole: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let bytes = [...whole]
  for (const { at, to, kind } of mutations) {
    const i = at % (bytes.length + 1)
    if (kind === 'set') bytes[i] = to
    else if (kind === 'cut') bytes = bytes.slice(0, i)
    else if (kind === 'drop') bytes.splice(i, 1 + (to % 8))
    else bytes.splice(i, 0, ...bytes.slice(i, i + 1 + (to % 8)))
  }
  return Uint8Array.from(bytes)
}
