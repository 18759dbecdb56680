/** The entry whose subset sum is shown. */
import { computed, effect, signal } from '@preact/signals'
import type { Cell } from '../../ui/matrix-picture.js'
import { head } from './computed.js'
import type { PrunedMatrix } from './prune-head.js'
import { state } from './state.js'

/** The product that is shown. */
export const chosenMatrix = computed<PrunedMatrix | undefined>(() => {
  const pruned = head.value?.head
  return state.product.value === 'vo'
    ? pruned?.valueOutput
    : (pruned?.scores[state.frequency.value] ?? pruned?.scores[0])
})

/** The entry, inside the matrix that is shown. */
export const chosenEntry = computed<Cell>(() => {
  const matrix = chosenMatrix.value
  const inside = (value: number, count: number | undefined) => Math.min(value, (count ?? 1) - 1)
  return { row: inside(state.row.value, matrix?.inputs), column: inside(state.column.value, matrix?.outputs) }
})

/** How many items have been looked at, up to all of them: while it is above, all. */
export const step = signal(Number.POSITIVE_INFINITY)

// Another number of items is shown whole.
effect(() => {
  state.n.value
  step.value = Number.POSITIVE_INFINITY
})
