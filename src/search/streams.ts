/**
 * The random streams of a search; all of them belong to the run's seed. Matrices are numbered as `gpt2Matrices` lists
 * them. Frozen: tickets and resumed runs depend on them.
 */

/** Weights of a matrix at a generation: 0 at first, one more with each redrawing (IteRand). */
export const weightStream = (matrix: number, generation = 0): number => matrix + generation * 2 ** 20

/** Initial scores of a matrix. */
export const scoreStream = (matrix: number): number => 2 ** 45 + matrix

/** Which pruned weights of a matrix are redrawn for a generation. */
export const redrawStream = (matrix: number, generation: number): number => 2 ** 46 + weightStream(matrix, generation)

/** Training batches: word `step * B + b`, step from 0, says where window b starts. Read from the data's seed. */
export const BATCH_STREAM = 2 ** 47

/** Sampled texts: token i uses word i. */
export const TEXT_STREAM = 2 ** 47 + 1
