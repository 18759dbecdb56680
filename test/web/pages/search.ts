/** A page that runs searches in the explorer's worker and keeps what it says, for search-steps.test.ts. */
import type { MetricsRow } from '../../../src/search/metrics.js'
import type { Opening, RunEnd, RunInput } from '../../../web/src/views/search/messages.js'
import type { SearchTasks } from '../../../web/src/views/search/search-worker.js'
import { createWorkerClient, type WorkerClient } from '../../../web/src/worker-client.js'

/** A search of the page. */
export interface PageSearch {
  readonly client: WorkerClient<SearchTasks>
  readonly rows: MetricsRow[]
  readonly end: Promise<RunEnd>
  opening?: Opening
}

declare global {
  var startSearch: (input: RunInput) => PageSearch
  var search: PageSearch
}

globalThis.startSearch = (input) => {
  const client = createWorkerClient<SearchTasks>(
    () => new Worker(new URL('../../../web/src/views/search/search-worker.ts', import.meta.url), { type: 'module' }),
  )
  const rows: MetricsRow[] = []
  const end = client.call('run', input, {
    onReport(report) {
      if (report.kind === 'opening') search.opening = report
      else if (report.kind === 'advance') rows.push(...report.rows)
    },
  })
  const search: PageSearch = { client, rows, end }
  return search
}
