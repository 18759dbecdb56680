import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openScratch } from '../../src/queue/scratch.js'

const folder = mkdtempSync(join(tmpdir(), 'slt-scratch-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a process has left, with the text of its lock. */
function leave(scratch: string, name: string, lock: readonly string[]): string {
  const path = join(scratch, name)
  mkdirSync(path)
  writeFileSync(join(path, 'lock'), `${lock.join(' ')}\n`)
  return path
}

test('two have a folder each; the last takes the scratch folder along', async () => {
  const scratch = join(folder, 'two')
  const [one, two] = await Promise.all([openScratch(scratch), openScratch(scratch)])
  expect(one.path).not.toBe(two.path)
  await one.close()
  expect([existsSync(one.path), existsSync(two.path)]).toEqual([false, true])
  await two.close()
  expect(existsSync(scratch)).toBe(false)
})

test('what a dead process has left is removed; what may be of another machine, or is no such folder, stays', async () => {
  const scratch = join(folder, 'left')
  const first = await openScratch(scratch)
  const [, host, token, place, started] = readFileSync(join(first.path, 'lock'), 'utf8').trim().split(' ')
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const dead = leave(scratch, `own-${'0'.repeat(16)}`, [String(child.pid), host, token, place, started])
  const elsewhere = leave(scratch, `own-${'1'.repeat(16)}`, [String(child.pid), 'another', token, 'a/b/c', started])
  mkdirSync(join(scratch, 'inputs'))
  const second = await openScratch(scratch)
  expect([existsSync(dead), existsSync(elsewhere)]).toEqual([false, true])
  await second.close()
  await first.close()
  expect(readdirSync(scratch).sort()).toEqual(['inputs', `own-${'1'.repeat(16)}`].sort())
})
