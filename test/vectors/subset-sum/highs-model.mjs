// The subset-sum problem as a mixed-integer program in CPLEX LP text: minimise g subject to -g <= sum p_k x_k - t <= g,
// x binary. Everything is multiplied by `unit` so that gaps are of order 1 and far above the solver's tolerances.

/** HiGHS options: no early stop (the default absolute gap, 1e-6, is wider than the answers), tight tolerances. */
export const options = {
  output_flag: false,
  threads: 1,
  mip_rel_gap: 0,
  mip_abs_gap: 1e-6,
  mip_feasibility_tolerance: 1e-9,
  primal_feasibility_tolerance: 1e-9,
  dual_feasibility_tolerance: 1e-9,
}

const signed = (value) => (value < 0 ? `- ${-value}` : `+ ${value}`)

/** @param items n numbers; @param target number; @param unit what 1 is multiplied by, a power of two */
export function lpOf(items, target, unit) {
  const terms = [...items].map((p, k) => `${signed(p * unit)} x${k}`).join(' ')
  return [
    'Minimize',
    ' obj: g',
    'Subject To',
    ` above: ${terms} - g <= ${target * unit}`,
    ` below: ${terms} + g >= ${target * unit}`,
    'Bounds',
    ' g >= 0',
    'Binary',
    ` ${[...items].map((_, k) => `x${k}`).join(' ')}`,
    'End',
  ].join('\n')
}

/** Solves a problem; returns HiGHS's mask as an integer (item 0 is bit 0). Throws unless HiGHS calls it optimal. */
export function solveWithHighs(highs, items, target) {
  const solved = highs.solve(lpOf(items, target, 2 ** items.length), options)
  if (solved.Status !== 'Optimal') throw new Error(`HiGHS: ${solved.Status}`)
  let mask = 0
  for (let k = 0; k < items.length; k++) if (Math.round(solved.Columns[`x${k}`].Primal) === 1) mask += 2 ** k
  return mask
}
