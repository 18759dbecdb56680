import { describe, expect, test } from 'vitest'
import { InputError } from '../../src/safetensors/input-error.js'
import { expectPruned, openTicketWriter } from '../../src/ticket/index.js'
import { exampleTicket, masks, open, options, report } from './example.js'
import { memoryStorage } from './memory-storage.js'

/** Storage in which the first pair is finished and the process was killed. */
async function killed() {
  const storage = memoryStorage()
  const writer = await openTicketWriter(options(storage))
  expect(writer.start).toBe('new')
  await writer.writePair(masks[0], report)
  return storage
}

async function complete(storage: ReturnType<typeof memoryStorage>, finished: string[]) {
  const writer = await openTicketWriter(options(storage))
  expect([...writer.finished.keys()]).toEqual(finished)
  for (const mask of masks) if (!writer.finished.has(mask.spec.name)) await writer.writePair(mask, report)
  await writer.finish({ probe: { tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-4 } })
  expect(storage.published.get('x')).toEqual(await exampleTicket())
  return writer
}

test('finished pairs are kept and the ticket is the same as without interruption', async () => {
  const storage = await killed()
  expect(storage.published.size).toBe(0)
  const writer = await complete(storage, ['a.qk'])
  expect(writer.start).toBe('resumed')
  expect(writer.finished.get('a.qk')).toEqual(report)
})

test('a torn journal loses its torn line alone, wherever it is cut', async () => {
  const { journal } = await killed()
  for (let cut = 0; cut <= journal.length; cut++) {
    const storage = await killed()
    storage.journal = journal.slice(0, cut)
    await complete(storage, cut === journal.length ? ['a.qk'] : [])
  }
})

test('a torn working file loses the pairs that are not whole', async () => {
  const whole = (await killed()).partial
  for (const size of [0, 5, whole.length - 4, whole.length - 1]) {
    const storage = await killed()
    storage.partial = whole.slice(0, size)
    await complete(storage, size > whole.length - 2 ? ['a.qk'] : [])
  }
})

test('a changed byte of a pair makes it unfinished', async () => {
  const storage = await killed()
  storage.partial[storage.partial.length - 3] ^= 1 // within a.qk.second
  await complete(storage, [])
})

test('rubbish after sound lines is dropped', async () => {
  const storage = await killed()
  storage.journal += '{"pair":"b","sha256":"0","report":{}}\nrubbish\n'
  await complete(storage, ['a.qk'])
})

describe('finished pairs of another run', () => {
  const own = 'seed 18364758544493064720, items 2, scale auto, method balanced'
  const changes = [
    [{ fingerprint: 'another' }, `${own}, but of another target`],
    [{ seed: 8 }, `${own}; asked for: seed 8, items 2, scale auto, method balanced`],
    [
      { construction: { items: 3, scale: 'auto', method: 'plain' } as const },
      `${own}; asked for: seed 18364758544493064720, items 3, scale auto, method plain`,
    ],
  ] as const

  test.each(changes)('%o is refused with both settings named, and nothing is dropped', async (change, words) => {
    const storage = await killed()
    const { journal } = storage
    await expect(openTicketWriter({ ...options(storage), ...change })).rejects.toThrow(
      new InputError(
        `x: an interrupted run with 1 finished matrix lies beside it (${words}): the same settings go on with it, --force starts anew, another --out keeps both`,
      ),
    )
    expect(storage.journal).toBe(journal)
    await complete(storage, ['a.qk'])
  })

  test.each(changes)('%o starts afresh with force, and says so', async (change) => {
    const writer = await openTicketWriter({ ...options(await killed()), ...change, force: true })
    expect([writer.start, writer.finished.size]).toEqual(['restarted', 0])
  })

  test('a run without finished pairs is dropped: there is nothing to lose', async () => {
    const storage = memoryStorage()
    await (await openTicketWriter(options(storage))).abandon()
    expect((await openTicketWriter({ ...options(storage), seed: 8 })).start).toBe('restarted')
  })

  test('a file that is no journal is kept', async () => {
    const storage = memoryStorage()
    storage.journal = 'my notes\n'
    await expect(openTicketWriter(options(storage))).rejects.toThrow(/^x\.slt-journal: is no journal that this version/)
    expect(storage.journal).toBe('my notes\n')
  })
})

test('a journal that names no settings, as they were written first, is resumed, and refused to others', async () => {
  const storage = await killed()
  storage.journal = storage.journal.replace(/,"settings":\{[^}]*\}/, '')
  expect(storage.journal).toMatch(/^\{"journal":1,"fingerprint":"example","layout":"[0-9a-f]{64}"\}\n/)
  await expect(openTicketWriter({ ...options(storage), seed: 8 })).rejects.toThrow(
    /settings that it does not name; asked/,
  )
  await complete(storage, ['a.qk'])
})

test('abandoning keeps the working files, or removes them', async () => {
  const storage = await killed()
  await (await openTicketWriter(options(storage))).abandon()
  expect(storage.journal).toContain('a.qk')
  await (await openTicketWriter(options(storage))).abandon({ remove: true })
  expect(storage.journal).toBe('')
  expect(storage.partial.length).toBe(0)
})

test('a finished ticket opens', async () => {
  const storage = await killed()
  await complete(storage, ['a.qk'])
  expect(expectPruned(await open(storage.published.get('x')!)).pairs.size).toBe(2)
})
