/** Figures 4 to 6 and that of rotary attention run, and every figure drawn. The packages that fit and draw are loaded by the first call that needs them. */
import type { FigureId, FigureOptions, FigureResult } from './figure.js'
import type { LanguageFigureResult } from './language-model.js'

const FIGURES: Record<FigureId, () => Promise<(options: FigureOptions) => Promise<FigureResult>>> = {
  4: async () => (await import('./figure-4.js')).runFigure4,
  5: async () => (await import('./figure-5.js')).runFigure5,
  6: async () => (await import('./figure-6.js')).runFigure6,
  rotary: async () => (await import('./figure-rotary.js')).runFigureRotary,
}

/**
 * Runs a figure. Deterministic for (figure, sources, seed) but for `seconds`; touches no file and prints
 * nothing.
 *
 * @throws RangeError for another figure or a source count out of range; the signal's reason when aborted
 */
export async function runFigure(figure: FigureId, options: FigureOptions): Promise<FigureResult> {
  const load = FIGURES[figure]
  if (load === undefined) throw new RangeError(`"figure" expected 4, 5, 6 or rotary, got ${figure}`)
  const run = await load()
  return run(options)
}

/**
 * A figure as one standalone SVG document on white, 760 pixels wide; the same text for the same result.
 *
 * @throws RangeError for a result of another figure or without its fits
 */
export async function renderFigure(result: FigureResult | LanguageFigureResult): Promise<string> {
  return (await import('./figure-svg.js')).renderFigure(result)
}

/**
 * The report as one HTML document without outside references, light or dark as the reader prefers.
 *
 * @param results any figures, shown in the order given, 7 and 8 last; at least one
 * @throws RangeError when there is none, or one without its fits
 */
export async function renderReport(results: readonly (FigureResult | LanguageFigureResult)[]): Promise<string> {
  return (await import('./report.js')).renderReport(results)
}
