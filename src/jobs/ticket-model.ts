import type { GraphRunner } from '../graph/index.js'
import { InputError } from '../safetensors/index.js'
import type { OpenOptions, Ticket } from '../ticket/index.js'
import { type OpenedModel, openModel } from './open-model.js'

/** A ticket as a model that runs. */
export interface TicketModel extends OpenedModel {
  readonly ticket: Ticket
}

/**
 * Opens a ticket and the network it stands for: random weights from the seed, masks applied literally.
 *
 * @param path the ticket's file
 * @param runner runs the network; default: on the CPU
 * @param options.memoryLimit see `openTicket`
 * @throws InputError when it is no sound ticket of a model that writes
 */
export async function openTicketModel(
  path: string,
  runner?: GraphRunner,
  options: OpenOptions = {},
): Promise<TicketModel> {
  const opened = await openModel(path, { runner, ...options })
  const { ticket } = opened
  if (ticket !== null) return { ...opened, ticket }
  await opened.close()
  throw new InputError(`${path}: is ${opened.kind === 'trained' ? 'a model of slt train' : 'a folder'}, not a ticket`)
}
