/** Tickets in a browser: opened from bytes or a text, their weights made again, and run. Imports no `node:*`. */
import type { Tokenizer } from '../data/index.js'
import type { GraphRunner } from '../graph/runner.js'
import { createGenerator, type Kernels } from '../kernels/index.js'
import { memorySource } from '../safetensors/index.js'
import { continueText as continueOn, type TextPiece, type TextRequest } from '../search/continue-text.js'
import { decodeCompact } from '../ticket/compact.js'
import {
  type MaskedPair,
  materialisePair,
  type OpenOptions,
  openTicket,
  type PrunedTicket,
  pairsBytes,
  type Ticket,
} from '../ticket/index.js'
import type { SearchedTicket } from '../ticket/read-searched.js'
import { readTicketText } from '../ticket/ticket-text.js'
import { expectToRun, type RunningModel, runDense, runPruned } from './running-model.js'
import { makeHere, networkWeights, rebuildSearched, type SearchedNetwork } from './searched-weights.js'
import { webSha256 } from './web-sha256.js'

/**
 * Bytes that a ticket may make a page ask for unless said otherwise: 1.5 GB. A GPT-2 small of 124 million random weights takes
 * 1.1 GB while it runs.
 */
export const PAGE_MEMORY_LIMIT = 1.5e9

/**
 * Opens a ticket of either kind and checks all of it but the masks, which are checked as they are read.
 * @param bytes the ticket's file; not copied, so it must not change while the ticket is used
 * @param name stands in messages
 * @param options.memoryLimit see `openTicket`; default {@link PAGE_MEMORY_LIMIT}
 * @param options.mask which mask of a file that holds several, by its name; default: its first
 * @throws InputError in one line, naming the ticket and what is wrong
 */
export const openTicketBytes = (
  bytes: Uint8Array,
  name = 'ticket',
  { memoryLimit = PAGE_MEMORY_LIMIT, mask }: OpenOptions = {},
): Promise<Ticket> => openTicket(memorySource(bytes, name), webSha256, { memoryLimit, mask })

/**
 * The file of a ticket that travelled as text, as `slt import` writes it, bit for bit.
 * @param text a link, its fragment (`#ticket=...`), base64url alone, or the digits of a QR code
 * @param name stands in messages
 * @throws InputError when it is no such text
 */
export const decodeTicketText = (text: string, name = 'text'): Uint8Array =>
  decodeCompact(name, readTicketText(name, text), webSha256).bytes

/**
 * Makes the weights of a searched ticket again, on the calling thread: random ones from the seed, 0 where the masks drop them.
 * @returns float32, row-major, by the names of docs/ticket-format.md; the bits that Node gives
 * @throws InputError when a mask or a norm does not hold what the ticket says
 */
export const rebuildTicket = (ticket: SearchedTicket, kernels: Kernels): Promise<SearchedNetwork> =>
  rebuildSearched(ticket, makeHere(kernels))

/**
 * Makes both random matrices of every pair of a pruned ticket again, under their masks. All are held at once, 4 bytes a
 * weight: `ticket.readMasks` and `materialisePair` take one after another.
 * @returns float32, row-major, by the pairs' names
 * @throws InputError when a mask is unsound, or the matrices need more memory than the ticket may ask for
 */
export async function rebuildPairs(ticket: PrunedTicket, kernels: Kernels): Promise<Map<string, MaskedPair>> {
  ticket.memory.expect(pairsBytes(ticket, Number.POSITIVE_INFINITY), 'make its weights')
  const generate = createGenerator(kernels)
  const pairs = new Map<string, MaskedPair>()
  for (const [name, spec] of ticket.pairs) {
    pairs.set(name, materialisePair(spec, await ticket.readMasks(name), ticket.seed, generate))
  }
  return pairs
}

/**
 * Makes the network of a ticket run. All its weights are in memory then, 4 bytes each.
 * @param runner such as `createWebGraphRunner` gives
 * @throws InputError when a mask is unsound, the ticket holds loose pairs and no model, or needs more memory than it may ask for
 */
export async function runTicket(ticket: Ticket, kernels: Kernels, runner: GraphRunner): Promise<RunningModel> {
  if (ticket.kind !== 'searched') return runPruned(runner, kernels, ticket)
  expectToRun(ticket)
  const network = await rebuildTicket(ticket, kernels)
  return runDense(runner, network.config, networkWeights(network))
}

/**
 * Continues a text, token by token, to an end token or to `count` tokens. Where the context is full the model goes on from its last half.
 * @param request.pause lets other work in between two tokens; default: a turn of the event loop by `setTimeout`
 * @returns pieces as they come
 * @throws RangeError for the sampling; the signal's reason when it aborts
 */
export const continueText = (
  { decoder }: Pick<RunningModel, 'decoder'>,
  tokenizer: Tokenizer,
  { pause = turn, ...request }: TextRequest & { readonly pause?: (() => Promise<void>) | undefined },
): AsyncGenerator<TextPiece, void> => continueOn(decoder, tokenizer, { ...request, pause })

const turn = () => new Promise<void>((resolve) => setTimeout(resolve))
