import type { MaskCoding, SearchedContent } from '../ticket/index.js'
import { randomMatrices } from './random-network.js'
import type { SearchSession } from './session.js'
import { scoreStream } from './streams.js'

/** What a ticket says that the session does not know. */
export interface FoundTicketOptions {
  /** Of the corpus, for the ticket's metadata. */
  readonly name: string
  /** How the masks are stored. */
  readonly coding: MaskCoding
  /** Steps done, an integer >= 1. */
  readonly steps: number
  /** Nats a token on the validation text, of the masks as they are. */
  readonly validLoss: number
}

/**
 * What a search has found so far, as a ticket holds it: masks are copied, so that the search may go on.
 * @throws TypeError for a dense training, which has no masks
 */
export function foundTicket(
  { settings, memory, algorithm, corpus }: Pick<SearchSession, 'settings' | 'memory' | 'algorithm' | 'corpus'>,
  { name, coding, steps, validLoss }: FoundTicketOptions,
): Omit<SearchedContent, 'probe'> {
  const { config, norms, seed, tokenizer } = settings
  const { ticket, generations } = algorithm
  if (!ticket) throw new TypeError('"session" expected a search, got a dense training, which has no masks')
  const { algorithm: by, keep, selection, qkScale, initialisation, batch } = settings
  return {
    seed: BigInt(seed),
    config,
    norms,
    tokenizer: tokenizer === 'letters' ? null : tokenizer,
    coding,
    matrices: randomMatrices(settings).map(({ name: matrix, stream, init }, i) => {
      const own = { name: matrix, stream, init, scores: scoreStream(i) }
      return { ...own, mask: ticket.mask(matrix), generations: generations?.(matrix) }
    }),
    dense: new Map(memory.dense.map((norm) => [norm.name, norm.effective])),
    search: {
      algorithm: by,
      keep,
      selection,
      qkScale,
      initialisation,
      steps,
      batch,
      length: config.positions,
      tokens: steps * batch * config.positions,
      validLoss,
      corpus: { name, sha256: corpus.sha256, tokenizer },
    },
  }
}
