import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeSearched } from './searched-fixture.js'
import { main, sorter } from './slt.js'

let folder: string
let ticket: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slt-'))
  ;({ ticket } = await writeSearched(folder))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a line of sh in which "$@" is `slt` with some arguments. */
function inShell(line: string, ...args: string[]) {
  const all = ['-c', line, 'sh', process.execPath, main, ...args]
  const { status, stdout, stderr } = spawnSync('sh', all, { encoding: 'utf8', timeout: 280_000, cwd: folder })
  return { code: status, stdout, stderr }
}

describe.skipIf(!existsSync('/dev/full'))('a device that is full', () => {
  const full = (...args: string[]) => inShell('"$@" >/dev/full', ...args)
  const message = 'slt: standard output: no space left on the device\n'

  test.each([['inspect'], ['inspect', '--json'], ['generate', '--count', '3'], ['run', '--tokens', '1', '--json']])(
    'standard output of slt %s: one line and exit code 1',
    (command, ...args) => {
      expect(full(command, ticket, ...args)).toEqual({ code: 1, stdout: '', stderr: message })
    },
  )

  test('the link of slt export, and the object that says what failed', () => {
    expect(full('export', ticket, '--to', 'url')).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
    expect(full('inspect', at('none'), '--json').stderr).toBe(`slt: ${at('none')}: no such file or folder\n${message}`)
  })

  test('standard error: nothing is left to say it on', () => {
    expect(inShell('"$@" 2>/dev/full', 'inspect', at('none'))).toMatchObject({ code: 1, stdout: '' })
  })
})

test('a reader that closes the pipe early is no error', () => {
  const { stdout, stderr } = inShell('"$@" | head -c 4; true', 'inspect', ticket, '--json')
  expect([stdout, stderr]).toEqual(['{"ti', ''])
})

describe.skipIf(process.platform === 'win32')('what the system refuses is one line with the path', () => {
  test('a file that grows beyond the limit; nothing is left of it', () => {
    const before = readdirSync(folder).sort()
    const limited = (...args: string[]) => inShell('ulimit -f 8; exec "$@"', ...args)
    const reason = 'the file would be larger than the system allows'
    expect(limited('export', ticket, at('new'), '--to', 'huggingface')).toEqual({
      code: 1,
      stdout: '',
      stderr: `slt: ${join(at('new'), 'model.safetensors')}: ${reason}\n`,
    })
    expect(limited('export', ticket, at('new.onnx'), '--to', 'onnx').stderr).toBe(`slt: ${at('new.onnx')}: ${reason}\n`)
    expect(readdirSync(folder).sort()).toEqual(before)
  })

  test('a link that leads back to itself', () => {
    const { code, stderr } = inShell('ln -s loop loop; exec "$@"', 'inspect', 'loop')
    expect([code, stderr]).toEqual([1, 'slt: loop: too many symbolic links, or one that leads back to itself\n'])
  })

  test('a working directory that is gone', () => {
    mkdirSync(at('gone'))
    const line = 'cd gone && rmdir ../gone && exec "$@"'
    const { code, stderr } = inShell(line, 'prune', sorter, '--items', '4', '--out', at('sorter'))
    expect([code, stderr]).toEqual([1, 'slt: the working directory is there no longer\n'])
    expect(readdirSync(folder).filter((name) => name.startsWith('sorter'))).toEqual([])
  })
})
