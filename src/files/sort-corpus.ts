import {
  type Corpus,
  checkSortTask,
  createLetterTokenizer,
  fillSorted,
  heldOutLists,
  type SortTask,
} from '../data/index.js'
import type { Seed } from '../random/index.js'
import { InputError } from '../safetensors/index.js'
import { canonicalJson } from '../search/fingerprint.js'
import { hashOf } from '../ticket/hash.js'
import { nodeSha256 } from './sha256.js'

/** Most lists to validate on. */
const LISTS = 4096

/**
 * The corpus of a task: nothing to train on, because batches are drawn without end (`fillSortBatch`), and the lists that are
 * held out, each with its answer, to validate on. Its hash is that of the task and the seed.
 * @param seed of the batches
 * @throws RangeError for an unsound task; InputError where the seed holds no list out
 */
export function sortCorpus(task: SortTask, seed: Seed): Corpus {
  checkSortTask(task)
  const { letters, length } = task
  const lists = heldOutLists(task, seed, LISTS)
  const name = `sort ${length} of ${letters} letters`
  if (lists.length === 0) throw new InputError(`${name}: seed ${seed} holds no list out to validate on`)
  const valid = new Uint16Array(lists.length * 2 * length)
  for (const [i, list] of lists.entries()) fillSorted(task, list, valid.subarray(2 * length * i, 2 * length * (i + 1)))
  const text = canonicalJson({ task, seed: String(seed) })
  return {
    name,
    tokenizer: createLetterTokenizer(letters),
    train: new Uint16Array(0),
    valid,
    sha256: hashOf(nodeSha256, new TextEncoder().encode(text)),
    specialTokens: 0,
    parts: [],
    warnings: [],
  }
}
