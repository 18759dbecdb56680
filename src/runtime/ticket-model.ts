import type { GraphRunner } from '../graph/index.js'
import { createGpt2 } from '../model/gpt2.js'
import { createCachedDecoder } from '../model/gpt2-cached.js'
import { createPlainDecoder, type Decoder } from '../model/gpt2-generate.js'
import type { LanguageModel } from '../model/gpt2-tokens.js'
import { openLiteralGpt2 } from '../prune/verify-gpt2.js'
import { openTicket, type PrunedTicket, type SearchedTicket, type Ticket } from '../ticket/index.js'
import { openFile } from './files.js'
import { loadKernels } from './node.js'
import { createGraphRunner } from './onnx.js'
import { rebuildTicket } from './rebuild-ticket.js'
import { searchedGpt2Weights } from './searched-weights.js'
import { nodeSha256 } from './sha256.js'

/** A ticket as a model that runs. */
export interface TicketModel {
  readonly ticket: Ticket
  readonly model: LanguageModel
  /** Continues texts: with a cache of keys and values where the ticket is a searched one. */
  readonly decoder: Decoder
  close(): Promise<void>
}

/**
 * Opens a ticket and the network it stands for: random weights from the seed, masks applied literally.
 *
 * @param path the ticket's file
 * @param runner runs the network; default: on the CPU
 * @throws InputError when it is no sound ticket of a GPT-2
 */
export async function openTicketModel(path: string, runner: GraphRunner = createGraphRunner()): Promise<TicketModel> {
  const source = await openFile(path)
  try {
    const ticket = await openTicket(source, nodeSha256)
    const opened = await (ticket.kind === 'searched-gpt2' ? openSearched(ticket, runner) : openPruned(ticket, runner))
    return { ...opened, close: () => opened.close().finally(source.close) }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function openPruned(ticket: PrunedTicket, runner: GraphRunner): Promise<TicketModel> {
  const model = await openLiteralGpt2({ runner, kernels: await loadKernels() }, ticket)
  return { ticket, model, decoder: createPlainDecoder(model), close: () => model.release() }
}

async function openSearched(ticket: SearchedTicket, runner: GraphRunner): Promise<TicketModel> {
  const { config } = ticket.metadata
  const weights = searchedGpt2Weights(await rebuildTicket(ticket))
  const model = createGpt2(runner, config, weights)
  const decoder = createCachedDecoder(runner, config, weights)
  return { ticket, model, decoder, close: () => model.release().finally(decoder.release) }
}
