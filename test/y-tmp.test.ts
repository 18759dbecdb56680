import { test } from 'vitest'
import { createGenerator } from '../src/kernels/generate.js'
import { loadKernels } from '../src/runtime/node.js'
import * as now from '../src/ticket/searched-weights.js'
import * as old from '../src/ticket/y-old.js'
import * as g24 from '../src/ticket/y-24.js'
import { packBits } from '../src/mask/packed-bits.js'
test('t', async () => {
  const gen = createGenerator(await loadKernels())
  const count = 500_000
  const init = { kind: 'normal', std: 1 } as const
  for (const [part, gens] of [[0.2, 40], [0.2, 40], [0.2, 4], [0.6, 4], [0.9, 1], [0.02, 40]]) {
    const kept = Uint8Array.from({ length: count }, () => Number(Math.random() < 0.3))
    const mask = packBits(kept)
    const generations = Uint8Array.from({ length: kept.reduce((a, b) => a + b, 0) }, () => Math.random() < part ? 1 + Math.floor(Math.random() * gens) : 0)
    const line = Object.entries({ old, now, g24 }).map(([n, m]) => { const t = performance.now(); m.materialiseMatrix({ count, stream: 1, init, mask, generations }, 1n, gen); return n + ' ' + (performance.now() - t).toFixed(0) })
    console.log('now', part, gens, line.join(' '))
  }
}, 60000)
