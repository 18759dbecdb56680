import { type GraphRunner, int32 } from '../graph/index.js'
import type { BaseConfig } from './config.js'
import { createDecoder } from './decoder-cache.js'
import { prefillGraph } from './dense-graph.js'
import { checkConfig, familyOf } from './family.js'
import { createFedSessions } from './fed-sessions.js'
import { type Decoder, paddedLength } from './generate.js'
import { joinedWeights } from './joined-weights.js'
import { tokenTensor } from './language-model.js'
import { stepGraph } from './step-graph.js'
import type { ModelWeights } from './weights.js'

/**
 * Tokens that a cache has room for at first. A file may claim a context of any length, and takes memory for the text that is read alone: room is
 * doubled when a text is longer.
 */
export const CACHE_ROOM = 4096

/**
 * A decoder of a dense causal model that keeps the keys and values of the tokens it has read: one graph run a token, whose cost
 * does not depend on how many there were (attention runs over the whole cache, masked). The text is read in one run, its
 * length padded to a power of two so that few graphs are built. The cache takes 8 P K D bytes a block (K key heads of width D, room for P
 * tokens); beside it the last token's logits are all that a run gives back.
 * @param options.holdWeights writes the weights into the graph of a further token, so that no run is sent them: for runners that
 *   copy what they are sent (the web's). It takes their bytes once more, and a few times while the graph is loaded; default false
 * @param options.room tokens that the cache has room for at first, an integer >= 1; never more than the model's positions. Default {@link CACHE_ROOM}
 * @throws TypeError or RangeError when the configuration is unsound or a weight is missing or has another shape
 */
export function createCachedDecoder(
  runner: GraphRunner,
  config: BaseConfig,
  weights: ModelWeights,
  { holdWeights = false, room = CACHE_ROOM }: { readonly holdWeights?: boolean; readonly room?: number } = {},
): Decoder {
  checkConfig(config)
  if (familyOf(config).task !== 'causal')
    throw new RangeError(`"config" expected a causal model, got ${familyOf(config).title}`)
  const joined = joinedWeights(config, weights)
  const sessions = createFedSessions(runner, joined)
  return createDecoder(config, room, {
    async read(text) {
      const length = paddedLength(text.length, config.positions)
      const padded = new Int32Array(length)
      padded.set(text)
      const results = await sessions.run(`read ${length}`, () => prefillGraph(config, joined, length), {
        tokens: tokenTensor(config, padded, 1, length),
        last: int32([1], Int32Array.of(text.length - 1)),
      })
      return { results, length }
    },
    append(token, position, cache) {
      const declared = holdWeights ? joined : new Map([...joined].map(([name, { shape }]) => [name, { shape }]))
      return sessions.run(`append ${cache.room}`, () => stepGraph(config, declared, cache.room), {
        ...cache.feeds,
        token: int32([1], Int32Array.of(token)),
        position: int32([1], Int32Array.of(position)),
      })
    },
    release: () => sessions.release(),
  })
}
