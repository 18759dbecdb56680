import { spawnSync } from 'node:child_process'
import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFile, writeAtomically, writeTextAtomically } from '../../src/files/files.js'
import { nodeSha256 } from '../../src/files/sha256.js'
import { createTicketFiles, ticketFiles } from '../../src/files/ticket-files.js'
import { InputError } from '../../src/safetensors/input-error.js'
import { openTicket, openTicketWriter, type TicketWriter } from '../../src/ticket/index.js'
import { exampleTicket, masks, options, report } from './example.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-'))
  path = join(folder, 'out.slt.safetensors')
})
afterEach(() => rm(folder, { recursive: true }))

const start = () => openTicketWriter({ ...options(), storage: ticketFiles, path })
const names = async () => (await readdir(folder)).sort()

async function complete(writer: TicketWriter) {
  for (const mask of masks) if (!writer.finished.has(mask.spec.name)) await writer.writePair(mask, report)
  return writer.finish({ probe: { tokens: [1, 2], logits: [0.5, -0.5], tolerance: 1e-4 } })
}

test('a ticket goes to its path whole, over an older file where it may, and leaves nothing else', async () => {
  await writeFile(path, 'older')
  const writer = await openTicketWriter({ ...options(), storage: createTicketFiles('anything'), path })
  await writer.writePair(masks[0], report)
  expect(await readFile(path, 'utf8')).toBe('older')
  expect(await names()).toEqual(
    [path, `${path}.slt-journal`, `${path}.slt-lock`, `${path}.slt-partial`].map((file) => basename(file)),
  )
  const { bytes, sha256 } = await complete(writer)
  await writer.abandon() // harmless afterwards
  expect(await names()).toEqual([basename(path)])
  expect(new Uint8Array(await readFile(path))).toEqual(await exampleTicket())
  const source = await openFile(path)
  expect(await openTicket(source, nodeSha256)).toMatchObject({ bytes, sha256 })
  await source.close()
})

test('an interrupted run is resumed', async () => {
  const writer = await start()
  await writer.writePair(masks[0], report)
  await writer.abandon()
  expect(await names()).toEqual([`${path}.slt-journal`, `${path}.slt-partial`].map((file) => basename(file)))
  const again = await start()
  expect([again.start, ...again.finished.keys()]).toEqual(['resumed', 'a.qk'])
  await complete(again)
  expect(new Uint8Array(await readFile(path))).toEqual(await exampleTicket())
})

test('a file that appears before the ticket is finished stays; the finished pairs stay too', async () => {
  const writer = await start()
  for (const mask of masks) await writer.writePair(mask, report)
  await writeFile(path, 'appeared')
  await expect(writer.finish()).rejects.toThrow(`${path}: appeared meanwhile, and stays: move it away`)
  await writer.abandon()
  expect(await readFile(path, 'utf8')).toBe('appeared')
  await rm(path)
  const again = await start()
  expect([...again.finished.keys()]).toEqual(['a.qk', 'b'])
  await complete(again)
  expect(new Uint8Array(await readFile(path))).toEqual(await exampleTicket())
})

test('killed between its two names, a ticket is not written to under the one of the working file', async () => {
  const writer = await start()
  await writer.writePair(masks[0], report)
  await writer.abandon()
  await link(`${path}.slt-partial`, path)
  const before = await readFile(path)
  const again = await openTicketWriter({ ...options(), storage: createTicketFiles('anything'), path })
  await again.writePair(masks[1], report)
  expect((await readFile(path)).equals(before)).toBe(true)
  await complete(again)
  expect(new Uint8Array(await readFile(path))).toEqual(await exampleTicket())
})

test('the working file is never mistaken for a ticket', async () => {
  const writer = await start()
  for (const mask of masks) await writer.writePair(mask, report)
  const source = await openFile(`${path}.slt-partial`)
  await expect(openTicket(source, nodeSha256)).rejects.toThrow(InputError)
  await source.close()
  await writer.abandon({ remove: true })
  expect(await names()).toEqual([])
})

test('a second writer is refused while the first lives; the lock of a dead process is taken over', async () => {
  const writer = await start()
  await expect(start()).rejects.toThrow('this process is writing that ticket already')
  const spelt = `${folder}/./${basename(path)}` // the same file
  await expect(openTicketWriter({ ...options(), storage: ticketFiles, path: spelt })).rejects.toThrow(
    'this process is writing that ticket already',
  )
  await writer.abandon()
  const living = `${process.ppid} ${hostname()}\n`
  await writeFile(`${path}.slt-lock`, living)
  await expect(start()).rejects.toThrow(
    /another process \(\d+ .*\) is writing this ticket; remove the file if it is not/,
  )
  await writeFile(`${path}.slt-lock`, '1 another-host\n')
  await expect(start()).rejects.toThrow('another process (1 another-host)')
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  await writeFile(`${path}.slt-lock`, `${pid} ${hostname()}\n`)
  await complete(await start())
  expect(await names()).toEqual([basename(path)])
})

test('what cannot be written is one clear line and leaves nothing', async () => {
  path = join(folder, 'missing', 'x')
  await expect(start()).rejects.toThrow(/x\.slt-lock: no such file or folder$/)
  await writeFile(join(folder, 'file'), '')
  path = join(folder, 'file', 'x')
  await expect(start()).rejects.toThrow(/a part of the path is not a folder$/)
  path = folder
  await expect(start()).rejects.toThrow(/: is a folder$/)
  expect(await names()).toEqual(['file'])
})

test('a failing writer leaves the old content and no temporary file', async () => {
  await writeTextAtomically(path, 'old')
  const failing = writeAtomically(path, async (sink) => {
    await sink.write(0, Uint8Array.of(1, 2, 3))
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await names()).toEqual([basename(path)])
  await writeTextAtomically(path, 'new', { replaces: 'anything' })
  expect(await readFile(path, 'utf8')).toBe('new')
})

test('files that are not there, or folders, are one clear line', async () => {
  await expect(openFile(join(folder, 'x'))).rejects.toThrow(/x: no such file or folder$/)
  await expect(openFile(folder)).rejects.toThrow(/: is a folder, not a file$/)
  await writeFile(path, 'abc')
  const source = await openFile(path)
  expect(await source.read(1, 2)).toEqual(Uint8Array.of(0x62, 0x63))
  await expect(source.read(2, 2)).rejects.toThrow('file ends at byte 3, but bytes 2 to 4 were asked for')
  await source.close()
})
