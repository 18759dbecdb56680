import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeNpy } from '../../src/files/npy.js'
import { readTextLines } from '../../src/files/text-lines.js'
import { InputError } from '../../src/safetensors/index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function linesOf(content: string | Uint8Array): Promise<string[]> {
  const path = join(folder, 'lines.txt')
  await writeFile(path, content)
  return readTextLines(path)
}

test('a line a text, with either end of line, the last with or without one', async () => {
  expect(await linesOf('one\ntwo words\r\nthree')).toEqual(['one', 'two words', 'three'])
  expect(await linesOf('one\n')).toEqual(['one'])
  expect(await linesOf('\ufeffone\ntwo\n')).toEqual(['one', 'two']) // a byte order mark
  expect(await linesOf('caf\u00e9\u2028still the same line\n')).toEqual(['caf\u00e9\u2028still the same line'])
})

test('gzip and UTF-16 are read', async () => {
  expect(await linesOf(gzipSync('one\ntwo\n'))).toEqual(['one', 'two'])
  expect(await linesOf(Buffer.from('\ufeffone\ntwo\n', 'utf16le'))).toEqual(['one', 'two'])
})

test('empty lines and files, what is no text, and folders are refused in one line', async () => {
  const path = join(folder, 'lines.txt')
  await expect(linesOf('one\n \ntwo\n')).rejects.toThrow(
    new InputError(`${path}: line 2 is empty; every line is one text`),
  )
  await expect(linesOf('one\n\n')).rejects.toThrow(new InputError(`${path}: line 2 is empty; every line is one text`))
  await expect(linesOf('')).rejects.toThrow(new InputError(`${path}: empty`))
  await expect(linesOf(new Uint8Array(1000))).rejects.toThrow(/^.*lines\.txt: is zeros, .* not read as a text/)
  await expect(readTextLines(folder)).rejects.toThrow(InputError)
})

test('a .npy file has the header of NumPy, and its numbers from byte 128 on', async () => {
  const path = join(folder, 'matrix.npy')
  await writeNpy(path, Float32Array.of(1, 2, 3, -4.5, 5, 6), 2, 'nothing')
  const bytes = await readFile(path)
  // np.save(path, np.array([[1, 2, 3], [-4.5, 5, 6]], '<f4')) writes the same 152 bytes.
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)
  expect(bytes.subarray(0, 128).toString('latin1')).toBe(`\x93NUMPY\x01\x00\x76\x00${header}\n`)
  expect([...new Float32Array(Uint8Array.from(bytes.subarray(128)).buffer)]).toEqual([1, 2, 3, -4.5, 5, 6])
  await expect(writeNpy(path, Float32Array.of(1), 1, 'nothing')).rejects.toThrow('appeared meanwhile')
})
