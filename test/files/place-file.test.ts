import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeTextAtomically } from '../../src/files/files.js'
import { placeFile, stampOf } from '../../src/files/place-file.js'
import { InputError } from '../../src/safetensors/index.js'

let folder: string
let path: string
let made: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  path = join(folder, 'there')
  made = join(folder, 'made')
  await writeFile(made, 'made')
})
afterEach(() => rm(folder, { recursive: true }))

const text = () => readFile(path, 'utf8')

test('where nothing is, the file is moved', async () => {
  await placeFile(made, path, 'nothing')
  expect([await text(), await readdir(folder)]).toEqual(['made', ['there']])
})

test('what appeared meanwhile stays, and so does what was made', async () => {
  await writeFile(path, 'appeared')
  const message = 'out: appeared meanwhile, and stays: move it away, or name another output'
  await expect(placeFile(made, path, 'nothing', { shown: 'out' })).rejects.toThrow(new InputError(message))
  expect([await text(), await readFile(made, 'utf8')]).toEqual(['appeared', 'made'])
})

test('a link that leads nowhere is something, too', async () => {
  await symlink(join(folder, 'nowhere'), path)
  await expect(placeFile(made, path, 'nothing')).rejects.toThrow('appeared meanwhile')
  expect(await readdir(folder)).toEqual(['made', 'there'])
})

test('a file that was looked at is replaced as long as it is the same', async () => {
  await writeFile(path, 'looked at')
  const stamp = (await stampOf(path))!
  await placeFile(made, path, { stamp })
  expect(await text()).toBe('made')

  await writeFile(made, 'again')
  await expect(placeFile(made, path, { stamp })).rejects.toThrow('was changed meanwhile, and stays')
  expect(await text()).toBe('made')

  await rm(path)
  await placeFile(made, path, { stamp })
  expect(await text()).toBe('again')
})

test('a text is written over another only where that is said', async () => {
  await writeFile(path, 'before')
  await expect(writeTextAtomically(path, 'after')).rejects.toThrow('appeared meanwhile')
  expect([await text(), (await readdir(folder)).sort()]).toEqual(['before', ['made', 'there']])
  await writeTextAtomically(path, 'after', { replaces: 'anything' })
  expect(await text()).toBe('after')
})
