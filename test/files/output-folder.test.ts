import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkOutput, writeOutputFile, writeOutputFolder } from '../../src/files/output-folder.js'
import { type OutputFile, textFile } from '../../src/interop/index.js'
import { InputError } from '../../src/safetensors/index.js'

let place: string
let out: string
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'slt-'))
  out = join(place, 'model')
})
afterEach(() => rm(place, { recursive: true }))

const files = [textFile('config.json', '{}'), textFile('onnx/model.onnx', 'graph')]
const listing = async () => (await readdir(place, { recursive: true })).sort()

test('a folder is written with what lies above it, and progress told in bytes', async () => {
  const told: [number, number, string][] = []
  const deep = join(place, 'a', 'b')
  await writeOutputFolder(deep, files, { onProgress: (...args) => told.push(args) })
  expect(await listing()).toEqual(['a', 'a/b', 'a/b/config.json', 'a/b/onnx', 'a/b/onnx/model.onnx'])
  expect(told).toEqual([
    [2, 7, 'config.json'],
    [7, 7, 'onnx/model.onnx'],
  ])
})

test('an empty folder is taken; a model is replaced by force alone, and wholly', async () => {
  await mkdir(out)
  await writeOutputFolder(out, [textFile('config.json', '{}'), textFile('tokenizer.json', '{}')])
  const refusal = new InputError(`${out}: the folder is not empty (--force replaces a model in it)`)
  await expect(writeOutputFolder(out, files)).rejects.toThrow(refusal)
  expect(await listing()).toEqual(['model', 'model/config.json', 'model/tokenizer.json'])
  await writeOutputFolder(out, files, { force: true })
  expect(await listing()).toEqual(['model', 'model/config.json', 'model/onnx', 'model/onnx/model.onnx'])
})

describe('force replaces no folder with anything but a model', () => {
  test.each(['thesis.txt', 'node_modules', '.git', 'onnx/notes.txt'])('%s', async (name) => {
    await mkdir(join(out, 'onnx'), { recursive: true })
    await writeFile(join(out, 'config.json'), '')
    await writeFile(join(out, name), '')
    const shown = JSON.stringify(name.replace('onnx/', ''))
    const refusal = new InputError(`${out}: holds ${shown}, which is no part of a model: not replaced`)
    await expect(writeOutputFolder(out, files, { force: true })).rejects.toThrow(refusal)
    expect(await readFile(join(out, name), 'utf8')).toBe('')
  })
})

test('a file in the place of a folder, and a folder or a link in that of a file', async () => {
  await writeFile(out, 'mine')
  await expect(checkOutput(out, true, { force: true })).rejects.toThrow(`${out}: is there already, and is no folder`)
  await expect(checkOutput(place, false, { force: true })).rejects.toThrow(`${place}: is there already, and is no file`)
  await expect(checkOutput(out, false)).rejects.toThrow(`${out}: is there already (--force replaces it)`)
  await symlink(out, join(place, 'link'))
  await expect(checkOutput(join(place, 'link'), false, { force: true })).rejects.toThrow('is no file')
  await writeOutputFile(out, textFile('model', 'other'), { force: true })
  expect(await readFile(out, 'utf8')).toBe('other')
})

test('an interruption leaves nothing, and what was there stays', async () => {
  await writeOutputFolder(out, [textFile('config.json', 'before')])
  const controller = new AbortController()
  const stopping = (): void => controller.abort(new Error('stopped'))
  await expect(
    writeOutputFolder(out, files, { force: true, signal: controller.signal, onProgress: stopping }),
  ).rejects.toThrow('stopped')
  expect(await listing()).toEqual(['model', 'model/config.json'])
  expect(await readFile(join(out, 'config.json'), 'utf8')).toBe('before')
})

test('a file that fails on the way, or is shorter than it said, leaves nothing', async () => {
  const broken: OutputFile[] = [
    { ...files[0], size: 3 },
    {
      ...files[0],
      *chunks() {
        yield new Uint8Array(1)
        throw new RangeError('no more')
      },
    },
  ]
  await expect(writeOutputFolder(out, [files[1], broken[0]])).rejects.toThrow('2 bytes were written instead of 3')
  await expect(writeOutputFile(out, broken[1])).rejects.toThrow('no more')
  expect(await listing()).toEqual([])
})
