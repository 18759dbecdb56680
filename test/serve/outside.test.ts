import { mkdir, symlink } from 'node:fs/promises'
import { join, posix, relative, win32 } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openCatalog } from '../../src/serve/catalog.js'
import { isInside, openInside, realInside } from '../../src/serve/open-inside.js'
import { createRecords, describeRun, readSamples } from '../../src/serve/runs.js'
import { addTicket, makePlace, makeRun, type Place } from './fixture.js'

/** Every path that the file system is asked about. */
const asked = vi.hoisted((): string[] => [])
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<Record<string, unknown>>()
  const watched = Object.entries(original).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value]
    const call = (...args: unknown[]) => {
      if (typeof args[0] === 'string') asked.push(args[0])
      return value(...args)
    }
    return [name, call]
  })
  return Object.fromEntries(watched)
})

describe('a path is inside by its names alone', () => {
  test.each([
    ['C:\\runs', 'C:\\runs', true],
    ['C:\\runs', 'C:\\runs\\a\\t.slt.safetensors', true],
    ['C:\\runs', 'c:\\RUNS\\t.slt.safetensors', true],
    ['C:\\runs', 'C:/runs/t.slt.safetensors', true],
    ['C:\\', 'C:\\t.slt.safetensors', true],
    ['\\\\host\\share\\runs', '\\\\host\\share\\runs\\t', true],
    ['C:\\runs', '\\\\host\\share\\t.slt.safetensors', false],
    ['C:\\runs', '//host/share/t.slt.safetensors', false],
    ['C:\\runs', '\\\\?\\UNC\\host\\share\\t', false],
    ['C:\\runs', '\\\\?\\C:\\runs\\t', false],
    ['C:\\runs', '\\\\.\\pipe\\t', false],
    ['C:\\runs', 'C:\\runs\\..\\secret', false],
    ['C:\\runs', 'C:\\runs2\\t', false],
    ['C:\\runs', 'D:\\runs\\t', false],
    ['C:\\runs', 'C:t', false],
    ['C:\\runs', 't', false],
  ])('Windows: %s, %s: %s', (root, path, inside) => {
    expect(isInside(root, path, win32)).toBe(inside)
  })
  test.each([
    ['/runs', '/runs/..a/t', true],
    ['/', '/t', true],
    ['/runs', '/runs/../secret', false],
    ['/runs', '/runs2', false],
    ['/runs', 'runs/t', false],
    ['/runs', '', false],
  ])('elsewhere: %s, %s: %s', (root, path, inside) => {
    expect(isInside(root, path, posix)).toBe(inside)
  })
})

describe('nothing outside the served folder is touched', () => {
  let place: Place
  beforeEach(async () => {
    place = await makePlace()
  })
  afterEach(() => place.remove())
  const outside = () => asked.filter((path) => relative(place.shown, path).startsWith('..'))

  test.each(['//host/share/a.slt.safetensors', '\\\\host\\share\\a', 'a.slt.safetensors'])(
    'for the ticket that a run names: %s',
    async (out) => {
      await makeRun(join(place.shown, 'a.run'), 2, out)
      const catalog = await openCatalog([place.shown])
      const { entries } = await catalog.list('run')
      asked.length = 0
      expect(await describeRun(entries[0], catalog, createRecords())).toMatchObject({ name: 'a.run', ticket: null })
      expect(outside()).toEqual([])
    },
  )

  test('for links in it, at any depth', async () => {
    await makeRun(join(place.shown, 'a.run'), 2)
    await mkdir(join(place.base, 'far'))
    await symlink(join(place.base, 'secret.txt'), join(place.shown, 'a.run', 'samples.txt'))
    await symlink(join(place.base, 'far'), join(place.shown, 'far'))
    await symlink('far/file', join(place.shown, 'near'))
    const catalog = await openCatalog([place.shown])
    const { entries } = await catalog.list('run')
    asked.length = 0
    expect(await readSamples(entries[0])).toEqual({ samples: [], truncated: false })
    for (const name of ['far/file', 'near', '../secret.txt']) {
      expect(await openInside(place.shown, join(place.shown, name)), name).toBeUndefined()
    }
    expect(outside()).toEqual([])
  })

  test('links within it are followed, in turns as long as they end', async () => {
    await mkdir(join(place.shown, 'deep', 'er'), { recursive: true })
    await addTicket(join(place.shown, 'deep', 'er'), 't.slt.safetensors')
    await symlink('er', join(place.shown, 'deep', 'link'))
    await symlink(join(place.shown, 'deep'), join(place.shown, 'there'))
    await symlink('../there/link/t.slt.safetensors', join(place.shown, 'deep', 'again'))
    await symlink('round', join(place.shown, 'round'))
    const file = join(place.shown, 'deep', 'er', 't.slt.safetensors')
    for (const name of ['there/link/t.slt.safetensors', 'deep/again', 'deep/er/t.slt.safetensors']) {
      expect(await realInside(place.shown, join(place.shown, name)), name).toBe(file)
    }
    expect(await realInside(place.shown, join(place.shown, 'round'))).toBeUndefined()
  })

  test('the ticket of a run is found by the name that the folder was given by, links in it too', async () => {
    await addTicket(place.shown, 'a.slt.safetensors')
    const alias = join(place.base, 'alias')
    await symlink(place.shown, alias)
    await makeRun(join(place.shown, 'a.run'), 2, join(alias, 'a.slt.safetensors'))
    for (const [folder, found] of [
      [alias, expect.stringMatching(/^[0-9a-f]{16}$/)],
      [place.shown, null], // by this name alone the run's lies outside
    ] as const) {
      const catalog = await openCatalog([folder])
      const { entries } = await catalog.list('run')
      expect((await describeRun(entries[0], catalog, createRecords()))?.ticket).toEqual(found)
    }
  })
})
