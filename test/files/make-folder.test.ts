import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeFolder } from '../../src/files/files.js'
import { InputError } from '../../src/safetensors/index.js'

/** A folder below which the file system is read-only; Node's recursive mkdir says ENOENT there, as seen on a mount with `-o ro`. */
const state = vi.hoisted(() => ({ readOnly: '' }))
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>()
  return {
    ...original,
    async mkdir(path: string, options?: { recursive?: boolean }) {
      if (state.readOnly === '' || !path.startsWith(state.readOnly)) return original.mkdir(path, options)
      const there = await original.stat(path).catch(() => undefined)
      const above = await original.stat(join(path, '..')).catch(() => undefined)
      const code = there ? 'EEXIST' : options?.recursive || !above ? 'ENOENT' : 'EROFS'
      throw Object.assign(new Error(code), { code, syscall: 'mkdir', path })
    },
  }
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-make-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('makes what is missing, and lets be what is there', async () => {
  const deep = join(folder, 'a', 'b', 'c')
  await makeFolder(deep)
  await makeFolder(deep)
  expect((await stat(deep)).isDirectory()).toBe(true)
  await Promise.all([makeFolder(join(folder, 'x', 'y')), makeFolder(join(folder, 'x', 'y'))])
  await writeFile(join(folder, 'file'), '')
  const refused = (path: string, reason: string) =>
    expect(makeFolder(path)).rejects.toThrow(new InputError(`${path}: ${reason}`))
  await refused(join(folder, 'file'), 'is there already, and is no folder')
  await refused(join(folder, 'file', 'below'), 'a part of the path is not a folder')
})

test('a read-only file system is called so, at any depth', async () => {
  const mount = join(folder, 'mount')
  await mkdir(mount)
  state.readOnly = mount
  for (const path of [join(mount, 'run'), join(mount, 'a', 'b')]) {
    await expect(makeFolder(path)).rejects.toThrow(new InputError(`${path}: the file system is read-only`))
  }
  await makeFolder(mount)
  state.readOnly = ''
})
