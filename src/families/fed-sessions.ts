import { createSessionCache, float32, type Graph, type GraphRunner, int32, type Tensor } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { familyOf } from './family.js'
import type { EncoderInputs } from './language-model.js'
import type { ModelWeights } from './weights.js'

/** Loaded graphs that are fed, of some weights, those that they declare. */
export interface FedSessions {
  /** Runs the graph of a key, built where it is new. @param feeds the other inputs */
  run(key: string, build: () => Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** Frees the loaded graphs. */
  release(): Promise<void>
}

export function createFedSessions(runner: GraphRunner, weights: ModelWeights, capacity?: number): FedSessions {
  const sessions = createSessionCache(runner, capacity)
  const tensors = new Map([...weights].map(([name, { shape, data }]) => [name, float32(shape, data)]))
  const declared = new Map<string, Record<string, Tensor>>()
  return {
    async run(key, build, feeds) {
      const session = await sessions.get(key, () => {
        const graph = build()
        const own = graph.inputs.flatMap(({ name }) => (tensors.has(name) ? [[name, tensors.get(name)!] as const] : []))
        declared.set(key, Object.fromEntries(own))
        return graph
      })
      return session.run({ ...declared.get(key), ...feeds })
    },
    release: () => sessions.release(),
  }
}

/**
 * What an encoder's graph takes beside tokens; nothing for other families.
 * @throws RangeError for a mask or types of another size, types out of range, or a text of padding alone
 */
export function encoderFeeds(
  config: BaseConfig,
  batch: number,
  length: number,
  { mask, types }: EncoderInputs = {},
): Record<string, Tensor> {
  if (familyOf(config).task !== 'encoder') {
    if (mask || types) throw new RangeError(`"mask" and "types" expected an encoder, got a ${familyOf(config).title}`)
    return {}
  }
  const size = batch * length
  for (const [name, values] of Object.entries({ mask, types })) {
    if (values && values.length !== size) {
      throw new RangeError(`"${name}" expected ${batch} x ${length} numbers, got ${values.length}`)
    }
  }
  const { types: rows = 1 } = config as BaseConfig & { readonly types?: number }
  const bad = types?.findIndex((type) => type < 0 || type >= rows) ?? -1
  if (bad >= 0) throw new RangeError(`type ${bad} expected 0 <= type < ${rows}, got ${types![bad]}`)
  for (let b = 0; mask && b < batch; b++) {
    if (mask.subarray(b * length, (b + 1) * length).every((one) => one === 0)) {
      throw new RangeError(`"mask" expected at least one token in text ${b}, got padding alone`)
    }
  }
  return {
    mask: float32([batch, length], mask ?? new Float32Array(size).fill(1)),
    types: int32([batch, length], types ?? new Int32Array(size)),
  }
}
