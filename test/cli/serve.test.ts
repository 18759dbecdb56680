import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeRun } from '../serve/fixture.js'
import { slt, startSlt } from './slt.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slt-serve-'))
  await makeRun(join(folder, 'a.run'), 3)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the explorer and the runs of a folder are there until Ctrl-C, which ends it with 0', async () => {
  const child = startSlt('serve', folder, '--port', '0', '--json')
  const [line] = await once(child.stdout, 'data')
  const { url, host, folders } = JSON.parse(line)
  expect({ host, folders }).toEqual({ host: '127.0.0.1', folders: [folder] })
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  const page = await fetch(url)
  expect(await page.text()).toMatch(/<title>Strong lottery tickets<\/title>/)
  const { runs } = await (await fetch(`${url}api/runs`)).json()
  expect(runs).toMatchObject([{ name: 'a.run', state: 'stopped' }])
  const status = await (await fetch(`${url}api/status`)).json()
  expect(status).toMatchObject({ server: 'slt', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('two servers find ports of their own; a port that was asked for is not exchanged for another', async () => {
  const first = startSlt('serve', folder, '--json')
  const second = startSlt('serve', folder, '--json')
  try {
    const ports = await Promise.all(
      [first, second].map(async ({ stdout }) => JSON.parse((await once(stdout, 'data'))[0]).port),
    )
    expect(new Set(ports).size).toBe(2)
    const { code, stderr } = slt('serve', folder, '--port', String(ports[0]))
    expect(stderr).toMatch(/^slt: 127\.0\.0\.1 port \d+: another program listens there; --port 0 takes a free one\n$/)
    expect(code).toBe(1)
  } finally {
    for (const child of [first, second]) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
})

test('a folder that is none ends with 1 and one line', () => {
  const { code, stdout, stderr } = slt('serve', join(folder, 'none'))
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe(`slt: ${join(folder, 'none')}: no such file or folder\n`)
})
