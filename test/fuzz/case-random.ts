import { fillWords } from '../../src/random/index.js'

/** Random numbers of one case: words of stream `number` of the seed, so that any case can be run alone. */
export interface CaseRandom {
  /** An integer from 0 to `below` - 1. */
  next(below: number): number
  one<T>(of: readonly T[]): T
}

const WORDS = 64

export function createCaseRandom(seed: number, number: number): CaseRandom {
  const words = new Uint32Array(WORDS)
  let at = 0
  const next = (below: number) => {
    if (at % WORDS === 0) fillWords(seed, number, at, words)
    return Math.floor((words[at++ % WORDS] / 2 ** 32) * below)
  }
  return { next, one: (of) => of[next(of.length)] }
}
