/** The worker of one search. */
import { unlessLost } from '../../lost-gpu.js'
import { exposeTasks, type TaskContext } from '../../worker-task.js'
import { type LiveRun, openLiveRun } from './live-run.js'
import type { RunEnd, RunInput, RunReport, TicketFile } from './messages.js'

let live: LiveRun | undefined

const running = (): LiveRun => {
  if (!live) throw new Error('The search has not started yet.')
  return live
}

const tasks = {
  /** Runs a search, reporting on the way; a worker has one. */
  async run(input: RunInput, context: TaskContext<RunReport>): Promise<RunEnd> {
    if (live) throw new Error('This worker has a search already.')
    live = await openLiveRun(input, context)
    return live.lost ? unlessLost(live.run(), live.lost) : live.run()
  },
  /** Ends it after its next step; its ticket can still be asked for. */
  stop: (_: undefined) => running().stop(),
  hold: (_: undefined) => running().hold(),
  proceed: (_: undefined) => running().proceed(),
  /** Shows the mask of another matrix. */
  show: ({ matrix }: { matrix: string }) => running().show(matrix),
  ticket: (_: undefined): Promise<TicketFile> => running().ticket(),
}
export type SearchTasks = typeof tasks

exposeTasks(tasks)
