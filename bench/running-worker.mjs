// A process of its own that generates with a ticket: node bench/running-worker.mjs FILE WEIGHTS ACTIVATIONS. It is asked for counts of tokens on its
// stdin and answers in lines of JSON; see contestant.mjs.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { generateTokens } from '../dist/families/generate.js'
import { createGraph, encodeModel, float32, matMul } from '../dist/graph/index.js'
import { openModel } from '../dist/jobs/open-model.js'

const [file, weights, activations] = process.argv.slice(2)
const PROMPT = [64, 90, 18]
const runner = createGraphRunner({ threads: 2 })

/** Resident memory once garbage is collected, in bytes; the process is started with --expose-gc. */
const resident = () => {
  globalThis.gc?.()
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

/** ONNX Runtime is loaded and has run once: what stands before any model. */
async function startRuntime() {
  const graph = createGraph('trivial')
  const x = graph.input('x', 'float32', [64, 64])
  graph.output('y', matMul(x, x))
  const session = await runner.load(encodeModel(graph))
  await session.run({ x: float32([64, 64], new Float32Array(4096)) })
  return session
}

await startRuntime()
const before = resident()
const opened = await openModel(file, { runner, weights, activations })
const tokens = []
const read = async (count) => {
  const seconds = []
  tokens.length = 0
  let last = performance.now()
  for await (const token of generateTokens(opened.decoder, PROMPT, { count, temperature: 0, word: () => 0 })) {
    tokens.push(token)
    const now = performance.now()
    seconds.push((now - last) / 1000)
    last = now
  }
  return seconds
}
for await (const line of createInterface({ input: process.stdin })) {
  const seconds = await read(Number(line) + 2)
  console.log(JSON.stringify({ first: seconds[0], seconds: seconds.slice(2), tokens: [...tokens] }))
}
const peakBytes = 1024 * process.resourceUsage().maxRSS
console.log(
  JSON.stringify({
    beyondBytes: resident() - before,
    peakBytes,
    runtimeBytes: before,
    chosen: opened.weightsRun.reason,
  }),
)
await opened.close()
