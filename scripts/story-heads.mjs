// Writes web/public/story-heads.safetensors: heads of data/stories260k for the explorer's first view, which needs 61 kB of its 1 MB.
//   npm run build && node scripts/story-heads.mjs
// Of layers 1 to 3: W_Q and W_O of the first three heads, W_K and W_V of the two that they share. Linear maps are [in, out]; the gain of the norm
// before them is multiplied into the rows of W_Q, W_K and W_V. (MIT; see data/stories260k/LICENSE.)
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openFile, readModelFolder } from '../dist/index.js'
import { encodeSafetensors, float32Bytes } from '../dist/safetensors/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { config, weights } = await readModelFolder((name) => openFile(`${root}data/stories260k/${name}`))
const { width: d, headWidth, heads, keyHeads } = config
const [queries, keys] = [3, 2] // query heads 1 and 2 share the first key head, 3 and 4 the second
if (heads / keyHeads !== 2) throw new Error('stories260k expected two query heads for a key head')

/** Rows of a matrix [in, out] times a gain, of its columns the first ones. */
const columnsOf = (name, gain, columns) => {
  const { shape, data } = weights.get(name)
  return Float32Array.from({ length: d * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    return gain[row] * data[row * shape[1] + column]
  })
}

const tensors = [0, 1, 2].flatMap((layer) => {
  const gain = weights.get(`layers.${layer}.input_layernorm.weight`).data
  const map = (part, count) => {
    const values = columnsOf(`layers.${layer}.self_attn.${part}_proj`, gain, count * headWidth)
    return { name: `${layer}.${part}`, dtype: 'F32', shape: [d, count * headWidth], bytes: float32Bytes(values) }
  }
  const output = weights.get(`layers.${layer}.self_attn.o_proj`).data.slice(0, queries * headWidth * d)
  const o = { name: `${layer}.o`, dtype: 'F32', shape: [queries * headWidth, d], bytes: float32Bytes(output) }
  return [map('q', queries), map('k', keys), map('v', keys), o]
})
await writeFile(`${root}web/public/story-heads.safetensors`, encodeSafetensors(tensors))
