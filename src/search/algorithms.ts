import { normVectorsOf } from '../families/family.js'
import type { AdamW } from '../kernels/adamw.js'
import { createDenseStep } from '../kernels/dense-step.js'
import type { MatrixMemory, ParameterMemory } from '../kernels/parameter-memory.js'
import { createTicketStep, type TicketStep } from '../kernels/ticket-step.js'
import type { Algorithm } from './algorithm.js'
import type { StateTensor } from './checkpoint.js'
import type { SearchSettings } from './settings.js'

/** An algorithm that finds a mask. */
export interface MaskedAlgorithm extends Algorithm {
  readonly ticket: TicketStep
  changed(): number
}

/**
 * Learned gains and shifts of norms move at this part of the scores' learning rate: scores bear steps that would
 * throw a norm about.
 */
const NORM_RATE = 0.1

/** Edge-popup (Ramanujan et al. 2020): scores learn, the weights with the largest |score| are kept. */
export function createEdgePopup(memory: ParameterMemory, settings: SearchSettings): MaskedAlgorithm {
  const { keep, selection } = settings
  const ticket = createTicketStep(memory.tickets, { keep, selection })
  const norms = createNorms(memory.dense)
  ticket.select()
  return {
    ticket,
    state: stateOf(memory.matrices),
    update(adamw) {
      ticket.update(adamw)
      norms({ ...adamw, learningRate: adamw.learningRate * NORM_RATE })
    },
    restored: () => ticket.select(),
    changed: () => ticket.changed(),
  }
}

/** The dense baseline: the weights themselves learn. */
export function createDenseTraining(memory: ParameterMemory, { config }: Pick<SearchSettings, 'config'>): Algorithm {
  const vectors = new Set(normVectorsOf(config).map(({ name }) => name))
  const matrices = createDenseStep(memory.dense.filter(({ name }) => !vectors.has(name)))
  const norms = createNorms(memory.dense.filter(({ name }) => vectors.has(name)))
  return {
    state: stateOf(memory.matrices),
    update(adamw) {
      matrices.update(adamw)
      norms(adamw)
    },
    restored() {},
  }
}

/** Gains and shifts are not decayed. */
function createNorms(norms: ParameterMemory['dense']): (adamw: AdamW) => void {
  if (norms.length === 0) return () => {}
  const step = createDenseStep(norms)
  return (adamw) => step.update({ ...adamw, weightDecay: 0 })
}

/** What AdamW moves, as it lies in memory; random weights and masks follow from the seed and the scores. */
function stateOf(matrices: readonly MatrixMemory[]): StateTensor[] {
  return matrices.flatMap((matrix) => [
    matrix.kind === 'ticket'
      ? { name: `${matrix.name}.scores`, values: matrix.scores }
      : { name: `${matrix.name}.values`, values: matrix.effective },
    { name: `${matrix.name}.momentum`, values: matrix.momentum },
    { name: `${matrix.name}.variance`, values: matrix.variance },
  ])
}
