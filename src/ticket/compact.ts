/**
 * A searched ticket in as few bytes as it takes, for links and QR codes: what a reader can derive is left out. The ticket's
 * file comes back from it bit for bit. docs/ticket-format.md specifies it under *As text*.
 */
import { matricesOf } from '../families/family.js'
import { hasRowPerToken } from '../families/parameter.js'
import { packedBytes, rowBits, usedRows } from '../mask/index.js'
import type { Seed } from '../random/index.js'
import { float16Bytes, float32Bytes, InputError, tensorBytes, toFloat32 } from '../safetensors/index.js'
import { createFieldReader, createFieldWriter } from './compact-fields.js'
import { type CompactForm, type CompactHead, compactForms, compactHead, formOf } from './compact-head.js'
import { decodeMasks, encodeMasks, type KnownMask } from './compact-masks.js'
import { coatName, partShape, partsOf } from './parts.js'
import { gainsDtype } from './read-packed.js'
import type { SearchedTicket } from './read-searched.js'
import { searchedContent } from './recode.js'
import { refusing } from './refusing.js'
import { generationBits, maskName, type SearchedMatrix, searchedDense } from './searched.js'
import { packGenerations, unpackedGenerations, unpackGenerations } from './searched-masks.js'
import { encodeSearchedTicket, type FoundMatrix } from './searched-write.js'
import type { CreateSha256 } from './sha256.js'
import { DAMAGED } from './ticket-text.js'

/** Bytes of the ticket's hash that are kept. */
const CHECKSUM = 4

/** A ticket in its compact form. */
export interface CompactTicket {
  readonly bytes: Uint8Array
  /** Bytes of it that are masks. */
  readonly maskBytes: number
  /** Of the ticket that it gives. */
  readonly sha256: string
  readonly weights: number
}

/**
 * The compact form of a searched ticket.
 * @param options.lean leave out the probe and how the masks were found: another, smaller ticket of the same weights
 * @throws InputError for a ticket that would not come back the same: one whose masks are deflated, or that another
 *   program wrote in its own way; RangeError for one that is too large
 */
export async function encodeCompact(
  ticket: SearchedTicket,
  createSha256: CreateSha256,
  { lean = false }: { lean?: boolean } = {},
): Promise<CompactTicket> {
  const { name, coding } = ticket
  if (ticket.masks.length > 1) {
    throw new InputError(
      `${name}: holds ${ticket.masks.length} masks (${ticket.masks.join(', ')}): a text has room for one`,
    )
  }
  if (coding === 'deflate') {
    throw new InputError(
      `${name}: masks under deflate do not come back the same everywhere; slt recode --coding range does`,
    )
  }
  const full = await searchedContent(ticket, () => null)
  const content = lean ? { ...full, probe: null, search: null } : full
  const { sha256 } = encodeSearchedTicket(content, createSha256)
  if (!lean && sha256 !== ticket.sha256) {
    throw new InputError(
      `${name}: was written by another program, so that its file would not come back; slt recode writes it anew`,
    )
  }
  const matrices = ticket.metadata.matrices
  const fields = createFieldWriter()
  const form = formOf(content.config, content.layout ?? 'packed')
  fields.integer('form', form)
  compactHead(fields, { ...content, coding, seed: ticket.seed, matrices }, form)
  const numberBytes = content.norms === 'gains' ? float16Bytes : float32Bytes
  for (const { name: norm } of searchedDense(content.config, content.norms)) {
    const bytes = numberBytes(content.dense.get(norm)!)
    fields.bytes(norm, bytes, bytes.length)
  }
  for (const { generations, mask } of content.matrices) {
    if (!generations) continue
    const { bytes } = packGenerations(generations, mask)
    fields.bytes('generations', bytes, bytes.length)
  }
  fields.bytes('checksum', checksumOf(sha256), CHECKSUM)
  const head = fields.done()
  const masks = encodeMasks(
    content.matrices.flatMap((matrix, i) => masksOf(matrix, matrices[i])),
    knownMasks(matrices, ticket.seed),
  )
  const bytes = new Uint8Array(head.length + masks.length)
  bytes.set(head)
  bytes.set(masks, head.length)
  const weights = matrices.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
  return { bytes, maskBytes: masks.length, sha256, weights }
}

/**
 * The file of a ticket from its compact form.
 * @param name of where it comes from, for messages
 * @returns the bytes of the file, and its hash
 * @throws InputError in one line when it is no sound compact ticket
 */
export function decodeCompact(
  name: string,
  bytes: Uint8Array,
  createSha256: CreateSha256,
): { bytes: Uint8Array; sha256: string } {
  return refusing(name, () => {
    const fields = createFieldReader(bytes)
    const form = fields.integer('form', 0)
    if (!isForm(form)) throw new RangeError(`compact form ${form} is unknown`)
    return damaged(() => decodeFields(fields, form, createSha256))
  })
}

const isForm = (form: number): form is CompactForm => (compactForms as readonly number[]).includes(form)

/** Says of what a check throws that it is the text which is damaged. */
function damaged<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new RangeError(`${DAMAGED}: ${error.message}`)
    throw error
  }
}

/** The ticket of all fields behind the form's number. @throws RangeError or TypeError for what is unsound */
function decodeFields(fields: ReturnType<typeof createFieldReader>, form: CompactForm, createSha256: CreateSha256) {
  const head = compactHead(fields, nothing, form)
  const { config, matrices, seed, sharedRow } = head
  const sharing = matricesOf(config).map(({ role }) => sharedRow !== undefined && hasRowPerToken(role))
  const dtype = gainsDtype(head.norms)
  const dense = new Map(
    searchedDense(config, head.norms).map(({ name: norm, shape }) => {
      const raw = fields.bytes(norm, new Uint8Array(0), tensorBytes(dtype, shape))
      return [norm, toFloat32(dtype, raw.slice())]
    }),
  )
  const packed = matrices.map(({ kept, generations }) =>
    fields.bytes('generations', new Uint8Array(0), packedBytes(kept * generationBits(generations))),
  )
  const checksum = fields.bytes('checksum', new Uint8Array(0), CHECKSUM)
  const masks = decodeMasks(fields.rest(), knownMasks(matrices, seed))
  let at = 0
  const found = matrices.map((spec, i): FoundMatrix => {
    const { generations: highest, kept, shape, name, stream, init, scores, scale } = spec
    const own = new Map(partsOf({ ...spec, generations: 0 }).map((part) => [part.name, masks[at++]]))
    const mask = own.get(maskName(name))!
    const coats = (spec.coats ?? []).map((_, j) => own.get(coatName(name, j))!)
    const inverted = own.get(`${name}.inverted`)
    const rows = sharing[i] ? own.get(`${name}.rows`) : undefined
    const matrix = { name, stream, init, scores, mask, coats, inverted, scale, rows }
    if (highest === 0) return matrix
    const generations = unpackedGenerations(unpackGenerations(packed[i], kept, highest), mask, shape[0] * shape[1])
    return { ...matrix, generations }
  })
  const ticket = encodeSearchedTicket({ ...head, matrices: found, dense }, createSha256)
  if (checksumOf(ticket.sha256).some((byte, i) => byte !== checksum[i])) {
    throw new RangeError('wrong checksum')
  }
  return ticket
}

/** A head that a reader does not look at. */
const nothing = { config: {}, matrices: [] } as unknown as CompactHead

const checksumOf = (sha256: string): Uint8Array =>
  Uint8Array.from({ length: CHECKSUM }, (_, i) => Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16))

/** The masks of a matrix in the order of its parts. */
function masksOf(
  { rows: listed, mask, coats = [], inverted }: FoundMatrix,
  { shape, usedRows: used }: SearchedMatrix,
): Uint8Array[] {
  const rows = used === undefined ? [] : [listed ?? usedRows(mask, ...shape)]
  return [...rows, mask, ...coats, ...(inverted ? [inverted] : [])]
}

/** What is known of the masks of all matrices, in the order of their parts. */
function knownMasks(matrices: readonly SearchedMatrix[], seed: Seed): KnownMask[] {
  const known: KnownMask[] = []
  for (const matrix of matrices) {
    const [rows, columns] = matrix.shape
    let outer: KnownMask['outer']
    let mask: KnownMask['outer']
    for (const part of partsOf({ ...matrix, generations: 0 })) {
      const own: KnownMask = { shape: partShape(matrix, part, seed), kept: part.ones, coded: part.bits }
      const place = known.length
      if (part.kind === 'rows') {
        known.push({ ...own, isRows: true })
        outer = (before) => rowBits(before[place], columns, 0, rows * columns)
        continue
      }
      const within = part.kind === 'inverted' ? mask : outer
      known.push(within ? { ...own, outer: within } : own)
      outer = (before) => before[place]
      if (part.kind === 'mask') mask = outer
    }
  }
  return known
}
