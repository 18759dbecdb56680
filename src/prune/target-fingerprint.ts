import type { BaseConfig } from '../families/config.js'
import { orderedConfig } from '../families/family.js'
import type { ModelWeights } from '../families/weights.js'
import type { CreateSha256 } from '../ticket/index.js'

/** Changes whenever the masks of equal targets, options and seeds would. */
const METHOD_VERSION = 1

/** Names everything, beside seed and pair specifications, that determines the masks: method version and the target. */
export function targetFingerprint(
  createSha256: CreateSha256,
  { config, weights }: { config: BaseConfig; weights: ModelWeights },
): string {
  const hash = createSha256()
  hash.update(new TextEncoder().encode(JSON.stringify([METHOD_VERSION, orderedConfig(config)])))
  for (const name of [...weights.keys()].sort()) {
    const { shape, data } = weights.get(name)!
    hash.update(new TextEncoder().encode(JSON.stringify([name, shape])))
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest()
}
