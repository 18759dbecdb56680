import type { PairGpt2 } from '../model/gpt2-pair.js'
import { openLiteralGpt2 } from '../prune/verify-gpt2.js'
import { openTicket, type Ticket } from '../ticket/index.js'
import { openFile } from './files.js'
import { loadKernels } from './node.js'
import { createGraphRunner } from './onnx.js'
import { nodeSha256 } from './sha256.js'

/** A ticket as a model that runs. */
export interface TicketModel {
  readonly ticket: Ticket
  readonly model: PairGpt2
  close(): Promise<void>
}

/**
 * Opens a ticket and the network it stands for: random weights from the seed, masks applied literally.
 *
 * @param path the ticket's file
 * @throws InputError when it is no sound ticket of a GPT-2
 */
export async function openTicketModel(path: string): Promise<TicketModel> {
  const source = await openFile(path)
  try {
    const ticket = await openTicket(source, nodeSha256)
    const model = await openLiteralGpt2({ runner: createGraphRunner(), kernels: await loadKernels() }, ticket)
    const close = async () => {
      await model.release().finally(source.close)
    }
    return { ticket, model, close }
  } catch (error) {
    await source.close()
    throw error
  }
}
