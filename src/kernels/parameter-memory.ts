/**
 * The memory of a training run: the arrays of every matrix as views of WebAssembly memory, which the kernels and ONNX
 * Runtime read and write in place. Everything is laid out once, so views, addresses and zeros stay as they were given.
 */
import type { Kernels } from './kernels.js'

/**
 * A matrix or vector, and how it is trained: a `ticket` by scores, its weights fixed; `coded` by latent numbers, from which an integer follows for
 * each fixed weight; `dense` by its own values.
 */
export interface ParameterShape {
  readonly name: string
  /** Number of weights, an integer from 1. */
  readonly count: number
  readonly kind: 'ticket' | 'coded' | 'dense'
}

/** A further array in the same memory, for example the tokens of a batch. */
export interface ArrayShape {
  readonly name: string
  readonly dtype: 'float32' | 'int32' | 'int8'
  /** Number of elements, an integer from 1. */
  readonly count: number
  /** Name of the parameter whose kernels shall reach the array; by default the first. */
  readonly beside?: string
}

interface TrainedMemory {
  readonly name: string
  readonly count: number
  /** The instance whose memory holds the arrays. Its `reserve` refuses: nothing else may be laid out there. */
  readonly kernels: Kernels
  /** What the loss sees, float32 [count]. */
  readonly effective: Float32Array
  /** Gradient of the loss for `effective`, float32 [count]. */
  readonly gradient: Float32Array
  /** First and second moment of AdamW, float32 [count]. */
  readonly momentum: Float32Array
  readonly variance: Float32Array
}

/** Parameters trained by their own values: `weights` and `effective` are one array. */
export interface DenseMemory extends TrainedMemory {
  readonly kind: 'dense'
  readonly weights: Float32Array
}

/** Parameters whose mask is trained: `weights` stay as they are, `effective` holds those that the scores keep. */
export interface TicketMemory extends TrainedMemory {
  readonly kind: 'ticket'
  readonly weights: Float32Array
  readonly scores: Float32Array
  /** Two packed masks, by turns the newest and the one before; bytes beyond packedBytes(count) are zero. */
  readonly bits: readonly [Uint8Array, Uint8Array]
  /** Room for the keys and indices of the scores near the threshold. */
  readonly candidateKeys: Uint32Array
  readonly candidateIndices: Uint32Array
}

/** Parameters whose integers are trained: `weights` stay as they are, `effective` is weights times a scale times codes. */
export interface CodedMemory extends TrainedMemory {
  readonly kind: 'coded'
  readonly weights: Float32Array
  /** What AdamW moves, float32 [count]: scores, or values that are quantised. */
  readonly latents: Float32Array
  /** Two arrays of codes, int8 [count], by turns the newest and the one before. */
  readonly codes: readonly [Int8Array, Int8Array]
}

export type MatrixMemory = TicketMemory | CodedMemory | DenseMemory

export interface ParameterMemory {
  /** Every parameter, in the order asked for. */
  readonly matrices: readonly MatrixMemory[]
  /** Those of each kind, in that order. */
  readonly tickets: readonly TicketMemory[]
  readonly coded: readonly CodedMemory[]
  readonly dense: readonly DenseMemory[]
  /** Bytes laid out, in all instances together. */
  readonly byteLength: number
  /** Number of WebAssembly instances. */
  readonly instances: number
  /** A parameter by name. @throws RangeError for an unknown name */
  matrix(name: string): MatrixMemory
  /** A further array of float32, int32 or int8. @throws RangeError for an unknown name or another dtype */
  floats(name: string): Float32Array
  integers(name: string): Int32Array
  bytes(name: string): Int8Array
}

/** Below the 4 GiB that 32-bit addresses reach. */
const INSTANCE_LIMIT = 3.5 * 2 ** 30

/**
 * Bytes between arrays. Their lengths are often powers of two; without a gap all arrays of a matrix would begin at the same
 * offset of a 4 KiB page, where loads wait for stores that only look alike and cache lines push each other out (a ticket
 * step took 1.76 ns a weight without it, 1.55 with it).
 */
const GAP = 576

/** Bytes of an array with its gap, in whole cache lines, as `Kernels.reserve` lays it out. */
const paddedBytes = (bytes: number) => Math.ceil((bytes + GAP) / 64) * 64

/** Bytes of a further array. */
const arrayBytes = ({ dtype, count }: ArrayShape): number => (dtype === 'int8' ? count : count * 4)

/** How many scores of a matrix may be listed as near the threshold. */
const candidateCapacity = (count: number) => Math.ceil(count / 8) + 64

/** Byte lengths of a parameter's arrays, in the order in which `viewParameter` takes them. */
function parameterBytes({ count, kind }: ParameterShape): number[] {
  if (kind === 'dense') return Array(4).fill(count * 4)
  if (kind === 'coded') return [...Array(6).fill(count * 4), count, count]
  const candidates = candidateCapacity(count) * 4
  return [...Array(6).fill(count * 4), Math.ceil(count / 8), Math.ceil(count / 8), candidates, candidates]
}

function viewParameter({ name, count, kind }: ParameterShape, kernels: Kernels, next: () => number): MatrixMemory {
  const { buffer } = kernels.exports.memory
  const floats = () => new Float32Array(buffer, next(), count)
  const bits = () => new Uint8Array(buffer, next(), Math.ceil(count / 8))
  const candidates = () => new Uint32Array(buffer, next(), candidateCapacity(count))
  const trained = {
    name,
    count,
    kernels,
    effective: floats(),
    gradient: floats(),
    momentum: floats(),
    variance: floats(),
  }
  if (kind === 'dense') return { ...trained, kind, weights: trained.effective }
  if (kind === 'coded') {
    const codes = () => new Int8Array(buffer, next(), count)
    return { ...trained, kind, weights: floats(), latents: floats(), codes: [codes(), codes()] }
  }
  return {
    ...trained,
    kind,
    weights: floats(),
    scores: floats(),
    bits: [bits(), bits()],
    candidateKeys: candidates(),
    candidateIndices: candidates(),
  }
}

/** Parameters and arrays of one instance. */
interface Room {
  bytes: number
  readonly parameters: ParameterShape[]
  readonly arrays: ArrayShape[]
}

/** Deals parameters, with the arrays beside them, to instances in the order given; each fills up before the next. */
function planRooms(parameters: readonly ParameterShape[], arrays: readonly ArrayShape[], limit: number): Room[] {
  const rooms: Room[] = []
  for (const parameter of parameters) {
    const beside = arrays.filter((array) => (array.beside ?? parameters[0].name) === parameter.name)
    const lengths = [...parameterBytes(parameter), ...beside.map(arrayBytes)]
    const bytes = lengths.reduce((sum, length) => sum + paddedBytes(length), 0)
    if (bytes > limit) {
      throw new RangeError(`"${parameter.name}" expected at most ${limit} bytes in one instance, got ${bytes}`)
    }
    let room = rooms.at(-1)
    if (room === undefined || room.bytes + bytes > limit) {
      room = { bytes: 0, parameters: [], arrays: [] }
      rooms.push(room)
    }
    room.bytes += bytes
    room.parameters.push(parameter)
    room.arrays.push(...beside)
  }
  return rooms
}

function checkShapes(parameters: readonly ParameterShape[], arrays: readonly ArrayShape[]): void {
  if (parameters.length === 0) throw new RangeError('"parameters" expected at least one, got none')
  const names = new Set<string>()
  for (const { name, count } of [...parameters, ...arrays]) {
    if (names.has(name)) throw new RangeError(`"name" expected names that differ, got ${name} twice`)
    names.add(name)
    if (!Number.isSafeInteger(count) || count < 1 || count >= 2 ** 30) {
      throw new RangeError(`"count" of ${name} expected an integer from 1 to 2^30-1, got ${count}`)
    }
  }
  const lost = arrays.find(({ beside }) => beside !== undefined && !parameters.some(({ name }) => name === beside))
  if (lost) throw new RangeError(`"beside" of ${lost.name} expected the name of a parameter, got ${lost.beside}`)
}

/** Lays a room out in an instance of its own, which is then closed. */
function layOut(kernels: Kernels, lengths: readonly number[], bytes: number): { kernels: Kernels; next: () => number } {
  let addresses: number[]
  try {
    addresses = kernels.reserve(...lengths.map((length) => length + GAP))
  } catch (cause) {
    throw new RangeError(`parameter memory expected ${bytes} bytes of WebAssembly memory, and they were refused`, {
      cause,
    })
  }
  const reserve = () => {
    throw new Error('parameter memory is laid out once: reserve scratch from another instance of the kernels')
  }
  let taken = 0
  return { kernels: { exports: kernels.exports, reserve }, next: () => addresses[taken++] }
}

/**
 * Lays out the arrays of every parameter, all zero, 64-byte aligned, in as few instances as hold them; the arrays of one
 * parameter, and what lies beside it, are never divided.
 *
 * @param instantiate makes a fresh instance of the kernels
 * @param options.limit bytes of one instance at most, 3.5 GiB by default
 * @throws RangeError when a parameter is beyond the limit, or the memory cannot be had
 */
export async function allocateParameters(
  instantiate: () => Promise<Kernels>,
  parameters: readonly ParameterShape[],
  arrays: readonly ArrayShape[] = [],
  options: { readonly limit?: number } = {},
): Promise<ParameterMemory> {
  checkShapes(parameters, arrays)
  const rooms = planRooms(parameters, arrays, options.limit ?? INSTANCE_LIMIT)
  const matrices: MatrixMemory[] = []
  const floats = new Map<string, Float32Array>()
  const integers = new Map<string, Int32Array>()
  const bytes = new Map<string, Int8Array>()
  for (const room of rooms) {
    const lengths = [...room.parameters.flatMap(parameterBytes), ...room.arrays.map(arrayBytes)]
    const { kernels, next } = layOut(await instantiate(), lengths, room.bytes)
    for (const parameter of room.parameters) matrices.push(viewParameter(parameter, kernels, next))
    const { buffer } = kernels.exports.memory
    for (const { name, dtype, count } of room.arrays) {
      if (dtype === 'float32') floats.set(name, new Float32Array(buffer, next(), count))
      else if (dtype === 'int8') bytes.set(name, new Int8Array(buffer, next(), count))
      else integers.set(name, new Int32Array(buffer, next(), count))
    }
  }
  const found = <T>(value: T | undefined, kind: string, name: string): T => {
    if (value === undefined) throw new RangeError(`"name" expected ${kind}, got ${name}`)
    return value
  }
  return {
    matrices,
    tickets: matrices.filter((matrix) => matrix.kind === 'ticket'),
    coded: matrices.filter((matrix) => matrix.kind === 'coded'),
    dense: matrices.filter((matrix) => matrix.kind === 'dense'),
    byteLength: rooms.reduce((sum, { bytes }) => sum + bytes, 0),
    instances: rooms.length,
    matrix: (name) =>
      found(
        matrices.find((matrix) => matrix.name === name),
        'a parameter',
        name,
      ),
    floats: (name) => found(floats.get(name), 'a float32 array', name),
    integers: (name) => found(integers.get(name), 'an int32 array', name),
    bytes: (name) => found(bytes.get(name), 'an int8 array', name),
  }
}
