import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { loadSolver } from '../../src/engine/node.js'
import { samplePositions } from '../../src/experiments/output-error.js'
import { pairPlans } from '../../src/families/pair-plan.js'
import { pairTarget } from '../../src/families/pair-target.js'
import { openFile } from '../../src/files/files.js'
import { readModelFolder } from '../../src/interop/index.js'
import { multiply } from '../../src/paper/matrix.js'
import { mergeRotary } from '../../src/paper/merged-rotary.js'
import { prunePairs } from '../../src/paper/prune-pair.js'
import { pruneRotary } from '../../src/paper/prune-rotary.js'
import { rotateHalves } from '../../src/paper/rotary-attention.js'
import { rotaryConstruction } from '../../src/paper/rotary-construction.js'
import { createSourcePair } from '../../src/paper/source.js'
import { createTypeScriptSolver, type SubsetSumSolver, solveSubsetSum } from '../../src/subset-sum/index.js'
import { type ErrorCurve, traceErrors } from '../../web/src/views/prune/error-curve.js'
import {
  attentionError,
  attentionMap,
  largestError,
  largestNorm,
  mergedTicket,
  outputBound,
} from '../../web/src/views/prune/head-attention.js'
import { createNewest } from '../../web/src/views/prune/newest.js'
import { entryItems, pruneHead } from '../../web/src/views/prune/prune-head.js'
import { openSorter, type Sorter } from '../../web/src/views/prune/sorter.js'
import { openStoryHeads, type StoryHeads } from '../../web/src/views/prune/story-heads.js'
import {
  createHeadInput,
  createTargetHead,
  SOURCE_STREAM,
  type TargetHead,
} from '../../web/src/views/prune/target-head.js'
import { readPartials } from '../families/gpt2/partials.js'

const folder = fileURLToPath(new URL('../../data/gpt-nano-sort', import.meta.url))
const storyFolder = fileURLToPath(new URL('../../data/stories260k', import.meta.url))
const storyFile = fileURLToPath(new URL('../../web/public/story-heads.safetensors', import.meta.url))
const steps = { pause: async () => {} }
let sorter: Sorter
let solver: SubsetSumSolver
const getSorter = async () => sorter
let stories: StoryHeads
const getStories = async () => stories
const random = (seed: bigint, d: number) => createTargetHead({ kind: 'random', seed, d }, getSorter, getStories)

beforeAll(async () => {
  sorter = await openSorter((name) => openFile(join(folder, name)))
  stories = await openStoryHeads(await openFile(storyFile))
  solver = await loadSolver()
})

/** Largest difference of two lists of equal length. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)
}

describe("the sorter's heads, against the original program's tensors", () => {
  const partials = readPartials()
  const tokensOf = (list: number) => Array.from(partials.get('idx')!.data.subarray(list * 11, (list + 1) * 11))
  const of = (name: string, list: number) => {
    const { shape, data } = partials.get(name)!
    return data.subarray((list * data.length) / shape[0], ((list + 1) * data.length) / shape[0])
  }

  test.each([0, 1, 2])('list %i: what the first layer reads, to 1e-4, and a constant 1', (list) => {
    const x = sorter.headInputs(tokensOf(list), 0)
    const rows = Array.from({ length: 11 }, (_, t) => x.subarray(t * 49, t * 49 + 48))
    const wanted = of('ln1', list)
    for (const [t, row] of rows.entries()) {
      expect(farthest(row, wanted.subarray(t * 48, (t + 1) * 48))).toBeLessThan(1e-4)
      expect(x[t * 49 + 48]).toBe(1)
    }
  })

  test.each([0, 1, 2])('list %i: logits after all layers, to 1e-4', (list) => {
    expect(farthest(sorter.logits(tokensOf(list)), of('lm_head', list).subarray(-3))).toBeLessThan(1e-4)
  })

  test.each([0, 1, 2])('head %i: the attention map, to 1e-5', async (head) => {
    const target = await createTargetHead({ kind: 'sorter', layer: 0, head }, getSorter, getStories)
    const map = attentionMap(target, target.scores, sorter.headInputs(tokensOf(0), 0), samplePositions(11, 64))
    expect(farthest(map, of('attSm', 0).subarray(head * 121, (head + 1) * 121))).toBeLessThan(1e-5)
  })

  test('six letters are followed by the answer', async () => {
    const target = await createTargetHead({ kind: 'sorter', layer: 2, head: 1 }, getSorter, getStories)
    const { tokens, x } = await createHeadInput({ kind: 'letters', letters: 'CABBAC' }, target, 2, getSorter)
    expect(tokens).toEqual([2, 0, 1, 1, 0, 2, 0, 0, 1, 1, 2])
    expect(x.length).toBe(11 * 49)
  })
})

describe("the storyteller's heads, against the matrices that pruning its folder asks for", () => {
  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
  ])('layer %i, head %i: A, B and W_V W_O, to 1e-6', async (layer, head) => {
    const { config, weights } = await readModelFolder((name) => openFile(join(storyFolder, name)))
    const plans = pairPlans(config, { attention: 'rotary', dense: 'none' }).filter(
      (plan) => 'attention' in plan && plan.attention.layer === layer && plan.head === head,
    )
    const wanted = plans.map((plan) => pairTarget(plan, weights))
    const target = await createTargetHead({ kind: 'story', layer, head }, getSorter, getStories)
    expect(target.scores.length).toBe(4)
    expect(farthest(target.valueOutput, wanted[4])).toBeLessThan(1e-6)
    const d = 64
    for (const [p, scores] of target.scores.entries()) {
      // A pair of the model has [A | B]; the page draws A', and -B'.
      const ofPair = Float64Array.from({ length: 2 * d * d }, (_, i) => {
        const [row, column] = [Math.floor(i / (2 * d)), i % (2 * d)]
        return column < d ? scores[column * 2 * d + row] : -scores[(column - d) * 2 * d + d + row]
      })
      expect(farthest(ofPair, wanted[p])).toBeLessThan(1e-6)
    }
    expect([target.inputs, target.mask, Array.from(target.rotary!.frequencies)]).toEqual([
      64,
      'causal',
      [0, 1, 2, 3].map((p) => 10_000 ** (-p / 4)),
    ])
  })

  test('one is pruned: all errors small with 16 items', async () => {
    const target = await createTargetHead({ kind: 'story', layer: 0, head: 0 }, getSorter, getStories)
    const source = { seed: 1n, items: 16, initialisation: 'theory' } as const
    const head = await pruneHead(solver, target, source, SOURCE_STREAM, steps)
    const { x } = await createHeadInput({ kind: 'random', seed: 1n, length: 16 }, target, 0, getSorter)
    const largest = Math.max(...[...head.scores, head.valueOutput].map(largestError))
    expect(largest).toBeLessThan(1)
    expect(attentionError(target, mergedTicket(head), x)).toBeLessThanOrEqual(
      outputBound(target, head, largestNorm(x, 64)),
    )
  })
})

describe('a pruned head', () => {
  test.each(['theory', 'xavier'] as const)(
    '%s: group by group, the construction of src/prune, bit for bit',
    async (initialisation) => {
      const target = await random(3n, 6)
      const head = await pruneHead(
        createTypeScriptSolver(),
        target,
        { seed: 9n, items: 8, initialisation },
        SOURCE_STREAM,
        steps,
      )
      const shape = { seed: 9n, inputs: 6, hidden: 48, outputs: 6, initialisation }
      const pairs = prunePairs(createTypeScriptSolver(), [
        {
          source: createSourcePair({ ...shape, stream: SOURCE_STREAM, role: 'query-key' }),
          target: target.scores[0],
        },
        {
          source: createSourcePair({ ...shape, stream: SOURCE_STREAM + 2, role: 'value-output' }),
          target: target.valueOutput,
        },
      ])
      for (const [i, matrix] of [...head.scores, head.valueOutput].entries()) {
        expect(matrix.weights).toEqual(pairs[i].weights)
        expect(matrix.reachable).toEqual(pairs[i].reachable)
        expect(matrix.expectedGaps).toEqual(pairs[i].expectedGaps)
        const bits = Uint8Array.from(matrix.kept, (_, at) => (pairs[i].second[at >> 3] >> (at & 7)) & 1)
        expect(matrix.kept).toEqual(bits)
      }
    },
  )

  test('the masks that are shown, applied literally, give the product that is shown', async () => {
    const target = await random(1n, 5)
    const source = { seed: 1n, items: 10, initialisation: 'theory' } as const
    const {
      scores: [queryKey],
    } = await pruneHead(solver, target, source, SOURCE_STREAM, steps)
    const { first, second, kept, weights, divisor } = queryKey
    const maskedFirst = first.map((value, at) => (Math.floor((at % 50) / 10) === Math.floor(at / 50) ? value : 0))
    const product = multiply(
      maskedFirst,
      second.map((value, at) => value * kept[at]),
      5,
      50,
      5,
    )
    expect(
      farthest(
        product.map((value) => value / divisor),
        weights,
      ),
    ).toBeLessThan(1e-14)
    expect(largestError(queryKey)).toBe(farthest(weights, target.scores[0]))
  })

  test("an entry's items are its subset-sum problem, and what is kept its optimum", async () => {
    const target = await random(2n, 4)
    const source = { seed: 5n, items: 14, initialisation: 'theory' } as const
    const { valueOutput } = await pruneHead(solver, target, source, SOURCE_STREAM, steps)
    const items = entryItems(valueOutput, 3, 1)
    const { keep, sum } = solveSubsetSum(
      items.map(({ value }) => value),
      target.valueOutput[3 * 4 + 1],
    )
    expect(items.map(({ kept }) => Number(kept))).toEqual([...keep])
    expect(valueOutput.weights[3 * 4 + 1]).toBe(sum)
  })

  test.each(['random', 'rotation'] as const)('%s: no output is farther off than the bound', async (kind) => {
    for (const seed of [1n, 2n, 3n]) {
      for (const items of [4, 12, 20]) {
        const target = await random(seed, 8)
        const head = await pruneHead(solver, target, { seed, items, initialisation: 'theory' }, SOURCE_STREAM, steps)
        const { x } = await createHeadInput({ kind, seed, length: 64 }, target, 0, getSorter)
        const error = attentionError(target, mergedTicket(head), x)
        expect(error).toBeGreaterThan(0)
        expect(error).toBeLessThanOrEqual(outputBound(target, head, largestNorm(x, 8)))
      }
    }
  })

  test('a longer input begins with the shorter; random rows have norm sqrt(d)', async () => {
    const target = await random(1n, 7)
    for (const kind of ['random', 'rotation'] as const) {
      const short = (await createHeadInput({ kind, seed: 4n, length: 8 }, target, 0, getSorter)).x
      const long = (await createHeadInput({ kind, seed: 4n, length: 1024 }, target, 0, getSorter)).x
      expect(long.subarray(0, short.length)).toEqual(short)
      if (kind === 'random') expect(largestNorm(long, 7)).toBeCloseTo(Math.sqrt(7), 12)
    }
  })

  test('a map of many positions is sampled, and its rows still sum to 1', async () => {
    const target: TargetHead = await random(1n, 4)
    const { x } = await createHeadInput({ kind: 'random', seed: 1n, length: 1024 }, target, 0, getSorter)
    const map = attentionMap(target, target.scores, x, samplePositions(1024, 64))
    expect(map.length).toBe(64 * 64)
    for (let row = 0; row < 64; row++) {
      expect(map.subarray(row * 64, (row + 1) * 64).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12)
    }
  })
})

describe('a rotary head', () => {
  const rotaryHead = (seed: bigint, d: number) => createTargetHead({ kind: 'rotary', seed, d }, getSorter, getStories)

  test('group by group it is the whole source pruned at once, and the sums are those of A_p and B_p', async () => {
    const target = await rotaryHead(3n, 3)
    const source = { seed: 9n, items: 7, initialisation: 'theory' } as const
    const head = await pruneHead(createTypeScriptSolver(), target, source, SOURCE_STREAM, steps)
    const rotary = target.rotary!
    const random = rotaryConstruction.createSource({
      ...rotary,
      seed: 9n,
      stream: SOURCE_STREAM,
      groups: [1],
      hidden: 21,
      valueWidth: 21,
    })
    const [pruned] = pruneRotary(rotaryConstruction, createTypeScriptSolver(), rotary, [random])
    const [{ scores, valueOutput }] = pruned.groups
    expect(head.scores.map(({ weights }) => weights)).toEqual(scores.map(({ weights }) => weights))
    expect(head.valueOutput.weights).toEqual(valueOutput.weights)
    const [{ cosine, sine }] = mergeRotary(rotary).heads
    // Row i, columns j and 3 + j of the second frequency.
    for (const [i, j] of [
      [0, 2],
      [2, 1],
    ]) {
      expect(target.scores[1][i * 6 + j]).toBe(cosine[9 + j * 3 + i])
      expect(target.scores[1][i * 6 + 3 + j]).toBe(-sine[9 + j * 3 + i])
    }
  })

  test('its map and its outputs are those of turned queries and keys, for all positions or a sample, within the bound', async () => {
    const target = await rotaryHead(1n, 4)
    const { x } = await createHeadInput({ kind: 'random', seed: 1n, length: 12 }, target, 0, getSorter)
    const { frequencies, groups } = target.rotary!
    const turned = ([weights]: readonly Float64Array[]) => rotateHalves(multiply(x, weights, 12, 4, 4), frequencies, 12)
    const [queries, keys] = [turned(groups[0].heads[0].query), turned(groups[0].key)]
    const logits = Array.from({ length: 12 }, (_, n) =>
      keys.subarray(4 * n, 4 * n + 4).reduce((sum, key, c) => sum + (key * queries[4 * 7 + c]) / 2, 0),
    )
    const weights = logits.map(Math.exp)
    const total = weights.reduce((sum, weight) => sum + weight)
    const wanted = weights.map((weight) => weight / total)
    expect(farthest(attentionMap(target, target.scores, x, Int32Array.of(7)), wanted)).toBeLessThan(1e-14)
    for (const items of [6, 14, 22]) {
      const source = { seed: 2n, items, initialisation: 'theory' } as const
      const head = await pruneHead(solver, target, source, SOURCE_STREAM, steps)
      const error = attentionError(target, mergedTicket(head), x)
      expect(error).toBeGreaterThan(0)
      expect(attentionError(target, mergedTicket(head), x, 3)).toBeLessThanOrEqual(error)
      expect(error).toBeLessThanOrEqual(outputBound(target, head, largestNorm(x, 4)))
    }
  })
})

test('the curve: medians halve with every item beyond the reach, and each report knows one head more', async () => {
  const target = await random(1n, 3)
  const { x } = await createHeadInput({ kind: 'random', seed: 1n, length: 16 }, target, 0, getSorter)
  const curves: ErrorCurve[] = []
  const source = { seed: 1n, initialisation: 'theory' } as const
  await traceErrors(solver, target, source, x, 12, steps, (curve) => curves.push(curve))
  expect(curves.map(({ done }) => done)).toEqual(Array.from({ length: 336 }, (_, i) => i + 1))
  const { items, low, median, high, reachEnd, fit } = curves[335]
  expect(items.length).toBe(28)
  for (const i of items.keys()) expect(low[i] <= median[i] && median[i] <= high[i]).toBe(true)
  expect(reachEnd).toBeGreaterThan(0)
  expect(reachEnd).toBeLessThan(14)
  expect(fit!.rate).toBeGreaterThan(0.6 * Math.LN2)
  expect(fit!.rate).toBeLessThan(1.2 * Math.LN2)
})

describe('the newest request', () => {
  const prepare = () => {
    const log: string[] = []
    const ends: (() => void)[] = []
    const newest = createNewest<number>(
      (request, signal) =>
        new Promise((resolve, reject) => {
          log.push(`begin ${request}`)
          ends.push(resolve)
          signal.addEventListener('abort', () => {
            log.push(`stop ${request}`)
            reject(new DOMException('Stopped.', 'AbortError'))
          })
        }),
      (error) => log.push(String(error)),
    )
    return { log, ends, newest }
  }

  test('is next after what was begun; those between are left out', async () => {
    const { log, ends, newest } = prepare()
    for (const request of [1, 2, 3]) newest.ask(request)
    expect(log).toEqual(['begin 1'])
    ends[0]()
    await expect.poll(() => log).toEqual(['begin 1', 'begin 3'])
  })

  test('waits for 150 ms of work and no longer, and a stop forgets what waits', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { log, newest } = prepare()
    newest.ask(1)
    newest.ask(2)
    await vi.advanceTimersByTimeAsync(149)
    expect(log).toEqual(['begin 1'])
    await vi.advanceTimersByTimeAsync(1)
    expect(log).toEqual(['begin 1', 'stop 1', 'begin 2'])
    newest.ask(3)
    newest.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(log).toEqual(['begin 1', 'stop 1', 'begin 2', 'stop 2'])
  })
})
