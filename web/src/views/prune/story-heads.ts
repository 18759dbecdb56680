/** Heads of the bundled storyteller, a Llama that turns queries and keys by their positions: an extract that `scripts/story-heads.mjs` writes. */
import { type RotaryAttention, rotaryFrequencies } from '../../../../src/paper/rotary-attention.js'
import { type ByteSource, openSafetensors, toFloat32 } from '../../../../src/safetensors/index.js'
import { STORY_KEY_WIDTH, STORY_THETA, STORY_WIDTH } from './choices.js'

/** @returns one head: layer and head from 0 to 2; heads 0 and 1 share keys and values */
export type StoryHeads = (layer: number, head: number) => Promise<RotaryAttention>

/** @throws InputError when the file does not fit */
export async function openStoryHeads(source: ByteSource): Promise<StoryHeads> {
  const file = await openSafetensors(source)
  const read = async (name: string) => toFloat32('F32', await file.readTensor(name))
  const [d, D] = [STORY_WIDTH, STORY_KEY_WIDTH]
  /** Columns of one head in [d, heads x D]. */
  const ofHead = (data: Float32Array, head: number): [Float64Array] => {
    const columns = data.length / d
    return [Float64Array.from({ length: d * D }, (_, i) => data[Math.floor(i / D) * columns + head * D + (i % D)])]
  }
  return async (layer, head) => {
    const [q, k, v, o] = await Promise.all(['q', 'k', 'v', 'o'].map((part) => read(`${layer}.${part}`)))
    const keyHead = Math.floor(head / 2)
    const output = [Float64Array.from(o.subarray(head * D * d, (head + 1) * D * d))]
    return {
      inputs: d,
      outputs: d,
      frequencies: rotaryFrequencies(D, STORY_THETA),
      groups: [{ key: ofHead(k, keyHead), value: ofHead(v, keyHead), heads: [{ query: ofHead(q, head), output }] }],
    }
  }
}
