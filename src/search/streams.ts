/**
 * The random streams of a search; all of them belong to the run's seed. Matrices are numbered as `matricesOf` lists
 * them. Training batches read `BATCH_STREAM` of the data's seed (src/data/windows.ts). Frozen: tickets and resumed runs
 * depend on them.
 */
import { BATCH_STREAM } from '../data/windows.js'
import { GENERATION_STRIDE, usualScores } from '../ticket/searched.js'

/**
 * Weights of a matrix at a generation: 0 at first, one more with each redrawing (IteRand).
 * @param stream of generation 0: the number of the matrix, or what a ticket says that is searched on
 */
export const weightStream = (stream: number, generation: number): number => stream + generation * GENERATION_STRIDE

/** Masks of a matrix that are drawn: weight i of a step uses word step * count + i. */
export const sampleStream = (matrix: number): number => 2 ** 44 + matrix

/** Initial scores of a matrix. */
export const scoreStream = usualScores

/** Which pruned weights of a matrix are redrawn for a generation. */
export const redrawStream = (matrix: number, generation: number): number => 2 ** 46 + weightStream(matrix, generation)

/** Sampled texts: token i uses word i. */
export const TEXT_STREAM = BATCH_STREAM + 1
