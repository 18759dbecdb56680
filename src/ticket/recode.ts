/** The same ticket with its masks stored in another way. */

import { uint16Bytes } from '../safetensors/integers.js'
import type { TensorPlan } from '../safetensors/layout.js'
import { type Deflate, pairShape, storeBytes, storeMask } from './coding.js'
import { packCoordinates } from './coordinates.js'
import { coordinateName, secondName, ticketTensors } from './format.js'
import type { MaskCoding } from './head.js'
import { contentBytes, pairContentBytes } from './memory.js'
import { metadataText } from './metadata.js'
import type { PrunedTicket } from './read-pruned.js'
import type { SearchedTicket } from './read-searched.js'
import { unpackedGenerations } from './searched-masks.js'
import type { SearchedContent } from './searched-write.js'
import { storedDense, storedName, versionOf } from './version.js'

/** A tensor of a ticket to be: its bytes, or the name of the old ticket's dense tensor that it is. */
export interface RecodedTensor extends TensorPlan {
  readonly bytes: Uint8Array | null
  readonly dense: string | null
}

/** A pruned ticket to be. */
export interface RecodedPruned {
  /** The metadata text. */
  readonly text: string
  readonly tensors: readonly RecodedTensor[]
}

/**
 * A pruned ticket under another coding; its masks are held in memory, what is kept dense is not.
 * @param deflate is needed for the coding of that name
 */
export async function recodePruned(
  ticket: PrunedTicket,
  coding: MaskCoding,
  deflate?: Deflate,
): Promise<RecodedPruned> {
  ticket.memory.expect(pairContentBytes(ticket), 'recode')
  const stored = new Map<string, Uint8Array>()
  for (const spec of ticket.metadata.pairs) {
    const { coordinate, second } = await ticket.readMasks(spec.name)
    const places = coding === 'range' ? packCoordinates(coordinate, spec) : uint16Bytes(coordinate)
    stored.set(coordinateName(spec.name), storeBytes(places, coding, deflate))
    stored.set(
      secondName(spec.name),
      storeMask(second, coding, () => pairShape(spec), deflate),
    )
  }
  const metadata = { ...ticket.metadata, coding, version: versionOf({ ...ticket.metadata, coding }) }
  const { pairs, dense } = metadata
  const tensors = ticketTensors(pairs, storedDense(metadata), coding, (name) => stored.get(name)!.length)
  const kept = new Map(dense.map(({ name }) => [storedName(metadata, name), name]))
  return {
    text: metadataText(metadata),
    tensors: tensors.map((plan) => {
      return { ...plan, bytes: stored.get(plan.name) ?? null, dense: kept.get(plan.name) ?? null }
    }),
  }
}

/**
 * What a searched ticket holds, to be written again.
 * @param scoreStreams of its matrices, where the ticket names none: those of searches by this program
 */
export async function searchedContent(
  ticket: SearchedTicket,
  scoreStreams: (matrix: number) => number | null,
): Promise<SearchedContent> {
  const { metadata, seed } = ticket
  ticket.memory.expect(contentBytes(ticket), 'read whole')
  const matrices = []
  for (const [i, { name, shape, stream, init, scores, scale }] of [...ticket.matrices.values()].entries()) {
    const { mask, generations, coats, inverted, copies } = await ticket.readMask(name)
    const count = shape[0] * shape[1]
    matrices.push({
      name,
      stream,
      init,
      mask,
      scores: scores === undefined ? scoreStreams(i) : scores,
      ...(coats.length > 0 ? { coats } : {}),
      ...(inverted ? { inverted } : {}),
      ...(scale === undefined ? {} : { scale }),
      ...(copies === null ? {} : { rows: copies.own }),
      ...(generations === null ? {} : { generations: unpackedGenerations(generations, mask, count) }),
    })
  }
  const dense = new Map<string, Float32Array>()
  for (const name of ticket.dense.keys()) {
    dense.set(name, await ticket.readDense(name))
  }
  const { coding, config, norms, tokenizer, sharedRow, search, probe, version } = metadata
  const layout = version === '4' ? 'packed' : 'separate'
  const shared = sharedRow === undefined ? {} : { sharedRow }
  const head = { coding, config, norms, tokenizer, search, probe, maskName: ticket.mask, ...shared }
  return { ...head, layout, seed, matrices, dense }
}
