/** What a run reads to learn from: a text, or the lists of a task. */
import { statSync } from 'node:fs'
import { type Corpus, describeParts, type Tokenizer } from '../data/index.js'
import { type CorpusOptions, openCorpus } from '../files/corpus-files.js'
import { sortCorpus } from '../files/sort-corpus.js'
import type { SearchSettings } from '../search/settings.js'

/** How a corpus is read, beside its path. */
export interface CorpusRequest {
  readonly valid?: string | undefined
  /** Take the bytes of every file as they are; see `openCorpus`. Default: no, or as the resumed run did. */
  readonly raw?: boolean | undefined
  /** The corpus, where it has been read from `data` and `valid` already. */
  readonly corpus?: Corpus | undefined
  readonly signal?: AbortSignal | undefined
  /** @param done of `total` bytes of the corpus; @param path of the file that is read */
  onRead?(done: number, total: number, path: string): void
}

/** The text that is read, or the lists of a task. */
export function corpusOf(
  request: CorpusRequest & Pick<CorpusOptions, 'asBefore' | 'splitSpecialTokens'>,
  data: string,
  tokenizer: Tokenizer,
  settings: SearchSettings,
): Promise<Corpus> {
  const { valid, raw, asBefore, splitSpecialTokens, signal, corpus, onRead } = request
  const { task, dataSeed, config } = settings
  if (task) return Promise.resolve(sortCorpus(task, BigInt(dataSeed)))
  if (corpus) return Promise.resolve(corpus)
  const how = { raw, asBefore, splitSpecialTokens, ...(onRead && { onProgress: onRead }) }
  return openCorpus({ data, valid, tokenizer, ...how, context: config.positions, signal })
}

/** What was read, and what the user should know of it; who handed the corpus in has told that. */
export function corpusNotes(request: CorpusRequest, corpus: Corpus): string[] {
  if (request.corpus !== undefined || corpus.parts.length === 0) return []
  return [describeParts(corpus), ...corpus.warnings]
}

/** What is read of a text and no folder: a folder of texts may hold tickets too. */
export const filesOf = (...paths: readonly (string | undefined)[]): string[] =>
  paths.filter((path) => path !== undefined).filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
