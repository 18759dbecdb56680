/** Results of language models as `slt reproduce` kept them before there were stores: a folder for each run, with its `result.json`. */
import { join } from 'node:path'
import type { Corpus } from '../data/index.js'
import { readTextIfThere } from '../files/files.js'
import { identityOf } from '../files/run-record.js'
import { nodeSha256 } from '../files/sha256.js'
import { fingerprintOf } from '../search/fingerprint.js'
import { chooseSettings, type SettingsChoice } from '../search/settings.js'
import type { SearchReport } from './search.js'

/** What a finished run found. */
export type KeptRun = Pick<
  SearchReport,
  'settings' | 'device' | 'weights' | 'validLoss' | 'bitsPerByte' | 'keptFraction' | 'attentionDeviation' | 'seconds'
> & {
  /** Weights that are not masked. */
  readonly nonZero: number
}

const VERSION = '1'

/**
 * The result of a run that has ended in a folder, on whatever device and threads.
 * @param folder that holds a folder for each run, named by the run and a part of its fingerprint
 * @returns undefined where there is none of these settings and this corpus, or a file that is no such result
 */
export async function findKeptRun(
  folder: string,
  name: string,
  choice: SettingsChoice,
  corpus: Corpus,
): Promise<KeptRun | undefined> {
  const settings = chooseSettings(choice, corpus.tokenizer)
  const fingerprint = fingerprintOf(nodeSha256, identityOf(settings, corpus))
  const text = await readTextIfThere(join(folder, `${name}-${fingerprint.slice(0, 8)}`, 'result.json'))
  if (text === undefined) return undefined
  try {
    const { version, fingerprint: found, corpus: _, ...result } = JSON.parse(text)
    const numbers = [result.validLoss, result.bitsPerByte, result.weights, result.nonZero, result.seconds]
    const isSound = [...numbers, result.attentionDeviation.all].every(Number.isFinite)
    return version === VERSION && found === fingerprint && isSound ? (result as KeptRun) : undefined
  } catch {
    return undefined
  }
}
