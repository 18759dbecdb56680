import { weightFiller } from '../dist/kernels/index.js'
import { uniform } from '../dist/random/index.js'

const CHUNK = 4096

/** Random float32 numbers on (-1, 1): `count` of a stream from index `start`. */
function draw(kernels, seed, stream, start, count) {
  const [address] = kernels.reserve(count * 4)
  weightFiller(kernels, { seed, stream, init: { kind: 'uniform', range: 1 } })(address, start, count)
  return new Float32Array(kernels.exports.memory.buffer, address, count).slice()
}

/** Problems from..to of the task: items products of two uniforms (streams 0 and 1), targets uniform (stream 2). */
export function pensiaProblems(kernels, { seed, itemCount }, from, to) {
  const count = (to - from) * itemCount
  const first = draw(kernels, seed, 0, from * itemCount, count)
  const second = draw(kernels, seed, 1, from * itemCount, count)
  return {
    itemCount,
    items: Float64Array.from(first, (value, i) => value * second[i]),
    targets: uniform(seed, 2, to - from, from),
  }
}

/** Draws and solves weights from..to; counts what came within `reach` and which targets no subset can reach. */
export function solvePensiaRange(kernels, solver, task) {
  const { from, to, within } = task
  const result = { weights: to - from, reached: 0, unreachable: 0, errors: new Float64Array(to - from) }
  for (let start = from; start < to; start += CHUNK) {
    const { errors, reachable } = solver.solve(pensiaProblems(kernels, task, start, Math.min(to, start + CHUNK)))
    errors.forEach((error, c) => {
      result.errors[start - from + c] = Math.abs(error)
      result.reached += Math.abs(error) <= within ? 1 : 0
      result.unreachable += 1 - reachable[c]
    })
  }
  return result
}
