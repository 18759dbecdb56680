import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunState } from '../../src/queue/run-state.js'

/** The record of a sweep: keep 0.1, 0.3 and 0.5 with two seeds each. */
export const record = {
  version: '1',
  plan: {
    command: 'search',
    options: { data: '/somewhere/private/play.txt' },
    grid: { keep: [0.1, 0.3, 0.5], seed: '0..1' },
  },
  queue: 'redis://private-host:6379',
  store: '/somewhere/private/store',
  jobs: [],
}

const keeps = ['0.1', '0.3', '0.5']

/** Runs in all states: four are done (one of them disputed), one runs, one has failed. */
export const runs: readonly RunState[] = keeps.flatMap((keep, k) =>
  [0, 1].map((seed): RunState => {
    const about = {
      id: `${k}${seed}`.repeat(32),
      label: `keep ${keep}, seed ${seed}`,
      varied: { keep, seed: String(seed) },
    }
    const points = [10, 20, 30, 40].map((step) => [step, 5 - k / 4 - seed / 10 - step / 40] as const)
    const worker = `host-${seed}:77`
    if (k < 2) {
      const numbers = { validLoss: 4 - k + seed / 2, outBytes: 3000 + 100 * k }
      const disputed = k === 1 && seed === 1 ? { disputed: true } : {}
      return {
        ...about,
        status: 'done',
        worker,
        points,
        numbers,
        found: false,
        seconds: 12.3,
        files: { ticket: 'f'.repeat(64) },
        ...disputed,
      }
    }
    if (seed === 0) {
      const progress = { done: 20, total: 40, text: 'loss 4.250' }
      return { ...about, status: 'running', worker, points: points.slice(0, 2), progress }
    }
    return { ...about, status: 'failed', worker, failure: { message: 'out of memory', log: 'line one\nline two' } }
  }),
)

const startedAt = '2026-01-02T00:00:00.000Z'

/** The state of a sweep as `slt sweep` writes it. */
export const stateOf = (its: readonly RunState[]): string =>
  JSON.stringify({ version: '1', at: new Date().toISOString(), rate: 0.05, secondsLeft: 130, startedAt, runs: its })

/** A folder of a sweep. */
export async function makeSweep(path: string, its: readonly RunState[] = runs): Promise<void> {
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'sweep.json'), JSON.stringify(record))
  await writeFile(join(path, 'state.json'), stateOf(its))
}
