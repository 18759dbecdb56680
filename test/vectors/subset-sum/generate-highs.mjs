// Writes highs.json: 50 random subset-sum problems of 20 items with the mask that HiGHS proves optimal.
// Run after `npm run build`: node test/vectors/subset-sum/generate-highs.mjs   (about a minute)
import { writeFileSync } from 'node:fs'
import highsLoader from 'highs'
import { uniform } from '../../../dist/random/index.js'
import { solveWithHighs } from './highs-model.mjs'

const ITEMS = 20
const PROBLEMS = 50
const SEED = 20

const highs = await highsLoader()
const problems = []
for (let c = 0; c < PROBLEMS; c++) {
  // Items are products of two uniforms on (-1, 1), as in Lemma 4; targets are uniform on (-1, 1).
  const first = uniform(SEED, 3 * c, ITEMS)
  const second = uniform(SEED, 3 * c + 1, ITEMS)
  const [target] = uniform(SEED, 3 * c + 2, 1)
  const items = Array.from(first, (value, k) => value * second[k])
  problems.push({ target, mask: solveWithHighs(highs, items, target), items })
}

const text = problems.map((problem) => `    ${JSON.stringify(problem)}`).join(',\n')
writeFileSync(
  new URL('highs.json', import.meta.url),
  `{\n  "by": "HiGHS 1.15.3 (npm highs), generate-highs.mjs",\n  "problems": [\n${text}\n  ]\n}\n`,
)
