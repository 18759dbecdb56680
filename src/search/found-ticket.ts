import { loadableName } from '../data/index.js'
import { matricesOf } from '../families/family.js'
import {
  assertSearchedMetadata,
  type MaskCoding,
  printableName,
  type SearchedContent,
  searchedMetadataOf,
} from '../ticket/index.js'
import { float16Values } from './norms.js'
import { randomMatrices } from './random-network.js'
import type { SearchSession } from './session.js'
import type { SearchSettings } from './settings.js'

/** What a ticket says that the settings do not know. */
export interface FoundTicketOptions {
  /** Of the corpus: any text. What a ticket cannot hold of it is replaced or cut off. */
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
  {
    settings,
    memory,
    algorithm,
    corpus,
    unused,
  }: Pick<SearchSession, 'settings' | 'memory' | 'algorithm' | 'corpus' | 'unused'>,
  options: FoundTicketOptions,
): Omit<SearchedContent, 'probe'> {
  const { ticket, generations } = algorithm
  if (!ticket) throw new TypeError('"session" expected a search, got a dense training, which has no masks')
  const copiesOf = (name: string) => unused.get(name)?.copies
  const shared = [...unused.values()][0]?.copies // the same row in every matrix
  return {
    ...descriptionOf(settings, corpus, options),
    matrices: foundMatrices(settings).map((matrix) => {
      const { name } = matrix
      return { ...matrix, ...ticket.found(name), generations: generations?.(name), rows: copiesOf(name)?.own }
    }),
    ...(shared === undefined ? {} : { sharedRow: shared.row }),
    dense: new Map(
      memory.dense.map(({ name, effective }) => [
        name,
        settings.norms === 'gains' ? float16Values(effective) : effective,
      ]),
    ),
  }
}

/**
 * Checks, before a search begins, that the ticket which it ends with can be written: everything that a ticket says is
 * known by then but for masks, norms, loss and probe.
 * @throws RangeError or TypeError naming what the format refuses
 */
export function checkFoundTicket(
  settings: SearchSettings,
  corpus: { readonly sha256: string },
  { name, coding }: Pick<FoundTicketOptions, 'name' | 'coding'>,
): void {
  const shapes = matricesOf(settings.config)
  const matrices = foundMatrices(settings).map((matrix, i) => {
    return { ...matrix, scores: matrix.scores ?? null, shape: shapes[i].shape, kept: 0, generations: 0 }
  })
  const description = descriptionOf(settings, corpus, { name, coding, steps: settings.steps, validLoss: 0 })
  assertSearchedMetadata(searchedMetadataOf({ ...description, seed: settings.seed, matrices, probe: null }))
}

/** Everything of a ticket but its matrices, norms and probe. */
function descriptionOf(
  settings: SearchSettings,
  { sha256 }: { readonly sha256: string },
  { name, coding, steps, validLoss }: FoundTicketOptions,
) {
  const { config, norms, seed, tokenizer, keep, selection, qkScale, initialisation, batch } = settings
  return {
    seed: BigInt(seed),
    config,
    norms,
    tokenizer: loadableName(tokenizer),
    coding,
    search: {
      algorithm: settings.algorithm,
      keep,
      selection,
      qkScale,
      initialisation,
      steps,
      batch,
      length: config.positions,
      tokens: steps * batch * config.positions,
      validLoss,
      corpus: { name: printableName(name), sha256, tokenizer },
    },
  }
}

/** Scores that did not start from the seed tell nothing of the masks: none are named then. */
const foundMatrices = (settings: SearchSettings) =>
  randomMatrices(settings).map(({ name, stream, init, scores }) => {
    return { name, stream, init, scores: settings.start === undefined ? scores : undefined }
  })
