import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkOutput } from '../../src/files/output-folder.js'
import { assertWritable, expectSvg, isSamePlace } from '../../src/files/output-path.js'
import { InputError } from '../../src/safetensors/index.js'

let folder: string
let file: string
let link: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  file = join(folder, 'text.txt')
  link = join(folder, 'link.txt')
  model = join(folder, 'model')
  await writeFile(file, 'text')
  await symlink(file, link)
  await mkdir(join(model, 'onnx'), { recursive: true })
  await writeFile(join(model, 'config.json'), '{}')
})
afterAll(() => rm(folder, { recursive: true }))

test('an empty path is refused: it would be the current folder', async () => {
  await expect(assertWritable('')).rejects.toThrow(new RangeError('"out" expected a path, got an empty text'))
  for (const isFolder of [true, false]) {
    await expect(checkOutput('', isFolder, { force: true })).rejects.toThrow(RangeError)
  }
})

test('what is there stays, unless force is set', async () => {
  await expect(assertWritable(file)).rejects.toThrow(new InputError(`${file}: is there already (--force replaces it)`))
  await assertWritable(file, { force: true })
  await assertWritable(join(folder, 'new'))
  await expect(assertWritable(folder, { force: true })).rejects.toThrow(new InputError(`${folder}: is a folder`))
  const missing = join(folder, 'none', 'new')
  await expect(assertWritable(missing)).rejects.toThrow(/none: no such file or folder$/)
})

test('a file that is the same is replaced without force, as long as nobody changes it', async () => {
  const same = join(folder, 'same')
  await writeFile(same, 'a')
  const replaces = await assertWritable(same, { isSame: async (path) => (await readFile(path, 'utf8')) === 'a' })
  expect(replaces).toEqual({ stamp: expect.any(String) })
  await expect(assertWritable(same, { isSame: async () => false, advice: 'so' })).rejects.toThrow('already (so)')
  expect(await assertWritable(join(folder, 'new'))).toBe('nothing')
  expect(await assertWritable(same, { force: true })).toBe('anything')
})

test('a device is no file to replace', async () => {
  await expect(assertWritable('/dev/null', { force: true })).rejects.toThrow(
    '/dev/null: is there already, and is no file',
  )
})

test('what is read is never replaced, by whatever name', async () => {
  const force = true
  for (const [path, input] of [
    [file, file],
    [link, file],
    [file, link],
  ]) {
    const message = `${path}: is what is read, and cannot be written as well`
    await expect(assertWritable(path, { inputs: [input], force })).rejects.toThrow(new InputError(message))
  }
  const config = join(model, 'config.json')
  const message = `${config}: is a file of ${model}, which is read, and cannot be written as well`
  await expect(assertWritable(config, { inputs: [model], force })).rejects.toThrow(new InputError(message))
  await expect(checkOutput(model, true, { inputs: [model], force })).rejects.toThrow(/is what is read/)
  await assertWritable(join(model, 'onnx', 'model.onnx'), { inputs: [model, join(folder, 'none')] })
})

test('a folder is not put in the place of a link', async () => {
  const to = join(folder, 'to')
  await symlink(model, to)
  await expect(checkOutput(to, true, { force: true })).rejects.toThrow(/to: is a link, which a folder cannot replace/)
})

test('one file has several names', async () => {
  expect(await isSamePlace(file, link)).toBe(true)
  expect(await isSamePlace(file, join(model, 'config.json'))).toBe(false)
  expect(await isSamePlace(join(folder, 'none'), join(folder, 'none'))).toBe(false)
})

test('a picture that is named as one of another format than SVG', () => {
  for (const path of ['mask.png', 'a.svg/mask.PDF', 'mask.jpeg']) {
    expect(() => expectSvg(path, 'plot')).toThrow(new RangeError(`"plot" expected an SVG file (.svg), got ${path}`))
  }
  for (const path of ['mask.svg', 'mask', 'a.png/mask', '/dev/stdout'])
    expect(() => expectSvg(path, 'plot')).not.toThrow()
})
