import { createPairGpt2, type MaterialisedPair, type PairGpt2 } from '../model/gpt2-pair.js'
import type { WeightTensor } from '../model/gpt2-weights.js'
import { generateWeights } from '../random/index.js'
import { openFile } from '../runtime/files.js'
import { createGraphRunner } from '../runtime/onnx.js'
import { nodeSha256 } from '../runtime/sha256.js'
import { InputError } from '../safetensors/index.js'
import { materialisePair, openTicket, type Ticket } from '../ticket/index.js'

/** A ticket as a model that runs. */
export interface TicketModel {
  readonly ticket: Ticket
  readonly model: PairGpt2
  close(): Promise<void>
}

/** Masked matrices are kept in memory up to this many bytes in all; those beyond are written out for each pass anew. */
const CACHE_BYTES = 1 << 30

/**
 * Opens a ticket and writes out the network it stands for: random weights from the seed, masks applied literally.
 * @param path the ticket's file
 * @throws InputError when it is no sound ticket of a GPT-2
 */
export async function openTicketModel(path: string): Promise<TicketModel> {
  const source = await openFile(path)
  try {
    const ticket = await openTicket(source, nodeSha256)
    const { config } = ticket.metadata
    if (!config) throw new InputError(`${path}: holds loose pairs, not a model that runs`)
    const dense = new Map<string, WeightTensor>()
    for (const [name, shape] of ticket.dense) dense.set(name, { shape, data: await ticket.readDense(name) })
    const model = createPairGpt2(createGraphRunner(), config, dense, cachedPairs(ticket))
    return {
      ticket,
      model,
      async close() {
        await model.release()
        await source.close()
      },
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Writes out pairs by name, keeping what fits the cache. */
function cachedPairs(ticket: Ticket): (name: string) => Promise<MaterialisedPair> {
  const kept = new Map<string, MaterialisedPair>()
  let bytes = 0
  return async (name) => {
    const known = kept.get(name)
    if (known) return known
    const masks = await ticket.readMasks(name)
    const { inputs, hidden, outputs, divisor } = masks.spec
    const pair = {
      inputs,
      hidden,
      outputs,
      divisor,
      ...materialisePair(masks.spec, masks, ticket.seed, generateWeights),
    }
    const size = pair.first.byteLength + pair.second.byteLength
    if (bytes + size <= CACHE_BYTES) {
      bytes += size
      kept.set(name, pair)
    }
    return pair
  }
}
