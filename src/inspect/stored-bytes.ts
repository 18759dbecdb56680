import { packedBytes } from '../mask/index.js'
import { coordinateName, secondName } from '../ticket/format.js'
import type { Ticket } from '../ticket/index.js'
import { generationBits, generationName, maskName } from '../ticket/searched.js'

/** How the masks of a ticket are stored: plain packed bits, the one coding of format version 1. */
export const codingOf = (_ticket: Ticket): string => 'bits'

/**
 * Bytes that a tensor of a ticket takes in its file.
 * @param tensor its name in the file, for example `h.0.attn.q.mask`
 * @throws RangeError when the ticket has no such tensor
 */
export function storedBytes(ticket: Ticket, tensor: string): number {
  const dense = ticket.dense.get(tensor)
  if (dense) return 4 * dense.reduce((product, size) => product * size, 1)
  const bytes =
    ticket.kind === 'searched-gpt2' ? searchedBytes(ticket.metadata.matrices) : pairBytes(ticket.metadata.pairs)
  const found = bytes.get(tensor)
  if (found === undefined)
    throw new RangeError(`"tensor" expected one of ${ticket.name}, got ${JSON.stringify(tensor)}`)
  return found
}

type Searched = Extract<Ticket, { kind: 'searched-gpt2' }>['metadata']
type Pruned = Exclude<Ticket, { kind: 'searched-gpt2' }>['metadata']

function searchedBytes(matrices: Searched['matrices']): Map<string, number> {
  const bytes = new Map<string, number>()
  for (const { name, shape, kept, generations } of matrices) {
    bytes.set(maskName(name), packedBytes(shape[0] * shape[1]))
    if (generations > 0) bytes.set(generationName(name), packedBytes(kept * generationBits(generations)))
  }
  return bytes
}

function pairBytes(pairs: Pruned['pairs']): Map<string, number> {
  const bytes = new Map<string, number>()
  for (const { name, hidden, outputs } of pairs) {
    bytes.set(coordinateName(name), 2 * hidden)
    bytes.set(secondName(name), packedBytes(hidden * outputs))
  }
  return bytes
}
