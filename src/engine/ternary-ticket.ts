/** The network of a searched ticket of signed constants as ternary matrices. Its weights are never float32 numbers. */
import { matricesOf } from '../families/index.js'
import { fanIn, isLinearMap } from '../families/parameter.js'
import { ternaryBytes } from '../families/ternary-matrix.js'
import type { TernaryWeights } from '../families/ternary-model.js'
import { type Kernels, makeTernaryCodes } from '../kernels/index.js'
import { copiedRows, copyBits, getBit, packedBytes } from '../mask/index.js'
import { generateWeights } from '../random/index.js'
import { InputError } from '../safetensors/input-error.js'
import { GENERATION_STRIDE, refusingAsync, type SearchedMatrix, type SearchedTicket } from '../ticket/index.js'
import { ternaryMatrix } from './ternary-layout.js'
import { assertOnes, weightsPieces } from './weights-pieces.js'

/** Why a ticket's weights cannot be two bits each; undefined where they can. */
export function whyNotTernary(ticket: SearchedTicket): string | undefined {
  const other = ticket.metadata.matrices.find(({ init }) => init.kind !== 'signed-constant')
  if (other) return `the weights of ${other.name} are ${other.init.kind}, not signed constants`
  const coated = ticket.metadata.matrices.find(({ coats = [] }) => coats.length > 0)
  return coated && `weights of ${coated.name} wear up to ${coated.coats!.length + 1} coats`
}

/**
 * Makes a ticket's matrices again, two bits a weight, and its learned norms. Beside them a matrix' stored mask and its codes are held a second time.
 * @throws InputError when the weights are not signed constants, a mask or a norm does not hold what the ticket says, or they need more memory than
 *   the ticket may ask for
 */
export async function makeTernary(ticket: SearchedTicket, kernels: Kernels): Promise<TernaryWeights> {
  const reason = whyNotTernary(ticket)
  if (reason !== undefined) throw new InputError(`${ticket.name}: ${reason}: they do not fit into 2 bits`)
  ticket.memory.expect(ternaryTicketBytes(ticket), 'make its weights')
  const weights: Map<string, TernaryWeights extends ReadonlyMap<string, infer W> ? W : never> = new Map()
  for (const { name, shape, role } of matricesOf(ticket.metadata.config)) {
    const spec = ticket.matrices.get(name)!
    const packed = await refusingAsync(ticket.name, `${name}.mask`, () => packedCodes(ticket, name, kernels))
    const stored = isLinearMap(role) ? 'in-out' : 'out-in'
    const magnitude = spec.init.kind === 'signed-constant' ? Math.fround(spec.init.magnitude) : Number.NaN
    const scaled = Math.fround(magnitude * (spec.scale ?? 1))
    weights.set(name, ternaryMatrix(shape, packed, stored, scaled))
  }
  for (const [name, shape] of ticket.dense) weights.set(name, { shape, data: await ticket.readDense(name) })
  return weights
}

/** Bytes of a ticket's weights as they run: codes and scales of two bits a weight, norms as float32. */
export function ternaryTicketWeights({ metadata: { config, dense } }: SearchedTicket): number {
  const matrices = matricesOf(config).map((matrix) => {
    const inputs = fanIn(matrix)
    return ternaryBytes({ inputs, outputs: (matrix.shape[0] * matrix.shape[1]) / inputs })
  })
  const norms = dense.map(({ shape }) => 4 * shape.reduce((product, size) => product * size, 1))
  return [...matrices, ...norms].reduce((sum, bytes) => sum + bytes, 0)
}

/** What {@link makeTernary} holds at most: all matrices, the largest one once more with its mask, the norms. */
export function ternaryTicketBytes(ticket: SearchedTicket): number {
  // Mask and inverted weights take two bits a weight each as they are stored and as they are read, codes two before they are turned, a generation a byte.
  const largest = ticket.metadata.matrices.map(
    ({ shape, generations, inverted }) => shape[0] * shape[1] * ((generations > 0 ? 2 : 1) + (inverted ? 0.5 : 0)),
  )
  return 2 * ternaryTicketWeights(ticket) + Math.max(...largest)
}

/** The codes of a matrix in the order of its weights: uint8 [ceil(count / 4)]. */
async function packedCodes(ticket: SearchedTicket, name: string, kernels: Kernels): Promise<Uint8Array> {
  const spec = ticket.matrices.get(name)!
  const { shape, generations } = spec
  const codes = new Uint8Array(Math.ceil((shape[0] * shape[1]) / 4))
  const found: number[] = []
  for (const piece of await weightsPieces(await ticket.readStored(name), ticket.seed)) {
    const part = new Uint8Array(Math.ceil(piece.count / 4))
    for (const [i, ones] of makeTernaryCodes(kernels, piece, part).entries()) found[i] = (found[i] ?? 0) + ones
    copyBits(part, 0, codes, 2 * piece.start, 2 * piece.count)
  }
  assertOnes(spec, found)
  if (generations > 0) await redrawCodes(ticket, spec, codes)
  const copies = await ticket.readCopies(name)
  if (!copies) return codes
  const { row, columns } = copies
  const shared = new Uint8Array(packedBytes(2 * columns))
  copyBits(codes, 2 * row * columns, shared, 0, 2 * columns)
  for (const copied of copiedRows(copies)) copyBits(shared, 0, codes, 2 * copied * columns, 2 * columns)
  return codes
}

/** Replaces, in place, the codes of kept weights that are of a later generation than 0. */
async function redrawCodes(ticket: SearchedTicket, spec: SearchedMatrix, codes: Uint8Array): Promise<void> {
  const { name, kept, init, stream } = spec
  const redrawn = await ticket.readMask(name)
  for (let i = 0, j = 0; j < kept; i++) {
    if (!getBit(redrawn.mask, i)) continue
    const generation = redrawn.generations![j++]
    if (generation === 0) continue
    // Redrawn weights are few and any weight of a stream can be made alone.
    const drawn = { seed: ticket.seed, stream: stream + generation * GENERATION_STRIDE, init, start: i, count: 1 }
    const isTurned = redrawn.inverted !== null && getBit(redrawn.inverted, i) === 1
    const code = generateWeights(drawn)[0] < 0 !== isTurned ? 1 : 3
    copyBits(Uint8Array.of(code), 0, codes, 2 * i, 2)
  }
}
