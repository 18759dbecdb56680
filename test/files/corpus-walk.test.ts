import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTexts } from '../../src/files/corpus-walk.js'

let top: string
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'walk-'))
})
afterAll(() => rmSync(top, { recursive: true }))

/** Makes a folder of texts, each of which holds its own name. */
function folder(name: string, ...texts: string[]): string {
  const path = join(top, name)
  mkdirSync(path, { recursive: true })
  for (const text of texts) {
    mkdirSync(dirname(join(path, text)), { recursive: true })
    writeFileSync(join(path, text), text)
  }
  return path
}
const namesIn = async (path: string, asBefore = false) =>
  (await findTexts(path, { asBefore })).texts.map(({ name }) => name)

describe('the texts of a folder', () => {
  test('come sorted by their whole names, as UTF-16 code units', async () => {
    const names = ['a.txt', 'a/z.txt', 'a-b.txt', 'B.TXT', 'c.txt.gz', '\u00e9.txt', 'a/b/c.txt']
    const path = folder('sorted', ...names, 'a/readme.md', 'c.gz')
    const { texts, notes } = await findTexts(path, {})
    expect(texts.map(({ name }) => name)).toEqual(names.sort())
    expect(texts[0]).toEqual({ path: join(path, 'B.TXT'), name: 'B.TXT', bytes: 5 })
    expect(notes).toEqual([])
  })

  test('are not the hidden ones, unless the folder itself is hidden', async () => {
    const hidden = ['._a.txt', '.ipynb_checkpoints/a.txt', '__MACOSX/._b.txt', 'in/.git/c.txt']
    const path = folder('.outer', 'a.txt', 'in/b.txt', '.DS_Store', ...hidden)
    const { texts, notes } = await findTexts(path, {})
    expect(texts.map(({ name }) => name)).toEqual(['a.txt', 'in/b.txt'])
    expect(notes).toEqual([`${path}: left out what is hidden: ._a.txt, .ipynb_checkpoints, __MACOSX and 1 more`])
    expect(await namesIn(path, true)).toEqual([...hidden, 'a.txt', 'in/b.txt'].sort())
  })
})

describe('links', () => {
  test('to the folder itself, upwards and in a ring: each folder is walked once', async () => {
    const path = folder('ring/data', 'a.txt', 'in/b.txt')
    folder('ring', 'beside.txt')
    symlinkSync('.', join(path, 'self'))
    symlinkSync('..', join(path, 'up'))
    symlinkSync('../..', join(path, 'in', 'up'))
    symlinkSync('../in', join(path, 'in', 'again'))
    symlinkSync('round', join(path, 'round'))
    const { texts, notes } = await findTexts(path, {})
    expect(texts.map(({ name }) => name)).toEqual(['a.txt', 'in/b.txt'])
    expect(notes).toEqual([
      `${path}: left out 2 links to what is read already`,
      `${path}: left out links to a folder that holds this one: in/up, up`,
    ])
  })

  test('to other folders and files are followed once; a real name comes before a link', async () => {
    const other = folder('other', 'c.txt', 'deep/d.txt')
    const path = folder('linked', 'z/a.txt')
    symlinkSync('z', join(path, 'b'))
    symlinkSync(join('z', 'a.txt'), join(path, 'a-link.txt'))
    symlinkSync(join(other, 'deep'), join(path, 'x'))
    symlinkSync(other, join(path, 'y'))
    symlinkSync(join(other, 'c.txt'), join(path, 'c.txt'))
    const { texts, notes } = await findTexts(path, {})
    expect(texts.map(({ name }) => name)).toEqual(['x/d.txt', 'y/c.txt', 'z/a.txt'])
    expect(notes).toEqual([`${path}: left out 3 links to what is read already`])
  })

  test('two names of one file that are no links stay two texts', async () => {
    const path = folder('copies', 'a.txt', 'b.txt')
    expect(await namesIn(path)).toEqual(['a.txt', 'b.txt'])
  })
})

test('stops at the next entry when the signal aborts', async () => {
  const path = folder('many', ...Array.from({ length: 600 }, (_, i) => `${i % 20}/${i}.txt`))
  const controller = new AbortController()
  let reports = 0
  const onFound = () => {
    reports++
    controller.abort(new Error('enough'))
  }
  await expect(findTexts(path, { signal: controller.signal, onFound })).rejects.toThrow('enough')
  expect(reports).toBe(1) // of three
})
