// node bench/peers/sentences.mjs                 after npm run build
// Embeds 1,000 lines of tiny Shakespeare, long and foreign texts, and the STS benchmark with all-MiniLM-L6-v2, here and in Python's
// sentence-transformers (SLT_PYTHON, with sentence-transformers and torch), and compares. Prints the largest difference, the least
// cosine, Spearman's correlation of both and the time of each; exit code 1 when they differ by more than 2e-6.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEmbedder } from '../../dist/index.js'
import { cosine } from '../../dist/jobs/embed-tokens.js'
import { python } from '../packages.mjs'
import { miniLmFolder, sentences, spearman, stsPairs } from '../sentences.mjs'

const script = fileURLToPath(new URL('sentences.py', import.meta.url))
const LIMIT = 2e-6

const lines = sentences(1000)
const pairs = stsPairs()
const odd = [
  lines.slice(0, 80).join(' '),
  '\u00dcn\u00efc\u00f6d\u00e9, \u65e5\u672c\u8a9e \u2014 \u201cquotes\u201d and \u{1f642}!',
  'a',
  '[MASK] [SEP] in a text',
  'x'.repeat(300),
]
const texts = [...lines, ...odd, ...pairs.map(({ first }) => first), ...pairs.map(({ second }) => second)]

const folder = mkdtempSync(join(tmpdir(), 'slt-sentences-'))
try {
  const model = miniLmFolder()
  const embedder = await openEmbedder(model, { threads: 2 })
  const { width } = embedder
  await embedder.embed(texts.slice(0, 32))
  const started = performance.now()
  const { vectors } = await embedder.embed(texts)
  const seconds = (performance.now() - started) / 1000
  await embedder.close()

  const [asked, answer] = [join(folder, 'texts.json'), join(folder, 'vectors.bin')]
  writeFileSync(asked, JSON.stringify(texts))
  const said = execFileSync(python, ['-B', script, model, asked, answer], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const peer = JSON.parse(said.trim().split('\n').at(-1))
  const theirs = new Float32Array(Uint8Array.from(readFileSync(answer)).buffer)
  if (theirs.length !== vectors.length)
    throw new Error(`${theirs.length} numbers of the peer, ${vectors.length} of ours`)

  const row = (of, i) => of.subarray(i * width, (i + 1) * width)
  const least = texts.reduce((most, _, i) => Math.min(most, cosine(row(vectors, i), row(theirs, i))), 1)
  const farthest = vectors.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0)
  const correlation = (of) => {
    const first = lines.length + odd.length
    const found = pairs.map((_, i) => cosine(row(of, first + i), row(of, first + pairs.length + i)))
    return spearman(
      found,
      pairs.map(({ score }) => score),
    )
  }
  console.log(
    `sentence-transformers ${peer.version}, torch ${peer.torch}: ${texts.length} texts, ${width} numbers each`,
  )
  console.log(`largest difference ${farthest.toExponential(1)} (limit ${LIMIT}), least cosine ${least.toFixed(8)}`)
  console.log(
    `STS benchmark, ${pairs.length} pairs: Spearman ${correlation(vectors).toFixed(6)} here, ${correlation(theirs).toFixed(6)} there`,
  )
  console.log(`2 threads: ${seconds.toFixed(1)} s here, ${peer.seconds.toFixed(1)} s there`)
  if (!(farthest <= LIMIT)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
