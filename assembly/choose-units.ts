// Which input coordinate each hidden unit shall see, for the balanced construction (src/prune/choose-units.ts says why).

const MAX_CANDIDATES: u32 = 64
const CANDIDATES: usize = memory.data(64 * 4, 16) // u32: coordinates of the candidates
const SIZES: usize = memory.data(64 * 4, 16) // f32: their first weights' magnitudes, descending

/** The vacant coordinates with the largest |first[j, unit]|, descending; ties by the lower coordinate. */
function gatherCandidates(first: usize, stride: u32, vacancies: usize, inputs: u32, most: u32): u32 {
  let count: u32 = 0
  for (let j: u32 = 0; j < inputs; j++) {
    if (load<u32>(vacancies + (<usize>j << 2)) == 0) continue
    const size = abs(load<f32>(first + ((<usize>j * stride) << 2)))
    if (count == most && size <= load<f32>(SIZES + (<usize>(most - 1) << 2))) continue
    let place = count < most ? count++ : most - 1
    while (place > 0 && load<f32>(SIZES + (<usize>(place - 1) << 2)) < size) {
      store<f32>(SIZES + (<usize>place << 2), load<f32>(SIZES + (<usize>(place - 1) << 2)))
      store<u32>(CANDIDATES + (<usize>place << 2), load<u32>(CANDIDATES + (<usize>(place - 1) << 2)))
      place--
    }
    store<f32>(SIZES + (<usize>place << 2), size)
    store<u32>(CANDIDATES + (<usize>place << 2), j)
  }
  return count
}

/** Change of sum_i balance[i]^4 when x * v is added to the balance. */
function potentialChange(balance: usize, v: usize, x: f32, outputs: u32): f32 {
  const factor = f32x4.splat(x)
  let sum = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= outputs; i += 4) {
    const at = <usize>i << 2
    const before = v128.load(balance + at)
    const after = f32x4.add(before, f32x4.mul(factor, v128.load(v + at)))
    const before2 = f32x4.mul(before, before)
    const after2 = f32x4.mul(after, after)
    sum = f32x4.add(sum, f32x4.mul(f32x4.sub(after2, before2), f32x4.add(after2, before2)))
  }
  let change =
    (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  for (; i < outputs; i++) {
    const at = <usize>i << 2
    const before = load<f32>(balance + at)
    const after = before + x * load<f32>(v + at)
    change += (after * after - before * before) * (after * after + before * before)
  }
  return change
}

/**
 * Chooses the coordinates of `units` consecutive hidden units.
 * first f32 [inputs][units], second f32 [units][outputs], balance f32 [inputs][outputs], vacancies u32 [inputs];
 * coordinates u16 [units] is written. `factor` turns a first weight times a second weight into units of the balance.
 */
export function chooseUnits(
  first: usize, second: usize, balance: usize, vacancies: usize, coordinates: usize,
  units: u32, inputs: u32, outputs: u32, candidates: u32, factor: f32,
): void {
  const most = min<u32>(candidates, MAX_CANDIDATES)
  for (let unit: u32 = 0; unit < units; unit++) {
    const v = second + ((<usize>unit * outputs) << 2)
    const column = first + (<usize>unit << 2)
    const count = gatherCandidates(column, units, vacancies, inputs, most)
    let best = load<u32>(CANDIDATES)
    let least: f32 = Infinity
    for (let c: u32 = 0; c < count; c++) {
      const j = load<u32>(CANDIDATES + (<usize>c << 2))
      const x = load<f32>(column + ((<usize>j * units) << 2)) * factor
      const change = potentialChange(balance + ((<usize>j * outputs) << 2), v, x, outputs)
      if (change < least) {
        least = change
        best = j
      }
    }
    const row = balance + ((<usize>best * outputs) << 2)
    const x = load<f32>(column + ((<usize>best * units) << 2)) * factor
    for (let i: u32 = 0; i < outputs; i++) {
      const at = <usize>i << 2
      store<f32>(row + at, load<f32>(row + at) + x * load<f32>(v + at))
    }
    store<u32>(vacancies + (<usize>best << 2), load<u32>(vacancies + (<usize>best << 2)) - 1)
    store<u16>(coordinates + (<usize>unit << 1), <u16>best)
  }
}
