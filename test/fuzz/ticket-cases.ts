/** Tickets that lie: bytes, tensors under a right hash, metadata, shapes that are thousands of times as large, other codings. */

import { nodeDeflate } from '../../src/engine/node.js'
import type { Gpt2Config } from '../../src/families/gpt2/config.js'
import { matricesOf, normVectorsOf } from '../../src/families/index.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { generateWeights } from '../../src/random/index.js'
import { type Dtype, memorySource, openSafetensors } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { hashOf } from '../../src/ticket/hash.js'
import {
  encodeMasks,
  encodeSearchedTicket,
  expectPruned,
  type MaskCoding,
  maskCodings,
  materialisePair,
  materialiseSearched,
  openTicket,
  recodePruned,
  type SearchedContent,
} from '../../src/ticket/index.js'
import { exampleTicket, open } from '../ticket/example.js'
import { type Loose, replaceAt } from '../ticket/forge.js'
import { dressedContent } from '../ticket/packed-example.js'
import { randomContent, smallConfig } from '../ticket/searched-example.js'
import type { CaseRandom } from './case-random.js'
import { changedBytes, changedNumber, hostileValue, scaled, withHeader } from './changes.js'

/** A ticket taken apart, to be changed and put together again under a right hash. */
interface Parts {
  readonly file: Uint8Array
  readonly json: string
  readonly tensors: readonly Part[]
}

interface Part {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

async function partsOf(file: Uint8Array): Promise<Parts> {
  const { metadata, tensors, readTensor } = await openSafetensors(memorySource(file))
  const parts: Part[] = []
  for (const [name, { dtype, shape }] of tensors) parts.push({ name, dtype, shape, bytes: await readTensor(name) })
  return { file, json: metadata.get('slt')!, tensors: parts }
}

function assemble(json: string, tensors: readonly Part[]): Uint8Array {
  const sha256 = hashOf(nodeSha256, new TextEncoder().encode(json), ...tensors.map(({ bytes }) => bytes))
  return encodeSafetensors(tensors, { slt: json, 'slt.sha256': sha256 })
}

const searched = (coding: MaskCoding, change: Parameters<typeof randomContent>[1] = {}) => {
  const content = randomContent(smallConfig, change)
  const matrices = content.matrices.map((matrix, i) => ({ ...matrix, scores: 2 ** 45 + i }))
  return encodeSearchedTicket({ ...content, coding, matrices }, nodeSha256, nodeDeflate).bytes
}

const dressed = (coding: MaskCoding): SearchedContent => {
  const wardrobe = { coats: [0.7, 0.5], inverted: 0.4, scale: 0.5, rows: 2 }
  return dressedContent(smallConfig, wardrobe, { coding, norms: 'gains', redrawn: 3, maskName: 'x' })
}

/** Tickets of version 4 with everything that it holds. */
const packed = (coding: MaskCoding): Uint8Array => encodeMasks([dressed(coding)], nodeSha256, nodeDeflate).bytes

/** Tickets whose unused tokens share a row. */
const sharing = (coding: MaskCoding): Uint8Array =>
  encodeMasks([dressedContent({ ...smallConfig, tiedHead: false }, { rows: 3, shared: true }, { coding })], nodeSha256)
    .bytes

async function pruned(coding: MaskCoding): Promise<Uint8Array> {
  const original = await exampleTicket()
  if (coding === 'bits') return original
  const ticket = expectPruned(await open(original))
  const { text, tensors } = await recodePruned(ticket, coding, nodeDeflate)
  const parts: Part[] = []
  for (const { bytes, ...plan } of tensors) {
    parts.push({ ...plan, bytes: bytes ?? new Uint8Array((await ticket.readDense(plan.name)).buffer) })
  }
  return assemble(text, parts)
}

/** Tickets of every kind and coding, small enough that thousands are read a second. */
const originals: readonly Parts[] = await Promise.all(
  [
    ...(await Promise.all(maskCodings.map(pruned))),
    searched('bits', { norms: 'learned', redrawn: 3 }),
    searched('deflate', { redrawn: 3 }),
    searched('deflate', { norms: 'learned' }),
    searched('range', { norms: 'learned' }),
    searched('range', { redrawn: 3 }),
    ...maskCodings.map(packed),
    encodeMasks([dressedContent(smallConfig, { rows: 2 }, { coding: 'range' }), dressed('range')], nodeSha256).bytes,
    ...(['bits', 'range'] as const).map(sharing),
  ].map(partsOf),
)

/** What a tensor that may be of any length becomes. */
function otherLength(random: CaseRandom, bytes: Uint8Array): Uint8Array {
  const length = random.next(4) === 0 ? random.next(5000) : random.next(2 * bytes.length + 2)
  switch (random.next(5)) {
    case 0:
      return bytes.slice(0, length)
    case 1:
      return new Uint8Array(length)
    case 2:
      return new Uint8Array(length).fill(255)
    case 3:
      return nodeDeflate(new Uint8Array(length * (1 + random.next(40))))
    default: {
      const longer = new Uint8Array(bytes.length + length)
      longer.set(bytes)
      return longer
    }
  }
}

const withTensor = (tensors: readonly Part[], at: number, bytes: Uint8Array): Part[] =>
  tensors.map((part, i) =>
    i === at ? { ...part, bytes, shape: part.dtype === 'U8' ? [bytes.length] : part.shape } : part,
  )

function changedTensor(random: CaseRandom, { json, tensors }: Parts): Uint8Array {
  const at = random.next(tensors.length)
  const { bytes, dtype } = tensors[at]
  if (dtype === 'U8' && random.next(2) === 0) return assemble(json, withTensor(tensors, at, otherLength(random, bytes)))
  const changed = bytes.slice()
  changed.set(changedBytes(random, bytes).subarray(0, bytes.length)) // the length stays
  return assemble(json, withTensor(tensors, at, changed))
}

/** A ticket of other sizes that agree with each other: only the tensors, or the budget, can refuse it. */
function changedShapes(random: CaseRandom, { json, tensors }: Parts): Uint8Array {
  const metadata = JSON.parse(json) as Loose
  if (metadata.version === '4') {
    const config = metadata.config as Record<string, number>
    const field = random.one(['layers', 'width', 'inner', 'positions', 'vocabulary'])
    config[field] = Math.max(1, scaled(random, config[field], 26))
    return assemble(JSON.stringify(metadata), tensors)
  }
  const sizes = new Map<string, number[]>()
  const isSound = random.next(3) === 0 // masks of zeros, where they can be deflated
  if (metadata.kind === 'searched-gpt2') {
    const config = metadata.config as Record<string, number>
    const field = random.one(['width', 'inner', 'positions', 'vocabulary'])
    config[field] = Math.max(1, scaled(random, config[field], 26))
    const keeps = isSound ? 0 : undefined
    const matrices = metadata.matrices as { name: string; shape: number[]; kept: number; generations: number }[]
    for (const [i, { shape }] of matricesOf(config as unknown as Gpt2Config).entries()) {
      if (!matrices[i]) break
      const count = shape[0] * shape[1]
      const kept = keeps ?? random.one([0, matrices[i].kept, Math.floor(count / 2), count])
      matrices[i] = { ...matrices[i], shape: [...shape], kept }
      sizes.set(`${matrices[i].name}.mask`, [Math.ceil(count / 8)])
    }
    if (metadata.norms === 'learned') {
      metadata.dense = normVectorsOf(config as unknown as Gpt2Config)
      for (const { name, shape } of normVectorsOf(config as unknown as Gpt2Config)) sizes.set(name, [...shape])
    }
  } else {
    const pair = random.one(metadata.pairs as ({ name: string } & Record<string, number>)[])
    const field = random.one(['inputs', 'hidden', 'outputs'])
    pair[field] = Math.max(1, scaled(random, pair[field], 26))
    if (random.next(3) === 0) pair.hidden = Math.max(1, scaled(random, pair.hidden, 14))
    sizes.set(`${pair.name}.coordinate`, [metadata.version === '1' ? pair.hidden : 2 * pair.hidden])
    sizes.set(`${pair.name}.second`, [Math.ceil((pair.hidden * pair.outputs) / 8)])
  }
  // Tensors grow with their shapes where that is cheap and the file holds plain bytes; coded ones take any length.
  const isPlain = metadata.version === '1'
  const grown = tensors.map((part) => {
    const [size] = sizes.get(part.name) ?? part.shape
    const isFree = part.dtype === 'U8' && !isPlain
    if (isFree && (size === part.shape[0] || !sizes.has(part.name))) return part
    if (isFree)
      return { ...part, ...freeTensor(random, part.bytes, isSound && metadata.coding === 'deflate' ? size : 0) }
    const bytes = size * (part.dtype === 'F32' ? 4 : part.dtype === 'U16' ? 2 : 1)
    if (!sizes.has(part.name) || bytes > 2 ** 16) return part
    const content = new Uint8Array(bytes)
    content.set(part.bytes.subarray(0, bytes))
    return { ...part, shape: [size], bytes: content }
  })
  return assemble(JSON.stringify(metadata), grown)
}

/** Most bytes of zeros that are deflated for a case. */
const MOST_ZEROS = 2 ** 19

/** @param zeros as many of them, deflated; 0 for a tensor that holds nothing sensible and may be long enough for all that is claimed */
function freeTensor(random: CaseRandom, bytes: Uint8Array, zeros: number): Pick<Part, 'bytes' | 'shape'> {
  let other = bytes
  if (zeros > 0 && zeros <= MOST_ZEROS) other = nodeDeflate(new Uint8Array(zeros))
  else if (random.next(3) > 0) {
    other = new Uint8Array(random.next(8192))
    other.set(bytes.subarray(0, other.length))
  }
  return { bytes: other, shape: [other.length] }
}

function changedMetadata(random: CaseRandom, { json, tensors }: Parts): Uint8Array {
  const metadata = JSON.parse(json) as Loose
  const steps = Array.from({ length: 1 + random.next(5) }, () => random.next(2 ** 20))
  replaceAt(metadata, steps, hostileValue(random))
  return assemble(JSON.stringify(metadata), tensors)
}

function otherCoding(random: CaseRandom, { json, tensors }: Parts): Uint8Array {
  const metadata = JSON.parse(json) as Loose
  metadata.version = random.one(['1', '2'])
  metadata.coding = random.one(['bits', 'deflate', 'range'])
  return assemble(JSON.stringify(metadata), tensors)
}

const changes: readonly ((random: CaseRandom, parts: Parts) => Uint8Array)[] = [
  (random, { file }) => changedBytes(random, file),
  changedTensor,
  changedTensor,
  changedMetadata,
  (random, { json, tensors }) => assemble(changedNumber(random, json), tensors),
  changedShapes,
  changedShapes,
  otherCoding,
  (random, { file }) => withHeader(file, (header) => changedNumber(random, header)),
]

/** The file of a case. */
export const ticketCase = (random: CaseRandom): Uint8Array => random.one(changes)(random, random.one(originals))

/** Opens a ticket and reads all of it: masks, dense tensors, weights. @throws InputError where it is refused */
export async function readTicket(bytes: Uint8Array, memoryLimit: number): Promise<void> {
  const ticket = await openTicket(memorySource(bytes, 'x'), nodeSha256, { memoryLimit })
  for (const name of ticket.dense.keys()) await ticket.readDense(name)
  if (ticket.kind === 'searched') {
    for (const name of ticket.matrices.keys()) await ticket.readMask(name)
    await materialiseSearched(ticket, generateWeights)
    return
  }
  const masks = []
  for (const name of ticket.pairs.keys()) masks.push(await ticket.readMasks(name))
  for (const mask of masks) {
    const { inputs, hidden, outputs } = mask.spec
    if (hidden * (inputs + outputs) < 1000) materialisePair(mask.spec, mask, ticket.seed, generateWeights)
  }
}
