import type { JobKind } from './job.js'
import type { RunJob } from './kind.js'

/** How jobs of each kind are run; what a kind needs is loaded when it is used. */
export const runOf: { readonly [K in JobKind]: () => Promise<RunJob> } = {
  nothing: async () => (await import('./nothing-job.js')).runNothingJob,
  search: async () => (await import('./search-job.js')).runSearchJob,
  prune: async () => (await import('./prune-job.js')).runPruneJob,
  matrix: async () => (await import('./matrix-job.js')).runMatrixJob,
  eval: async () => (await import('./eval-job.js')).runEvalJob,
}
