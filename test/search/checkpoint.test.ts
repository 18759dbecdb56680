import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRunFolder } from '../../src/files/run-folder.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { encodeSafetensors, InputError, memorySource } from '../../src/safetensors/index.js'
import { firstNotFinite, openCheckpoint, writeCheckpoint } from '../../src/search/checkpoint.js'

const identity = { settings: { keep: 0.3 }, corpus: 'ab' }
const state = (first: number) => [
  { name: 'wte.scores', values: Float32Array.from([first, -0, 1e-38, 3]) },
  { name: 'wte.generation', values: Uint8Array.from([7, 0, 255]) },
]

async function encoded(step = 5): Promise<Uint8Array> {
  const parts: [number, Uint8Array][] = []
  const sink = { write: async (offset: number, bytes: Uint8Array) => void parts.push([offset, bytes.slice()]) }
  await writeCheckpoint(sink, { step, seconds: 1.5, logs: { 'metrics.jsonl': 9 }, identity }, state(1), nodeSha256)
  const file = new Uint8Array(Math.max(...parts.map(([offset, bytes]) => offset + bytes.length)))
  for (const [offset, bytes] of parts) file.set(bytes, offset)
  return file
}

const openBytes = (bytes: Uint8Array) => openCheckpoint(memorySource(bytes), nodeSha256)

test('what was saved comes back bit by bit, into the same arrays', async () => {
  const checkpoint = await openBytes(await encoded())
  expect(checkpoint).toMatchObject({ step: 5, seconds: 1.5, logs: { 'metrics.jsonl': 9 }, identity })
  const target = state(0)
  target[0].values.fill(9)
  await checkpoint.restore(target)
  expect(target).toEqual(state(1))
  expect(Object.is(target[0].values[1], -0)).toBe(true)
})

test('a state of other names or sizes is refused and left as it was', async () => {
  const checkpoint = await openBytes(await encoded())
  const other = [{ name: 'wte.scores', values: new Float32Array(4) }]
  await expect(checkpoint.restore(other)).rejects.toThrow(/does not hold the arrays of this run/)
  const longer = [state(1)[0], { name: 'wte.generation', values: new Uint8Array(4) }]
  await expect(checkpoint.restore(longer)).rejects.toThrow(/"wte.generation"/)
  expect([...other[0].values]).toEqual([0, 0, 0, 0])
})

test('cut anywhere or with any bit turned, it is not taken for whole', async () => {
  const whole = await encoded()
  const cuts = fc.integer({ min: 0, max: whole.length - 1 })
  await fc.assert(
    fc.asyncProperty(cuts, async (cut) => {
      await expect(openBytes(whole.subarray(0, cut))).rejects.toMatchObject({ name: 'InputError' })
    }),
  )
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 0, max: 7 }), async (at, bit) => {
      const turned = whole.slice()
      turned[at] ^= 1 << bit
      const opened = await openBytes(turned).catch((error) => error)
      // Padding, names of keys of no meaning here: then nothing has changed.
      if (opened instanceof Error) expect(opened.name).toBe('InputError')
      else {
        const target = state(0)
        await opened.restore(target).catch(() => target.splice(0, 2, ...state(1)))
        expect(target).toEqual(state(1))
        expect(opened.step).toBe(5)
      }
    }),
  )
})

describe('a foreign one is refused in one line:', () => {
  /** A checkpoint with another head under its right hash. */
  const forged = (head: object) => {
    const text = JSON.stringify({ version: '1', step: 5, seconds: 1, logs: {}, identity, ...head })
    const sha256 = createHash('sha256').update(text).digest('hex')
    return encodeSafetensors([], { 'slt-checkpoint': text, sha256 })
  }
  test.each<[string, Uint8Array]>([
    ['not a checkpoint of a search', encodeSafetensors([])],
    ['checkpoint version "2" is unknown: another version of this program wrote it', forged({ version: '2' })],
    [
      'checkpoint version undefined is unknown: another version of this program wrote it',
      forged({ version: undefined }),
    ],
    [
      'checkpoint version "2" is unknown: another version of this program wrote it',
      encodeSafetensors([], { 'slt-checkpoint': '{"version":"2"}', sha256: 'of another kind' }),
    ],
    [
      'wrong hash: the checkpoint is torn or was changed',
      encodeSafetensors([], { 'slt-checkpoint': '{"version":', sha256: 'any' }),
    ],
    ['not a checkpoint of a search: "step" expected an integer >= 0, got -1', forged({ step: -1 })],
    ['not a checkpoint of a search: "seconds" expected a number >= 0, got null', forged({ seconds: null })],
    [
      'not a checkpoint of a search: "logs" expected lengths in bytes, got {"metrics.jsonl":-9}',
      forged({ logs: { 'metrics.jsonl': -9 } }),
    ],
    ['not a checkpoint of a search: "identity" expected an object, got "x"', forged({ identity: 'x' })],
  ])('%s', async (reason, bytes) => {
    await expect(openBytes(bytes)).rejects.toThrow(new InputError(`memory: ${reason}`))
  })

  test('arrays that this run has not', async () => {
    const checkpoint = await openBytes(await encoded())
    await expect(checkpoint.restore([state(1)[0]])).rejects.toThrow(
      new InputError('memory: does not hold the arrays of this run, but another "wte.generation"'),
    )
  })
})

test('an infinity or NaN in the state is found', () => {
  expect(firstNotFinite(state(1))).toBeUndefined()
  expect(firstNotFinite(state(Number.NaN))).toBe('wte.scores')
  expect(firstNotFinite(state(Number.NEGATIVE_INFINITY))).toBe('wte.scores')
})

describe('the run folder', () => {
  let path: string
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'slt-run-')), 'run')
  })
  afterEach(() => rmSync(join(path, '..'), { recursive: true }))
  const head = (step: number) => ({ step, seconds: step, identity })
  const silent = () => expect.unreachable('no warning expected')

  test('keeps the checkpoint before the newest, and falls back to it when the newest is torn, saying so', async () => {
    const folder = await openRunFolder(path)
    expect(await folder.hasCheckpoint()).toBe(false)
    for (const step of [1, 2, 3]) await folder.saveCheckpoint(head(step), state(step))
    const newest = await folder.openCheckpoint(silent)
    expect(newest.step).toBe(3)
    await newest.close()

    const file = join(path, 'checkpoint.safetensors')
    const whole = await readFile(file)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        await writeFile(file, whole.subarray(0, length))
        const lines: string[] = []
        const older = await folder.openCheckpoint((line) => lines.push(line))
        await older.close()
        expect(older.step).toBe(2)
        expect(lines).toEqual([
          expect.stringMatching(/checkpoint\.safetensors: .*; going on from .* before it, step 2$/),
        ])
      }),
      { numRuns: 25 },
    )
    // The torn one does not take the place of the sound one.
    await folder.saveCheckpoint(head(4), state(4))
    await writeFile(file, 'torn')
    const again = await folder.openCheckpoint(() => {})
    expect(again.step).toBe(2)
    await again.close()
    await folder.close()
  })

  test('a crash between the two renames leaves the previous checkpoint, and two torn ones are an error', async () => {
    const folder = await openRunFolder(path)
    await folder.saveCheckpoint(head(1), state(1))
    await folder.saveCheckpoint(head(2), state(2))
    rmSync(join(path, 'checkpoint.safetensors'))
    expect(await folder.hasCheckpoint()).toBe(true)
    const previous = await folder.openCheckpoint(() => {})
    expect(previous.step).toBe(1)
    await previous.close()
    for (const name of ['checkpoint', 'checkpoint.previous']) await writeFile(join(path, `${name}.safetensors`), 'torn')
    await expect(folder.openCheckpoint(silent)).rejects.toThrow(
      /^.*checkpoint\.safetensors: not a safetensors file: it looks like a text; no checkpoint before it is sound either: the same command with --force instead of --resume starts anew$/,
    )
    await folder.close()
  })

  test('logs are cut back to the step of the checkpoint', async () => {
    const folder = await openRunFolder(path)
    folder.metrics.append('{"step":1}\n')
    folder.samples.append('step 1\ntext\n')
    await folder.saveCheckpoint(head(1), state(1))
    folder.metrics.append('{"step":2}\n{"ste')
    await folder.close()
    const reopened = await openRunFolder(path, { existing: false })
    const checkpoint = await reopened.openCheckpoint(silent)
    reopened.cutLogs(checkpoint.logs)
    reopened.metrics.append('{"step":2,"again":true}\n')
    await checkpoint.close()
    await reopened.close()
    expect(await readFile(join(path, 'metrics.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2,"again":true}\n')
    expect(await readFile(join(path, 'samples.txt'), 'utf8')).toBe('step 1\ntext\n')
  })

  test('a full disk is one line, and the checkpoint stays', async () => {
    const folder = await openRunFolder(path)
    await folder.saveCheckpoint(head(1), state(1))
    await symlink('/dev/full', join(path, 'checkpoint.partial'))
    await expect(folder.saveCheckpoint(head(2), state(2))).rejects.toThrow(
      /checkpoint\.safetensors: no space left on the device$/,
    )
    const kept = await folder.openCheckpoint(silent)
    expect(kept.step).toBe(1)
    await kept.close()
    await folder.saveCheckpoint(head(2), state(2)) // there is room again
    await folder.close()
  })

  test('one process at a time; a file in its place, or no run to go on with, is an error in one line', async () => {
    const folder = await openRunFolder(path)
    await expect(openRunFolder(path)).rejects.toThrow(/this process is writing that run already/)
    await folder.close()
    await expect(openRunFolder(path, { existing: true })).rejects.toThrow(
      /not the folder of a run \(no run.json in it\)/,
    )
    await writeFile(join(path, '..', 'file'), '')
    await expect(openRunFolder(join(path, '..', 'file'))).rejects.toMatchObject({ name: 'InputError' })
    await expect(openRunFolder(join(path, '..', 'file', 'run'))).rejects.toMatchObject({ name: 'InputError' })
  })
})
