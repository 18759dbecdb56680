import type { ComponentType } from 'preact'
import { type ViewName, viewTitles } from './view-names.js'
import type { SourceText } from './views/search/corpus-bytes.js'

/** A view of the explorer. Its module is fetched when it is first shown. */
export interface View {
  readonly title: string
  /** Two sentences that need no knowledge of the paper. */
  readonly lead: string
  load(): Promise<{ default: ComponentType }>
  /** Fetches what takes a text that was dropped on the page, where the view has a use for one. */
  loadTaker?(): Promise<{
    textOfFile(file: File): Promise<SourceText>
    takeText(text: SourceText): void
  }>
}

/** The four views by their names. */
export const views = {
  prune: {
    title: viewTitles.prune,
    lead: 'A random matrix already contains the attention head you want: keep some of its weights, drop the others, change none. Give each entry more random products to choose from, and watch the kept ones add up to it.',
    load: () => import('./views/prune/prune-view.js'),
  },
  run: {
    title: viewTitles.run,
    lead: 'A ticket is a seed and one bit a weight: the seed grows a random transformer, the bits say which of its weights stay. Open one, look at its masks, and let it write.',
    load: () => import('./views/run/run-view.js'),
  },
  search: {
    title: viewTitles.search,
    lead: 'Here a random transformer learns which of its weights to keep, while no weight ever changes. Start it on Shakespeare or on a text of yours, watch the loss fall, and take the ticket home.',
    load: () => import('./views/search/search-view.js'),
    loadTaker: () => import('./views/search/handed-text.js'),
  },
  report: {
    title: viewTitles.report,
    lead: 'Searches and sweeps as they run, the figures of the paper, and tickets to open, from the folders that slt serve was started on. It only reads them, and nothing leaves your machine.',
    load: () => import('./views/report/report-view.js'),
  },
} as const satisfies Record<ViewName, View>
