import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SearchRequest } from '../../src/jobs/search.js'
import type { MetricsRow } from '../../src/search/metrics.js'

/** A text with something to learn: a few words in random order. */
export function writeText(folder: string, words = 4000): string {
  const path = join(folder, 'words.txt')
  const list = ['the', 'lottery', 'ticket', 'was', 'there', 'from', 'the', 'start', 'and\n', 'won']
  let state = 1
  const text = Array.from({ length: words }, () => {
    state = (state * 48271) % 2147483647
    return list[state % list.length]
  })
  writeFileSync(path, text.join(' '))
  return path
}

/** A run of 24 steps that takes a moment. */
export const smallRun = (folder: string, changes: Partial<SearchRequest> = {}): SearchRequest => ({
  kind: 'search',
  choice: { model: 'micro', layers: 2, width: '32', heads: 2, context: 16, batch: 4, steps: 24, seed: 3n },
  data: join(folder, 'words.txt'),
  out: join(folder, 'a.slt.safetensors'),
  cadence: { validateEvery: 0, sampleEvery: 0, checkpointEvery: 5, checkpointSeconds: 0, validWindows: 8 },
  device: 'cpu',
  threads: 1,
  ...changes,
})

/** The steps of a run's metrics, in the order of the file; none where there is no such file. */
export const stepsOf = (runFolder: string): number[] => rowsOf(runFolder).map(({ step }) => step)

/** The whole lines of a run's metrics. */
export function rowsOf(runFolder: string): MetricsRow[] {
  const file = join(runFolder, 'metrics.jsonl')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}
