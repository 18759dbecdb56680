import { describe, expect, test } from 'vitest'
import type { MetricsRow } from '../../src/search/metrics.js'
import { type RunPieces, runSearch } from '../../src/search/run.js'
import { chooseSettings } from '../../src/search/settings.js'

const settings = chooseSettings(
  { kind: 'search', model: 'micro', width: '64', context: 4, batch: 2, steps: 10, warmUp: 0 },
  { name: 'bytes', vocabulary: 256 },
)

/** A run on one number that every step adds its batch to; `pieces` shows what was called when. */
function fakeRun(changes: Partial<RunPieces> = {}) {
  const state = [{ name: 'x', values: new Float32Array(1) }]
  const calls: string[] = []
  const rows: MetricsRow[] = []
  let clock = 0
  const lossStep = { tokens: new Int32Array(8), targets: new Int32Array(8), run: async () => 2 }
  const pieces: RunPieces = {
    settings,
    cadence: { validateEvery: 0, sampleEvery: 0, checkpointEvery: 0, checkpointSeconds: 0 },
    algorithm: {
      state,
      update({ step }) {
        state[0].values[0] += step * lossStep.tokens[0]
      },
      restored() {},
      changed: () => 3,
    },
    lossStep,
    fillBatch: (step, tokens) => void tokens.fill(step + 1),
    validate: async () => ({ validLoss: 1, bitsPerByte: 1.5 }),
    record: (row) => void rows.push(row),
    checkpoint: async (step) => void calls.push(`checkpoint ${step}`),
    from: { step: 0, seconds: 0 },
    pause: async () => {},
    now: () => (clock += 100),
    ...changes,
  }
  return { pieces, state, calls, rows, lossStep }
}

test('every step fills its own batch, moves the state and is recorded; the last is saved', async () => {
  const run = fakeRun()
  const { split } = await runSearch(run.pieces)
  expect(run.state[0].values[0]).toBe(385) // 1 + 4 + ... + 100
  expect(run.rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(run.rows[2]).toMatchObject({ loss: 2, tokens: 24, flipped: 3 })
  expect(run.calls).toEqual(['checkpoint 10'])
  expect(split.steps).toBe(10)
  expect([split.graph, split.ticket, split.rest].map((seconds) => seconds.toFixed(6))).toEqual([
    '1.000000',
    '1.000000',
    '2.000000',
  ])
})

test('validation, texts and checkpoints come when they are due', async () => {
  const sampled: number[] = []
  const run = fakeRun({
    cadence: { validateEvery: 4, sampleEvery: 5, checkpointEvery: 3, checkpointSeconds: 0 },
    sample: async (step) => void sampled.push(step),
  })
  await runSearch(run.pieces)
  expect(run.rows.filter(({ validLoss }) => validLoss === 1).map(({ step }) => step)).toEqual([4, 8])
  expect(sampled).toEqual([5, 10])
  expect(run.calls).toEqual(['checkpoint 3', 'checkpoint 6', 'checkpoint 9', 'checkpoint 10'])
})

test('a checkpoint by the clock', async () => {
  const cadence = { validateEvery: 0, sampleEvery: 0, checkpointEvery: 0, checkpointSeconds: 2 }
  const run = fakeRun({ cadence })
  await runSearch(run.pieces)
  expect(run.calls.length).toBeGreaterThan(2)
  expect(run.calls.length).toBeLessThan(6)
})

test('checkpoints that take long come less often: at most a twentieth of the time', async () => {
  const cadence = { validateEvery: 0, sampleEvery: 0, checkpointEvery: 0, checkpointSeconds: 1 }
  let clock = 0
  const saved: number[] = []
  const { pieces } = fakeRun({
    cadence,
    settings: { ...settings, steps: 100 },
    now: () => clock,
    pause: async () => {
      clock += 500
    },
    checkpoint: async (step) => {
      saved.push(step)
      clock += 600
    },
  })
  const { split } = await runSearch(pieces)
  expect(saved).toEqual([2, 26, 50, 74, 98, 100]) // after 1 s, then every 12 s
  expect(split.checkpoints).toBeCloseTo(3.6, 9)
})

test('a pause comes after its step is recorded and told, with the state of that step; the seconds leave it out', async () => {
  const seen: [rows: number, told: number | undefined, state: number][] = []
  let told: number | undefined
  let [clock, held] = [0, 0]
  const run = fakeRun({
    now: () => {
      clock += 100
      return clock - held
    },
    onStep: ({ step }) => {
      told = step
    },
    pause: async () => {
      seen.push([run.rows.length, told, run.state[0].values[0]])
      clock += 60_000 // held for a minute, by a clock that stands still meanwhile
      held += 60_000
    },
  })
  const { seconds } = await runSearch(run.pieces)
  expect(seen.slice(0, 3)).toEqual([
    [1, 1, 1],
    [2, 2, 5],
    [3, 3, 14],
  ])
  expect(seconds).toBeLessThan(10)
  expect(Math.max(...run.rows.map((row) => row.seconds))).toBeLessThan(10)
  expect(run.rows.map(({ tokensPerSecond }) => Math.round(tokensPerSecond))).toEqual(Array(10).fill(27)) // 8 in 0.3 s
})

test('going on from a step ends where the whole run ends', async () => {
  const run = fakeRun({ from: { step: 6, seconds: 60 } })
  run.state[0].values[0] = 1 + 4 + 9 + 16 + 25 + 36
  const { seconds } = await runSearch(run.pieces)
  expect(run.state[0].values[0]).toBe(385)
  expect(run.rows[0].step).toBe(7)
  expect(seconds).toBeGreaterThan(60)
  const finished = fakeRun({ from: { step: 10, seconds: 60 } })
  await runSearch(finished.pieces)
  expect(finished.rows).toEqual([])
})

describe('stopping', () => {
  test('a signal ends the step at hand, saves it and gives its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('asked to stop')
    const run = fakeRun({ signal: controller.signal, onStep: ({ step }) => step === 4 && controller.abort(reason) })
    await expect(runSearch(run.pieces)).rejects.toBe(reason)
    expect(run.calls).toEqual(['checkpoint 4'])
    expect(run.rows.length).toBe(4)
  })

  test.each(['before', 'during'])('a signal %s a validation lets it end, and the text after it', async (when) => {
    const controller = new AbortController()
    const abort = () => controller.abort(new Error('stop'))
    const sampled: number[] = []
    const run = fakeRun({
      signal: controller.signal,
      cadence: { validateEvery: 3, sampleEvery: 3, checkpointEvery: 0, checkpointSeconds: 0 },
      validate: async () => {
        if (when === 'during') abort()
        return { validLoss: 1, bitsPerByte: 1.5 }
      },
      sample: async (step) => void sampled.push(step),
    })
    let calls = 0
    run.lossStep.run = async () => {
      if (++calls === 3 && when === 'before') abort()
      return 2
    }
    await expect(runSearch(run.pieces)).rejects.toThrow('stop')
    expect(run.calls).toEqual(['checkpoint 3'])
    expect(run.rows.at(-1)).toMatchObject({ step: 3, validLoss: 1 })
    expect(sampled).toEqual([3])
  })

  test('a validation loss that is not finite stops before its step is recorded or saved', async () => {
    const cadence = { validateEvery: 5, sampleEvery: 0, checkpointEvery: 3, checkpointSeconds: 0 }
    const run = fakeRun({ cadence, validate: async () => ({ validLoss: Number.NaN, bitsPerByte: Number.NaN }) })
    await expect(runSearch(run.pieces)).rejects.toThrow(
      /^validation loss is NaN at step 5, with a learning rate of \S+: a smaller one may help; the last good checkpoint is of step 3$/,
    )
    expect(run.calls).toEqual(['checkpoint 3'])
    expect(run.rows.length).toBe(4)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a loss of %d stops before the state is touched', async (bad) => {
    const run = fakeRun({ cadence: { validateEvery: 0, sampleEvery: 0, checkpointEvery: 4, checkpointSeconds: 0 } })
    let calls = 0
    run.lossStep.run = async () => (++calls === 6 ? bad : 2)
    await expect(runSearch(run.pieces)).rejects.toThrow(
      new RegExp(
        `^loss is ${bad} at step 6, with a learning rate of \\S+: a smaller one may help; the last good checkpoint is of step 4$`,
      ),
    )
    expect(run.state[0].values[0]).toBe(55)
    expect(run.calls).toEqual(['checkpoint 4'])
  })

  test('a loss that is lost before any update is not blamed on the learning rate', async () => {
    const run = fakeRun()
    run.lossStep.run = async () => Number.NaN
    await expect(runSearch(run.pieces)).rejects.toThrow(
      'loss is NaN at step 1, before any update: the random weights are too large (initialisation, QK scale); there is no checkpoint before it',
    )
  })

  test('a state that is not finite is never saved', async () => {
    const run = fakeRun({ cadence: { validateEvery: 0, sampleEvery: 0, checkpointEvery: 4, checkpointSeconds: 0 } })
    run.pieces.algorithm.update = ({ step }) => {
      if (step === 7) run.state[0].values[0] = Number.POSITIVE_INFINITY
    }
    await expect(runSearch(run.pieces)).rejects.toThrow(
      /^x is not finite at step 8, with a learning rate of \S+: a smaller one may help; the last good checkpoint is of step 4$/,
    )
    expect(run.calls).toEqual(['checkpoint 4'])
  })

  test('a score that becomes NaN is told with its step', async () => {
    const run = fakeRun()
    run.pieces.algorithm.update = () => {
      throw new RangeError('"scores" of wte expected numbers, got NaN at index 3')
    }
    await expect(runSearch(run.pieces)).rejects.toThrow(
      /^"scores" of wte expected numbers, got NaN at index 3, in step 1, with a learning rate of \S+: a smaller one may help; there is no checkpoint before it$/,
    )
  })
})
