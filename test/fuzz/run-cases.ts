/** Runs cases one after another, and watches what each of them asks the memory for. */
import { InputError } from '../../src/safetensors/index.js'
import { watchAllocations } from './allocations.js'
import { type CaseRandom, createCaseRandom } from './case-random.js'
import { compactCase, readCompact } from './compact-cases.js'
import { ggufCase, readGguf } from './gguf-cases.js'
import { readSafetensors, safetensorsCase } from './safetensors-cases.js'
import { readTicket, ticketCase } from './ticket-cases.js'

/** What is changed. */
export const fuzzKinds = ['tickets', 'safetensors', 'gguf', 'compact'] as const
export type FuzzKind = (typeof fuzzKinds)[number]

/** Bytes that a file may ask for, its own length beside them. Small: a lie need not be large to be seen. */
export const CASE_LIMIT = 2 ** 20

/** A link may hold 2^24 weights: a byte each where they are redrawn, and twice while a file is made of them. */
const LIMITS: Readonly<Record<FuzzKind, number>> = {
  tickets: CASE_LIMIT,
  safetensors: CASE_LIMIT,
  gguf: CASE_LIMIT,
  compact: 2 ** 26,
}

/** Bytes of array buffers that are alive or not yet collected, whatever the cases were. */
export const CEILING = 256 * 2 ** 20

const sources: Readonly<
  Record<FuzzKind, { make(random: CaseRandom): Uint8Array; read(bytes: Uint8Array, limit: number): Promise<void> }>
> = {
  tickets: { make: ticketCase, read: readTicket },
  safetensors: { make: safetensorsCase, read: readSafetensors },
  gguf: { make: ggufCase, read: readGguf },
  compact: { make: compactCase, read: readCompact },
}

/** A case that was neither read nor refused in one line, or asked for more memory than it may. */
export class FuzzFailure extends Error {
  readonly kind: FuzzKind
  readonly number: number
  readonly bytes: Uint8Array

  constructor(kind: FuzzKind, number: number, bytes: Uint8Array, cause: unknown) {
    super(`${kind}, case ${number}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    this.kind = kind
    this.number = number
    this.bytes = bytes
  }
}

/** What came of some cases. */
export interface Outcomes {
  read: number
  refused: number
  /** Largest single array that a case asked for, of those that are held to {@link CASE_LIMIT}, and its file's length taken off. */
  largest: number
  /** Largest sum of array buffers that was seen. */
  peak: number
}

export const noOutcomes = (): Record<FuzzKind, Outcomes> => {
  const none = (): Outcomes => ({ read: 0, refused: 0, largest: 0, peak: 0 })
  return { tickets: none(), safetensors: none(), gguf: none(), compact: none() }
}

/**
 * Runs case `number` of a kind.
 * @throws FuzzFailure where it is neither read nor refused
 */
export async function runCase(kind: FuzzKind, seed: number, number: number, outcomes: Outcomes): Promise<void> {
  const bytes = sources[kind].make(createCaseRandom(seed, number))
  try {
    const largest = await watchAllocations(async () => {
      outcomes[(await isRead(kind, bytes)) ? 'read' : 'refused']++
    })
    const own = largest - bytes.length
    outcomes.largest = Math.max(outcomes.largest, own)
    if (own > LIMITS[kind]) throw new Error(`asked for an array of ${largest} bytes, for a file of ${bytes.length}`)
    if (number % 64 === 0) {
      outcomes.peak = Math.max(outcomes.peak, process.memoryUsage().arrayBuffers)
      if (outcomes.peak > CEILING) throw new Error(`array buffers hold ${outcomes.peak} bytes`)
    }
  } catch (error) {
    throw new FuzzFailure(kind, number, bytes, error)
  }
}

async function isRead(kind: FuzzKind, bytes: Uint8Array): Promise<boolean> {
  try {
    await sources[kind].read(bytes, LIMITS[kind])
    return true
  } catch (error) {
    if (error instanceof InputError && !/[\p{Cc}\u2028\u2029]/u.test(error.message)) return false
    throw error
  }
}
