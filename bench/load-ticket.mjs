// A process of its own that opens a ticket and rebuilds its weights: node bench/load-ticket.mjs FILE THREADS. Prints JSON.
import { createHash } from 'node:crypto'
import { rebuildTicket } from '../dist/engine/rebuild-ticket.js'
import { openFile } from '../dist/files/files.js'
import { nodeSha256 } from '../dist/files/sha256.js'
import { openTicket } from '../dist/ticket/index.js'

const [file, threads] = process.argv.slice(2)
const before = process.resourceUsage().maxRSS
const started = performance.now()
const source = await openFile(file)
const ticket = await openTicket(source, nodeSha256)
const opened = performance.now()
const { parameters } = await rebuildTicket(ticket, { threads: Number(threads) })
const rebuilt = performance.now()
const peak = process.resourceUsage().maxRSS
await source.close()

const hash = createHash('sha256')
let weights = 0
for (const values of parameters.values()) {
  hash.update(values)
  weights += values.length
}
console.log(
  JSON.stringify({
    weights,
    openMs: opened - started,
    rebuildMs: rebuilt - opened,
    loadMs: rebuilt - started,
    peakBytes: peak * 1024,
    startBytes: before * 1024,
    sha256: hash.digest('hex'),
  }),
)
