/** Kept fractions of single matrices, where they are not all `keep`. */
import { matricesOf } from '../families/family.js'
import { isLinearMap, type MatrixParameter, type MatrixRole } from '../families/parameter.js'
import type { MethodSettings } from './method-settings.js'

type DensitySettings = Pick<MethodSettings, 'config' | 'keep' | 'densities' | 'embeddings'>

/**
 * The kept fraction of each matrix, by its name. All together keep `keep` of their weights, but for tables and a head that `embeddings` speaks of,
 * which are left out.
 * - absent: `keep` for all.
 * - `erk` (Erdos-Renyi kernel; Evci et al., "Rigging the Lottery", ICML 2020): proportional to (inputs + outputs) / (inputs * outputs); what would
 *   keep more than all is kept whole, and the others share the rest.
 * - by role: as asked, and one fraction for all other matrices.
 * @throws RangeError where no fractions above 0 and up to 1 do that, or none of the matrices has a role that is named
 */
export function densitiesOf({ config, keep, densities, embeddings }: DensitySettings): ReadonlyMap<string, number> {
  const matrices = matricesOf(config)
  const same = new Map(matrices.map(({ name }) => [name, keep]))
  if (densities === undefined) return same
  const shared = embeddings ? matrices.filter(({ role }) => isLinearMap(role)) : matrices
  const found = densities === 'erk' ? erkDensities(shared, keep) : roleDensities(shared, keep, densities)
  return new Map([...same, ...found])
}

const sizeOf = ({ shape }: MatrixParameter): number => shape[0] * shape[1]
const totalOf = (matrices: readonly MatrixParameter[]): number => matrices.reduce((sum, each) => sum + sizeOf(each), 0)

function erkDensities(matrices: readonly MatrixParameter[], keep: number): Map<string, number> {
  const whole = new Set<MatrixParameter>()
  for (;;) {
    const rest = matrices.filter((matrix) => !whole.has(matrix))
    const left = keep * totalOf(matrices) - totalOf([...whole])
    const factor = left / rest.reduce((sum, { shape }) => sum + shape[0] + shape[1], 0)
    const density = ({ shape }: MatrixParameter) => (factor * (shape[0] + shape[1])) / (shape[0] * shape[1])
    const full = rest.filter((matrix) => density(matrix) > 1)
    if (full.length === 0) {
      return new Map(matrices.map((matrix) => [matrix.name, whole.has(matrix) ? 1 : density(matrix)]))
    }
    for (const matrix of full) whole.add(matrix)
  }
}

function roleDensities(
  matrices: readonly MatrixParameter[],
  keep: number,
  asked: Readonly<Partial<Record<MatrixRole, number>>>,
): Map<string, number> {
  for (const role of Object.keys(asked)) {
    if (matrices.some((matrix) => matrix.role === role)) continue
    throw new RangeError(`"density" expected roles among ${rolesIn(matrices).join(', ')}, got ${role}`)
  }
  const others = matrices.filter(({ role }) => asked[role] === undefined)
  const named = matrices.reduce((sum, matrix) => sum + (asked[matrix.role] ?? 0) * sizeOf(matrix), 0)
  const [all, free] = [totalOf(matrices), totalOf(others)]
  const rest = (keep * all - named) / free
  if (free === 0 && Math.abs(named / all - keep) > 1e-3 * keep) {
    throw new RangeError(`"keep" expected ${(named / all).toPrecision(4)}, which the densities make, got ${keep}`)
  }
  if (free > 0 && !(rest > 0 && rest <= 1)) {
    const low = named / all
    const high = (named + free) / all
    throw new RangeError(
      `"density" expected fractions that leave the other roles more than nothing and at most all: with these "keep" lies above ${low.toPrecision(3)} and up to ${high.toPrecision(3)}, got ${keep}`,
    )
  }
  return new Map(matrices.map(({ name, role }) => [name, asked[role] ?? rest]))
}

const rolesIn = (matrices: readonly MatrixParameter[]): MatrixRole[] => [...new Set(matrices.map(({ role }) => role))]
