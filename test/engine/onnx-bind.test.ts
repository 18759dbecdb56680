import { expect, test } from 'vitest'
import { createGraphRunner } from '../../src/engine/onnx.js'
import { add, createGraph, encodeModel, float32, gather, int32, matMul, reshape } from '../../src/graph/index.js'

/** y = rows `at` of x w; z = w + w; i = `at` as [2, 2]. */
function example() {
  const graph = createGraph('bound')
  const x = graph.input('x', 'float32', [3, 2])
  const w = graph.input('w', 'float32', [2, 2])
  const at = graph.input('at', 'int32', [4])
  graph.output('y', gather(matMul(x, w), at))
  graph.output('z', add(w, w))
  graph.output('i', reshape(at, [2, 2]))
  return createGraphRunner({ threads: 1 }).load(encodeModel(graph))
}

test('a bound run reads and writes views of WebAssembly memory in place, and nothing beside them', async () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1 })
  new Uint8Array(buffer).fill(0xa5)
  const x = new Float32Array(buffer, 64, 6)
  const w = new Float32Array(buffer, 128, 4)
  const at = new Int32Array(buffer, 256, 4)
  const y = new Float32Array(buffer, 1000, 8)
  const z = new Float32Array(buffer, 2000, 4)
  const i = new Int32Array(buffer, 3000, 4)
  const loaded = await example()
  const run = loaded.bind(
    { x: float32([3, 2], x), w: float32([2, 2], w), at: int32([4], at) },
    { y: float32([4, 2], y), z: float32([2, 2], z), i: int32([2, 2], i) },
  )
  x.set([1, 2, 3, 4, 5, 6])
  w.set([1, 0, 0, 10])
  at.set([2, 0, 2, 1])
  await run()
  expect([...y]).toEqual([5, 60, 1, 20, 5, 60, 3, 40])
  expect([...z]).toEqual([2, 0, 0, 20])
  expect([...i]).toEqual([2, 0, 2, 1])

  w.set([0, 1, 1, 0]) // what changes between runs is seen
  at.set([1, 1, 0, 2])
  await run()
  expect([...y]).toEqual([4, 3, 4, 3, 2, 1, 6, 5])
  expect([...z]).toEqual([0, 2, 2, 0])
  expect([...i]).toEqual([1, 1, 0, 2])

  const ours = [x, w, at, y, z, i].map(({ byteOffset, byteLength }) => [byteOffset, byteOffset + byteLength])
  const strays = new Uint8Array(buffer).findIndex(
    (byte, at) => byte !== 0xa5 && !ours.some(([start, end]) => at >= start && at < end),
  )
  expect(strays).toBe(-1)
  await loaded.release()
})

test('outputs that are not named are not fetched', async () => {
  const loaded = await example()
  const z = new Float32Array(4)
  const run = loaded.bind(
    {
      x: float32([3, 2], new Float32Array(6)),
      w: float32([2, 2], Float32Array.of(1, 2, 3, 4)),
      at: int32([4], new Int32Array(4)),
    },
    { z: float32([2, 2], z) },
  )
  await run()
  expect([...z]).toEqual([2, 4, 6, 8])
  await loaded.release()
})

test('what does not fit is refused by name, before the first run', async () => {
  const loaded = await example()
  const feeds = {
    x: float32([3, 2], new Float32Array(6)),
    w: float32([2, 2], new Float32Array(4)),
    at: int32([4], new Int32Array(4)),
  }
  const z = float32([2, 2], new Float32Array(4))
  const refused = (inputs: object, results: object) => {
    try {
      loaded.bind({ ...feeds, ...inputs }, results as never)
    } catch (error) {
      return String(error)
    }
    return 'accepted'
  }
  expect(refused({}, { z })).toBe('accepted')
  expect(refused({}, {})).toBe('RangeError: "results" expected at least one output, got none')
  expect(refused({}, { v: z })).toBe('RangeError: the graph has no output named v')
  expect(refused({}, { y: z })).toBe('RangeError: graph output y expected float32 [4,2], got float32 [2,2]')
  expect(refused({}, { i: z })).toBe('RangeError: graph output i expected int32 [2,2], got float32 [2,2]')
  expect(refused({}, { z: { ...z, data: new Int32Array(4) } })).toBe(
    'TypeError: graph output z expected a Float32Array',
  )
  expect(refused({}, { z: { ...z, data: new Float32Array(3) } })).toBe(
    'RangeError: graph output z expected 4 elements, got 3',
  )
  expect(refused({ w: float32([4], new Float32Array(4)) }, { z })).toBe(
    'RangeError: graph input w expected float32 [2,2], got float32 [4]',
  )
  expect(refused({ other: z }, { z })).toBe('RangeError: the graph has no input named other')
  expect(refused({ at: undefined }, { z })).toBe('RangeError: graph input at expected a tensor, got nothing')
  await loaded.release()
})
