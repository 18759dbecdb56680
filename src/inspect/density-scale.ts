/** Colours of a density picture: how far a cell is from the kept fraction of its matrix. */
import { BLUE, ORANGE } from '../svg/palette.js'
import type { DensityGrid } from './density-grid.js'

/** Colours on each side of the middle. */
export const STEPS = 6

/** How far cells may lie before the colour scale ends, as a part of all weights. */
export interface DensityScale {
  /** > 0. */
  readonly reach: number
  /** -STEPS to STEPS: the colour of a deviation of the kept fraction; what lies beyond the scale has its last colour. */
  stepOf(deviation: number): number
}

/**
 * A scale as long as the deviations of cells from their matrix' own fraction.
 * @param grids at least one
 * @param part of the cells that are within the scale, 0 < part <= 1
 */
export function densityScale(grids: readonly DensityGrid[], part: number): DensityScale {
  const deviations = grids.flatMap((grid) => {
    const own = fractionOf(grid)
    return Array.from(grid.counts, (count, i) => (count > 0 ? Math.abs(grid.kept[i] / count - own) : 0))
  })
  deviations.sort((a, b) => a - b)
  const found = deviations[Math.ceil(part * deviations.length) - 1]
  const reach = Math.max(0.01, Math.ceil(100 * found) / 100) // whole percents
  return {
    reach,
    stepOf: (deviation) => Math.round(Math.max(-1, Math.min(1, deviation / reach)) * STEPS),
  }
}

/** Kept fraction of all that a grid lies over; 0 where that is nothing. */
export function fractionOf({ counts, kept }: DensityGrid): number {
  const count = counts.reduce((sum, one) => sum + one, 0)
  return count > 0 ? kept.reduce((sum, one) => sum + one, 0) / count : 0
}

/** Name of a step's class in the SVG. */
export const stepClass = (step: number): string => (step < 0 ? `l${-step}` : step > 0 ? `m${step}` : 'o')

const [LIGHT, DARK] = ['#f3f3f1', '#2a2a2e']

/** The style sheet of a picture, for paper and for a dark screen. */
export const densityStyle = (): string =>
  [
    'text{font-size:10.5px;fill:#222}.quiet{fill:#555}.head{font-size:12px;font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}',
    '.paper{fill:#fff}.none{fill:#d8d8d8}.band{fill:#e6e6e2}.line{fill:none;stroke:#222;stroke-width:1}.own{stroke:#999;stroke-width:.5}',
    '.cells path{fill:none;stroke-width:1}.cells{shape-rendering:crispEdges}',
    colours(LIGHT, BLUE, ORANGE),
    '@media (prefers-color-scheme:dark){',
    'text{fill:#e8e8e8}.quiet{fill:#a8a8a8}.paper{fill:#18181b}.none{fill:#4a4a4e}.band{fill:#34343a}.line{stroke:#e8e8e8}.own{stroke:#777}',
    colours(DARK, '#4db3f0', '#ff8a3c'),
    '}',
  ].join('')

function colours(middle: string, less: string, more: string): string {
  const sides = Array.from({ length: STEPS }, (_, i) => {
    const share = (i + 1) / STEPS
    return [
      [`l${i + 1}`, mix(middle, less, share)],
      [`m${i + 1}`, mix(middle, more, share)],
    ]
  })
  return [['o', middle], ...sides.flat()].map(([name, colour]) => `.${name}{fill:${colour};stroke:${colour}}`).join('')
}

function mix(from: string, to: string, share: number): string {
  const [a, b] = [from, to].map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)))
  return `#${a
    .map((value, i) =>
      Math.round(value + share * (b[i] - value))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}
