import { InputError } from '../safetensors/input-error.js'
import { toUint16 } from '../safetensors/integers.js'
import type { SafetensorsFile } from '../safetensors/open.js'
import { quoted } from '../safetensors/strict-json.js'
import { pairShape, recallBytes, recallMask } from './coding.js'
import { unpackCoordinates } from './coordinates.js'
import { coordinateName, type PrunedMetadata, secondName } from './format.js'
import type { OpenedTicket } from './opened.js'
import { assertPairMasks, type PairMasks, type PairReport, type PairSpec } from './pair.js'
import { refusingAsync } from './refusing.js'

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
  const { coding } = metadata
  return {
    ...opened,
    kind: metadata.kind,
    metadata,
    pairs,
    reports: new Map(metadata.pairs.map(({ name }, i) => [name, metadata.reports[i]])),
    async readMasks(name) {
      const spec = pairs.get(name)
      if (!spec) throw new InputError(`${opened.name}: there is no pair ${quoted(name)}`)
      const stored = await file.readTensor(secondName(name))
      const places = await file.readTensor(coordinateName(name))
      return refusingAsync(opened.name, secondName(name), async () => {
        const coordinate =
          coding === 'range'
            ? unpackCoordinates(places, spec)
            : toUint16(await recallBytes(places, coding, 2 * spec.hidden))
        const masks = { spec, coordinate, second: await recallMask(stored, coding, pairShape(spec)) }
        assertPairMasks(masks)
        return masks
      })
    },
  }
}
