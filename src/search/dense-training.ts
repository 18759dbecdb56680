import { normVectorsOf } from '../families/family.js'
import { createDenseStep } from '../kernels/dense-step.js'
import type { ParameterMemory } from '../kernels/parameter-memory.js'
import type { Algorithm } from './algorithm.js'
import { createNorms } from './norms.js'
import type { SearchSettings } from './settings.js'
import { stateOf } from './state.js'

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
