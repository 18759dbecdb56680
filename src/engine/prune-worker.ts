/** A worker thread of the construction. */
import { type PruneTask, runPruneTask } from '../prune/task.js'
import { loadKernels } from './node.js'

const kernels = await loadKernels()

export default (task: PruneTask) => runPruneTask(kernels, task)
