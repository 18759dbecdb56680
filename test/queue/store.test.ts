import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { checkStore, openStore } from '../../src/queue/open-store.js'
import type { Store } from '../../src/queue/store.js'
import { type S3Server, s3Environment, startS3 } from './s3-server.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-store-'))
let s3: S3Server
beforeAll(async () => {
  s3 = await startS3()
  for (const [name, value] of Object.entries(s3Environment(s3))) vi.stubEnv(name, value)
})
afterEach(() => {
  s3.fault = () => undefined
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await s3.stop()
  rmSync(folder, { recursive: true, force: true })
})

const bytes = (text: string) => Buffer.from(text)
const textOf = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()

describe.each([
  ['a folder', () => join(folder, 'store')],
  ['S3', () => 's3://bucket/some/prefix'],
  ['S3 without a prefix', () => 's3://whole'],
])('%s', (_, address) => {
  let store: Store
  beforeAll(async () => {
    store = await openStore(address())
  })

  test('creates a value once, and replaces and removes it', async () => {
    expect([await store.read('a/b.json'), await store.size('a/b.json')]).toEqual([undefined, undefined])
    expect(await store.create('a/b.json', bytes('first'))).toBe(true)
    expect(await store.create('a/b.json', bytes('second'))).toBe(false)
    expect([textOf(await store.read('a/b.json')), await store.size('a/b.json')]).toEqual(['first', 5])
    await store.replace('a/b.json', bytes('third'))
    await store.replace('a/new', new Uint8Array(0))
    expect([textOf(await store.read('a/b.json')), textOf(await store.read('a/new'))]).toEqual(['third', ''])
    for (const key of ['a/b.json', 'a/new', 'never/there']) await store.remove(key)
    expect(await store.list('a/')).toEqual([])
  })

  test('of 20 writers at the same time exactly one wins', async () => {
    const all = Array.from({ length: 20 }, (_, i) => randomBytes(5000 + i))
    const won = await Promise.all(all.map((value) => store.create('race', value)))
    expect(won.filter((each) => each).length).toBe(1)
    expect(Buffer.from((await store.read('race'))!)).toEqual(all[won.indexOf(true)])
  })

  test('takes files and gives them back, and makes no file for what is not there', async () => {
    const path = join(folder, `in-${randomBytes(4).toString('hex')}`)
    writeFileSync(path, randomBytes(3_000_000))
    expect(await store.create('files/large', { path })).toBe(true)
    expect(await store.copyTo('files/large', `${path}.out`)).toBe(true)
    expect(readFileSync(`${path}.out`).equals(readFileSync(path))).toBe(true)
    expect(await store.copyTo('files/none', `${path}.none`)).toBe(false)
    expect(existsSync(`${path}.none`)).toBe(false)
  })

  test('lists what begins with a prefix, in order, page by page', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `list/${i % 3}/${String(i).padStart(2, '0')}`)
    for (const key of [...keys, 'listed/other']) await store.create(key, bytes(key))
    expect(await store.list('list/')).toEqual([...keys].sort())
    expect(await store.list('list/1/')).toEqual(keys.filter((key) => key.startsWith('list/1/')))
    expect(await store.list('nothing/')).toEqual([])
  })

  test.each(['', 'A', 'a/../b', '/a', 'a//b', 'a/', '.hidden', 'a\nb'])('refuses the key %j', async (key) => {
    await expect((async () => store.create(key, bytes('x')))()).rejects.toThrow(/^"key" expected parts of a-z/)
  })

  test('is checked by a write, and left as it was', async () => {
    await checkStore(store)
    expect(await store.list('checks/')).toEqual([])
  })
})

describe('a store that cannot be used is told in one line', () => {
  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a read-only folder', async () => {
    const place = join(folder, 'read-only')
    const store = await openStore(place)
    chmodSync(place, 0o500)
    await expect(checkStore(store)).rejects.toThrow(/read-only\/checks: permission denied$/)
    chmodSync(place, 0o700)
  })

  test('a place that is a file', async () => {
    const place = join(folder, 'file')
    writeFileSync(place, '')
    await expect(openStore(place)).rejects.toThrow(`${place}: is there already, and is no folder`)
  })

  test('a bucket that may not be read, one that may not be written', async () => {
    s3.fault = () => ({ status: 403, code: 'AccessDenied' })
    await expect(openStore('s3://bucket')).rejects.toThrow(/^s3:\/\/bucket: AccessDenied/)
    s3.fault = (method) => (method === 'PUT' ? { status: 403, code: 'AccessDenied' } : undefined)
    await expect(openStore('s3://bucket').then(checkStore)).rejects.toThrow(/^s3:\/\/bucket\/checks\/\w+: AccessDenied/)
  })

  test('a bucket that loses writes, one without conditional writes', async () => {
    const store = await openStore('s3://bucket')
    const losing = { ...store, create: async () => true }
    await expect(checkStore(losing)).rejects.toThrow(/was written, and is not there: the store loses writes$/)
    const replacing: Store = {
      ...store,
      async create(key, content) {
        await store.replace(key, content)
        return true
      },
    }
    await expect(checkStore(replacing)).rejects.toThrow(/no conditional writes \(If-None-Match\)/)
  })

  test('a conditional put that meets another one (409) is tried again', async () => {
    const store = await openStore('s3://bucket')
    let conflicts = 0
    s3.fault = (method) =>
      method === 'PUT' && conflicts++ === 0 ? { status: 409, code: 'ConditionalRequestConflict' } : undefined
    expect(await store.create('conflict', bytes('here'))).toBe(true)
    expect(conflicts).toBe(2)
    expect(textOf(await store.read('conflict'))).toBe('here')
  })
})
