import type { Ticket } from '../ticket/index.js'

/**
 * Bytes that a tensor of a ticket takes in its file, coded as it is there.
 * @param tensor its name in the file, for example `layers.0.mlp.up_proj.mask`
 * @throws RangeError when the ticket has no such tensor
 */
export function storedBytes(ticket: Ticket, tensor: string): number {
  const found = ticket.storedBytes.get(tensor)
  if (found === undefined)
    throw new RangeError(`"tensor" expected one of ${ticket.name}, got ${JSON.stringify(tensor)}`)
  return found
}
