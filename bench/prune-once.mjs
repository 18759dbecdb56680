// One pruning in a process of its own, whose JSON it prints: a random GPT-2 small by this machine's threads, or by the workers of a queue.
//   node prune-once.mjs <layers> <ticket> [<queue> <store>]
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { randomTarget } from '../dist/cli/target.js'
import { pruneModel } from '../dist/jobs/prune.js'
import { openStore } from '../dist/queue/open-store.js'
import { openPruneQueue } from '../dist/queue/prune-on-queue.js'
import { openRedis } from '../dist/queue/redis.js'

const [layers, out, queue, place] = process.argv.slice(2)
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const target = await randomTarget('gpt2-small', Number(layers), 7n)
const { signal } = new AbortController()
const started = performance.now()
const elsewhere = queue
  ? await openPruneQueue({ redis: await openRedis(queue), store: await openStore(place), signal })
  : undefined
let pruned // seconds and processor seconds until the last matrix is in the ticket
const begun = cpuSeconds()
const report = await pruneModel({
  target,
  elsewhere,
  items: 16,
  dense: 'embeddings',
  seed: 7n,
  out,
  threads: elsewhere && 1,
  onProgress({ pair }) {
    if (pair.startsWith('comparing'))
      pruned ??= { seconds: (performance.now() - started) / 1000, cpu: cpuSeconds() - begun }
  },
})
await elsewhere?.close()
const seconds = (performance.now() - started) / 1000
const hash = createHash('sha256')
await pipeline(createReadStream(out), hash)
console.log(
  JSON.stringify({
    seconds,
    pruned,
    weights: report.weights,
    unreachable: report.unreachable,
    medianWeightError: report.medianWeightError,
    maxWeightError: report.maxWeightError,
    pairs: report.pairs.map(({ name, weights }) => ({ name, weights })),
    atOnce: elsewhere?.atOnce,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    sha256: hash.digest('hex'),
  }),
)
process.exit(0)
