import { InputError } from '../safetensors/input-error.js'
import { toUint16 } from '../safetensors/integers.js'
import type { SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { coordinateName, type PrunedMetadata, secondName } from './format.js'
import { assertPairMasks, type PairMasks, type PairReport, type PairSpec } from './pair.js'
import type { OpenedTicket } from './read.js'
import { refusing } from './refusing.js'

/** An opened ticket of pruned pairs: structure and hash checked. */
export interface PrunedTicket extends OpenedTicket {
  readonly kind: PrunedMetadata['kind']
  readonly metadata: PrunedMetadata
  readonly pairs: ReadonlyMap<string, PairSpec>
  readonly reports: ReadonlyMap<string, PairReport>
  /** The masks of a pair, checked against its specification. InputError when there is none of that name. */
  readMasks(name: string): Promise<PairMasks>
}

/** The part of a ticket that is of its kind. */
export function readPruned(opened: OpenedTicket, metadata: PrunedMetadata, file: SafetensorsFile): PrunedTicket {
  const pairs = new Map(metadata.pairs.map((pair) => [pair.name, pair]))
  return {
    ...opened,
    kind: metadata.kind,
    metadata,
    pairs,
    reports: new Map(metadata.pairs.map(({ name }, i) => [name, metadata.reports[i]])),
    async readMasks(name) {
      const spec = pairs.get(name)
      if (!spec) throw new InputError(`${opened.name}: there is no pair ${quoted(name)}`)
      const coordinate = toUint16(await file.readTensor(coordinateName(name)))
      const masks = { spec, coordinate, second: await file.readTensor(secondName(name)) }
      refusing(opened.name, () => assertPairMasks(masks))
      return masks
    },
  }
}
