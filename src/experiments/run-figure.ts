import type { FigureNumber, FigureOptions, FigureResult } from './figure.js'
import { runFigure4 } from './figure-4.js'
import { runFigure5 } from './figure-5.js'
import { runFigure6 } from './figure-6.js'

const FIGURES: Record<FigureNumber, (options: FigureOptions) => Promise<FigureResult>> = {
  4: runFigure4,
  5: runFigure5,
  6: runFigure6,
}

/**
 * Runs a figure of the paper. Deterministic for (figure, sources, seed) but for `seconds`; touches no file and prints
 * nothing.
 *
 * @throws RangeError for another figure or a source count out of range; the signal's reason when aborted
 */
export async function runFigure(figure: FigureNumber, options: FigureOptions): Promise<FigureResult> {
  const run = FIGURES[figure]
  if (run === undefined) throw new RangeError(`"figure" expected 4, 5 or 6, got ${figure}`)
  return run(options)
}
